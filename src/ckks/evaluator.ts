import { KeyMismatchError, LevelError, ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { fromMontgomery, residue } from "../ntt/modulus.js";
import { drop } from "./basis.js";
import { Ciphertext, Plaintext, requireSlots, type ScaleState, stateOf } from "./ciphertext.js";
import { Encoder, type SlotValues } from "./encoder.js";
import { conjugationElement, type EvaluationKeys } from "./keys.js";
import type { Parameters } from "./parameters.js";
import { add, addScaled, copy, negate, type Ring, RnsPolynomial, scale, subtract } from "./polynomial.js";
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

  constructor(
    readonly device: Device,
    readonly parameters: Parameters,
    readonly keys: EvaluationKeys,
  ) {
    this.ring = { device, logN: parameters.logN };
    this.encoder = new Encoder(this.ring, parameters);
    this.switcher = new KeySwitcher(parameters, keys);
  }

  /** Slotwise a + b. Costs nothing but additions when both are of one level. */
  add(a: Ciphertext, b: Operand): Ciphertext {
    return this.sum(a, b, add, (part, plain) => addScaled(part, plain, (p) => fromMontgomery(1, p)));
  }

  /** Slotwise a − b. */
  subtract(a: Ciphertext, b: Operand): Ciphertext {
    return this.sum(a, b, subtract, (part, plain) => addScaled(part, plain, (p) => p - fromMontgomery(1, p)));
  }

  negate(a: Ciphertext): Ciphertext {
    this.check(a);
    return new Ciphertext(a.parts.map(negate), stateOf(a));
  }

  /**
   * Slotwise a·b, relinearised and rescaled in one: one level down. With a ciphertext it costs one key switch
   * (70 NTTs at ten primes, dnum 3, four special ones), with anything else two NTTs for each prime.
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

  /** Σ a_i·b_i, relinearised once and rescaled once. */
  sumOfProducts(pairs: readonly (readonly [Ciphertext, Ciphertext])[]): Ciphertext {
    using product = this.tensorSum(pairs);
    using sum = this.switcher.relinearize(product);
    return new Ciphertext(sum.toRescaledParts(), { ...stateOf(product), level: product.level - 1, state: "canonical" });
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
    return new Ciphertext(sum.toCiphertextParts(), stateOf(a));
  }

  /** From the square of the scale to the canonical scale one level down. Costs two NTTs for each prime. */
  rescale(a: Ciphertext): Ciphertext {
    this.check(a);
    if (a.state === "canonical") return this.copy(a);
    this.requireLevel(a, 1);
    const parts = drop(a.pair, this.parameters.levels[a.level]);
    return new Ciphertext(parts, { ...stateOf(a), level: a.level - 1, state: "canonical" });
  }

  /** a·b for a vector or a number, at the square of the scale. */
  multiplyPlain(a: Ciphertext, b: Plaintext | SlotValues | number): Ciphertext {
    const x = this.reach(a, a.level - (a.state === "product" ? 1 : 0));
    using _lowered = x === a ? undefined : x;
    this.requireLevel(x, 1);
    if (typeof b === "number") {
      const headroom = this.parameters.headroomAt(x.level);
      if (!(Math.abs(b) < headroom)) {
        const fix = `multiply by finite numbers below ${headroom.toPrecision(3)}`;
        throw new ParameterError(`the factor ${b} does not fit level ${x.level}`, fix);
      }
      const factor = BigInt(Math.round(b * this.parameters.scaleAt(x.level)));
      const parts = x.pair.map((part) => scale(part, (p) => residue(factor, p)));
      return new Ciphertext(parts, { ...stateOf(x), state: "product" });
    }
    using owned = b instanceof Plaintext ? undefined : this.encoder.encode(b, x.level, x.slots);
    return this.multiplyPlaintextSum([[x, owned ?? (b as Plaintext)]]);
  }

  /** Σ a_i·b_i for encoded vectors of the ciphertexts' level, at the square of the scale. */
  multiplyPlaintextSum(pairs: readonly (readonly [Ciphertext, Plaintext])[]): Ciphertext {
    const [first] = pairs[0];
    this.requireLevel(first, 1);
    for (const [a, b] of pairs) {
      this.check(a);
      requireSlots(first, a, b);
      if (b.level !== a.level || a.level !== first.level || a.state !== "canonical") {
        throw new LevelError(
          `a plaintext of level ${b.level} meets a ciphertext of level ${a.level}`,
          "encode it at the ciphertext's level",
        );
      }
    }
    const primes = this.parameters.primesAt(first.level);
    const parts = [0, 1].map(() => RnsPolynomial.allocate(this.ring, primes));
    this.device.launch(
      "dotProduct",
      this.ring.logN,
      primes.map((prime, i) => ({
        prime,
        out: [parts[0].limbs[i], parts[1].limbs[i]] as const,
        terms: pairs.map(([a, b]) => [b.polynomial.limb(prime), a.pair[0].limb(prime), a.pair[1].limb(prime)] as const),
      })),
    );
    return new Ciphertext(parts, { ...stateOf(first), state: "product" });
  }

  /** Σ a_i·b_i in three parts, which carry 2^−32 until they are relinearised; at the square of the scale. */
  tensorSum(pairs: readonly (readonly [Ciphertext, Ciphertext])[]): Ciphertext {
    const all = pairs.flat();
    const level = Math.min(...all.map((ct) => ct.level - (ct.state === "product" ? 1 : 0)));
    const aligned = new Map<Ciphertext, Ciphertext>();
    try {
      for (const ct of all) if (!aligned.has(ct)) aligned.set(ct, this.reach(ct, level));
      this.requireLevel(aligned.get(all[0])!, 1);
      const primes = this.parameters.primesAt(level);
      const parts = [0, 1, 2].map(() => RnsPolynomial.allocate(this.ring, primes));
      this.device.launch(
        "tensor",
        this.ring.logN,
        primes.map((prime, i) => ({
          prime,
          out: [parts[0].limbs[i], parts[1].limbs[i], parts[2].limbs[i]] as const,
          terms: pairs.map(([a, b]) => {
            const [x, y] = [aligned.get(a)!.pair, aligned.get(b)!.pair];
            return [x[0].limb(prime), x[1].limb(prime), y[0].limb(prime), y[1].limb(prime)] as const;
          }),
        })),
      );
      const slots = Math.max(...all.map((ct) => ct.slots));
      return new Ciphertext(parts, { level, state: "product", slots, fingerprint: all[0].fingerprint });
    } finally {
      for (const [ct, reached] of aligned) if (reached !== ct) reached[Symbol.dispose]();
    }
  }

  /**
   * Rotates the slots left by `steps`: slot j of the result holds slot j + steps. Costs one key switch, no level.
   * @throws MissingKeyError without a key for `steps`.
   */
  rotate(a: Ciphertext, steps: number): Ciphertext {
    return this.rotateMany(a, [steps])[0];
  }

  /** Several rotations of one ciphertext: decomposed once (hoisted), each then costs about half a key switch. */
  rotateMany(a: Ciphertext, steps: readonly number[]): Ciphertext[] {
    this.check(a);
    return this.switcher.permuteSlots(
      a,
      steps.map((s) => this.switcher.rotationElement(s, a.slots)),
    );
  }

  /** Complex conjugates of the slots. Costs one key switch. */
  conjugate(a: Ciphertext): Ciphertext {
    this.check(a);
    return this.switcher.permuteSlots(a, [conjugationElement(this.ring.logN)])[0];
  }

  /**
   * The same values at a lower level, at that level's canonical scale. Costs a rescale, unless nothing changes.
   * @throws LevelError for a higher level.
   */
  toLevel(a: Ciphertext, level: number): Ciphertext {
    this.check(a);
    const x = this.canonical(a);
    if (x.level === level) return x;
    using owned = x;
    if (level > x.level) throw new LevelError(`level ${x.level} cannot become ${level}`, "levels only go down");
    const primes = this.parameters.primesAt(level + 1);
    const dropped = this.parameters.levels[level + 1].reduce((a, b) => a * b, 1);
    const factor = BigInt(Math.round((this.parameters.scaleAt(level) * dropped) / this.parameters.scaleAt(x.level)));
    const scaled = owned.pair.map((part) => scale(part, (p) => residue(factor, p), primes));
    const parts = drop(scaled, this.parameters.levels[level + 1]);
    for (const part of scaled) part[Symbol.dispose]();
    return new Ciphertext(parts, { ...stateOf(x), level, state: "canonical" });
  }

  /** What a ciphertext is, for people. */
  explain(a: Ciphertext): {
    level: number;
    scaleBits: number;
    state: ScaleState;
    slots: number;
    parts: number;
    bytes: number;
  } {
    const scaleBits = Math.log2(this.parameters.scaleAt(a.level)) * (a.state === "product" ? 2 : 1);
    return { level: a.level, scaleBits, state: a.state, slots: a.slots, parts: a.parts.length, bytes: a.packedBytes };
  }

  copy(a: Ciphertext): Ciphertext {
    return new Ciphertext(
      a.parts.map((part) => copy(part)),
      { ...stateOf(a), seed: a.seed },
    );
  }

  /** Throws unless the ciphertext and the evaluation keys belong to one secret key. */
  check(a: Ciphertext): void {
    if (!(a instanceof Ciphertext)) throw new TypeError("a ciphertext was expected");
    if (a.fingerprint !== this.keys.fingerprint) {
      throw new KeyMismatchError(
        `the ciphertext belongs to key ${a.fingerprint.slice(0, 8)}, the evaluation keys to ${this.keys.fingerprint.slice(0, 8)}`,
        "use ciphertexts and evaluation keys of one key holder",
      );
    }
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
      const x = together ? a : this.reach(a, level);
      const y = together ? b : this.reach(b, level);
      using _x = x === a ? undefined : x;
      using _y = y === b ? undefined : y;
      if (x.parts.length !== y.parts.length)
        throw new LevelError("two and three parts cannot be added", "relinearize first");
      const parts = x.parts.map((part, i) => combine(part, y.parts[i]));
      return new Ciphertext(parts, { ...stateOf(x), slots: Math.max(a.slots, b.slots) });
    }
    const level = a.level - (a.state === "product" ? 1 : 0);
    const values = typeof b === "number" ? new Float64Array(a.slots).fill(b) : b;
    using owned = values instanceof Plaintext ? undefined : this.encoder.encode(values, level, a.slots);
    const plain = owned ?? (values as Plaintext);
    requireSlots(a, plain);
    if (plain.level !== level) {
      throw new LevelError(
        `a plaintext of level ${plain.level} meets a ciphertext of level ${level}`,
        "encode it at that level",
      );
    }
    const result = this.canonical(a);
    addPlain(result.parts[0], plain.polynomial);
    return result;
  }

  /** `a` itself where it is at the level already, else a new ciphertext. */
  private reach(a: Ciphertext, level: number): Ciphertext {
    this.check(a);
    return a.level === level && a.state === "canonical" ? a : this.toLevel(a, level);
  }

  /** A copy at the canonical scale. */
  private canonical(a: Ciphertext): Ciphertext {
    this.check(a);
    return a.state === "product" ? this.rescale(a) : this.copy(a);
  }

  private requireLevel(a: Ciphertext, level: number): void {
    if (a.level < level) {
      throw new LevelError(
        `a product needs a level, this ciphertext is at level ${a.level}`,
        "choose parameters with a larger depth",
      );
    }
  }
}
