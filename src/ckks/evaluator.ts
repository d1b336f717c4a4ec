import { LevelError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { Alignment } from "./alignment.js";
import { Ciphertext, Plaintext, stateOf } from "./ciphertext.js";
import { Encoder, type SlotValues } from "./encoder.js";
import { type Explanation, explain } from "./explain.js";
import { conjugationElement, requireStepList } from "./keys/galois.js";
import { type KeySource, requireKeySource } from "./keys/source.js";
import type { SumRow } from "./linear-sums.js";
import type { LinearSum } from "./linearsum.js";
import { addNoise, readIn, ZERO_NOISE } from "./noise.js";
import type { Parameters } from "./parameters.js";
import { add, addScaled, negate, type RnsPolynomial, subtract } from "./polynomial.js";
import { Products } from "./products.js";
import { Ring, requireRing } from "./ring.js";
import { KeySwitcher } from "./switcher.js";

/** What an operation takes beside a ciphertext: another one, an encoded vector, a vector, or one number for all slots. */
export type Operand = Ciphertext | Plaintext | SlotValues | number;

/**
 * Computes on ciphertexts. Operands are brought to a common level and scale by themselves; results are canonical
 * unless a method says otherwise. Holds evaluation keys only, never a secret.
 */
export class Evaluator {
  readonly ring: Ring;
  readonly encoder: Encoder;
  /** Key switching in its parts, for whoever fuses them. */
  readonly switcher: KeySwitcher;
  private readonly alignment: Alignment;
  private readonly products: Products;

  constructor(
    readonly device: Device,
    readonly parameters: Parameters,
    /** Those that it was made with. */
    readonly keys: KeySource,
  ) {
    this.ring = Ring.of(device, parameters);
    requireKeySource(keys, "keys");
    requireRing(this.ring, keys.ring, "an evaluation key");
    this.encoder = new Encoder(this.ring);
    this.switcher = new KeySwitcher(this.ring, keys);
    this.alignment = new Alignment(this.ring, keys.fingerprint);
    this.products = new Products(this.encoder, this.alignment);
  }

  /** Slotwise a + b. Costs nothing but additions when both are of one level. */
  add(a: Ciphertext, b: Operand): Ciphertext {
    return this.sum(a, b, add, (part, plain) => addScaled(part, plain, () => 1));
  }

  /** Slotwise a − b. */
  subtract(a: Ciphertext, b: Operand): Ciphertext {
    return this.sum(a, b, subtract, (part, plain) => addScaled(part, plain, (p) => p - 1));
  }

  /** Slotwise −a. Costs one pass over its residues. */
  negate(a: Ciphertext): Ciphertext {
    this.check(a);
    return new Ciphertext(a.parts.map(negate), stateOf(a));
  }

  /**
   * Slotwise a·b, relinearised and rescaled in one: one level down. With a ciphertext it costs one key switch
   * (70 NTTs at ten primes, dnum 3, four special ones), with anything else two NTTs for each prime. A number is rounded to
   * a multiple of 1/scale, which large slots multiply: 10^−9 counts as 2^−29 at a scale of 2^29.
   * @throws LevelError at level 0; MissingKeyError without a relinearisation key.
   */
  multiply(a: Ciphertext, b: Operand): Ciphertext {
    if (b instanceof Ciphertext) return this.sumOfProducts([[a, b]]);
    using product = this.multiplyPlain(a, b);
    return this.rescale(product);
  }

  /** Slotwise a². */
  square(a: Ciphertext): Ciphertext {
    return this.multiply(a, a);
  }

  /**
   * Σ a_i·b_i, and `plus` (see `linearSum`), relinearised once and rescaled once: one level down, one key switch.
   * @throws LevelError at level 0, or for a term of `plus` below the factors; MissingKeyError without a relinearisation key.
   */
  sumOfProducts(pairs: readonly (readonly [Ciphertext, Ciphertext])[], plus?: LinearSum): Ciphertext {
    using product = this.tensorSum(pairs, plus);
    using sum = this.switcher.relinearize(product);
    const noisy = this.ring.noise.switched(stateOf(product), sum.gadget);
    const lowered = { ...noisy, level: product.level - 1, state: "canonical" } as const;
    return new Ciphertext(sum.toRescaledParts(), this.ring.noise.dropped(lowered));
  }

  /** a·b in three parts, at the square of the scale: the first step of `multiply`. */
  tensor(a: Ciphertext, b: Ciphertext): Ciphertext {
    return this.tensorSum([[a, b]]);
  }

  /** Back from three parts to two, at the same level and scale. Costs one key switch. */
  relinearize(a: Ciphertext): Ciphertext {
    this.check(a);
    if (a.parts.length === 2) return this.copy(a);
    using sum = this.switcher.relinearize(a);
    return new Ciphertext(sum.toCiphertextParts(), this.ring.noise.keySwitched(stateOf(a), sum.gadget));
  }

  /** From the square of the scale to the canonical scale one level down. Costs two NTTs for each prime. */
  rescale(a: Ciphertext): Ciphertext {
    return this.alignment.rescale(a);
  }

  /** a·b for a vector or a number, at the square of the scale; a number is rounded as in `multiply`. */
  multiplyPlain(a: Ciphertext, b: Plaintext | SlotValues | number): Ciphertext {
    return this.products.plain(a, b);
  }

  /** Σ a_i·b_i for encoded vectors of the ciphertexts' level, at the square of the scale. */
  multiplyPlaintextSum(pairs: readonly (readonly [Ciphertext, Plaintext])[]): Ciphertext {
    return this.products.plaintextSum(pairs);
  }

  /**
   * constant + Σ factor_j·x_j, numbers for all slots, at the square of the scale of `level`. Terms are canonical, of this
   * level or any above: no NTT, where `toLevel` takes a rescale, and no noise but the factors' rounding, to multiples of
   * scale(x's level)/scale(level)².
   * @throws LevelError for level 0 or a term below the level; ParameterError for numbers that the level cannot hold.
   */
  linearSum(sum: LinearSum, level: number): Ciphertext {
    return this.products.linearSum(sum, level);
  }

  /**
   * constants[r] + Σ factors·x for each of many `rows` over the same ciphertexts, rescaled: each one level below `level`, its
   * residues those of `linearSum` and `rescale`. Each residue of `xs` is read once for 32 rows that take the same ciphertexts,
   * so that a matrix on ciphertexts costs its products and two NTTs for each prime and row.
   * @throws as `linearSum`; RangeError, TypeError for rows that name no ciphertext, or have other numbers of factors or constants.
   */
  linearSums(
    xs: readonly Ciphertext[],
    rows: readonly SumRow[],
    constants: ArrayLike<number>,
    level: number,
  ): Ciphertext[] {
    return this.products.linearSums(xs, rows, constants, level);
  }

  /**
   * Slotwise i·a, exactly: i is the polynomial X^(N/2). Costs a pass, no level.
   */
  timesI(a: Ciphertext): Ciphertext {
    return this.products.timesI(a);
  }

  /** Σ a_i·b_i and `plus` in three parts, which carry 2^−32 until they are relinearised; at the square of the scale. */
  tensorSum(pairs: readonly (readonly [Ciphertext, Ciphertext])[], plus?: LinearSum): Ciphertext {
    return this.products.tensorSum(pairs, plus);
  }

  /**
   * Rotates the slots left by `steps`: slot j of the result holds slot j + steps. Costs one key switch, no level.
   * A ciphertext with fewer slots than N/2 takes the key of any step that equals `steps` modulo its slots.
   * @throws MissingKeyError without a key for `steps` that reaches the level.
   */
  rotate(a: Ciphertext, steps: number): Ciphertext {
    return this.rotateMany(a, [steps])[0];
  }

  /** Several rotations of one ciphertext: decomposed once (hoisted), each then costs about half a key switch. */
  rotateMany(a: Ciphertext, steps: readonly number[]): Ciphertext[] {
    this.check(a);
    requireStepList(steps);
    return this.switcher.permuteSlots(
      a,
      steps.map((s) => this.switcher.rotationElement(s, a.slots, a.level)),
    );
  }

  /** Complex conjugates of the slots. Costs one key switch. */
  conjugate(a: Ciphertext): Ciphertext {
    this.check(a);
    return this.switcher.permuteSlots(a, [conjugationElement(this.ring.logN)])[0];
  }

  /**
   * The same values at a lower level, at that level's canonical scale, within 2^−41 of themselves, or one part in twice
   * the product of the scales that it leaves: of one, for one level. Costs a rescale, of one prime more than a product's
   * where it goes down by several levels; nothing where it stays.
   * @throws LevelError for a higher level.
   */
  toLevel(a: Ciphertext, level: number): Ciphertext {
    return this.alignment.toLevel(a, level);
  }

  /** What a ciphertext is, for people. It knows nothing of what the slots hold: noise follows from declared bounds. */
  explain(a: Ciphertext): Explanation {
    this.alignment.checkRing(a);
    return explain(a);
  }

  /**
   * With `bound`, a copy whose values are declared to be within it: where a sum, or a polynomial, keeps them smaller than its
   * operands allow. Nobody can check that; it changes what the estimate of noise says, and nothing else.
   * @throws RangeError for a bound that is no finite number from 0 on.
   */
  copy(a: Ciphertext, { bound }: { readonly bound?: number } = {}): Ciphertext {
    return this.alignment.copy(a, bound);
  }

  /** Throws unless the ciphertext and the evaluation keys belong to one secret key. */
  check(a: Ciphertext): void {
    this.alignment.check(a);
  }

  private sum(
    a: Ciphertext,
    b: Operand,
    combine: (a: RnsPolynomial, b: RnsPolynomial) => RnsPolynomial,
    addPlain: (part: RnsPolynomial, plain: RnsPolynomial) => void,
  ): Ciphertext {
    this.check(a);
    if (b instanceof Ciphertext) {
      this.check(b);
      const together = a.state === "product" && b.state === "product" && a.level === b.level;
      const level = Math.min(...[a, b].map((ct) => ct.level - (ct.state === "product" ? 1 : 0)));
      const x = together ? a : this.alignment.reach(a, level);
      const y = together ? b : this.alignment.reach(b, level);
      using _x = x === a ? undefined : x;
      using _y = y === b ? undefined : y;
      if (x.parts.length !== y.parts.length)
        throw new LevelError("two and three parts cannot be added", "relinearize first");
      const parts = x.parts.map((part, i) => combine(part, y.parts[i]));
      const slots = Math.max(a.slots, b.slots);
      const gone = combine === subtract && a === b;
      const noise = gone ? ZERO_NOISE : addNoise(readIn(x, slots), readIn(y, slots));
      return new Ciphertext(parts, { ...stateOf(x), slots, noise });
    }
    const level = a.level - (a.state === "product" ? 1 : 0);
    const values = typeof b === "number" ? new Float64Array(a.slots).fill(b) : b;
    using owned = values instanceof Plaintext ? undefined : this.encoder.encode(values, level, a.slots);
    const plain = owned ?? (values as Plaintext);
    this.alignment.checkPlaintext(plain, level, a);
    const result = this.alignment.canonical(a);
    addPlain(result.parts[0], plain.polynomial);
    const noise = typeof b === "number" ? this.ring.noise.number(b, level) : plain.noise;
    return new Ciphertext(result.parts, { ...stateOf(result), noise: addNoise(result.noise, noise) });
  }
}
