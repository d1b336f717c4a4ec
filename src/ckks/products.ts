import { LevelError, ParameterError } from "../errors.js";
import { powerModulo, residue } from "../ntt/modulus.js";
import { minimalRoot } from "../ntt/roots.js";
import type { Alignment } from "./alignment.js";
import { Ciphertext, Plaintext, requireSlots, stateOf } from "./ciphertext.js";
import { kindOf } from "./copies.js";
import type { Encoder, SlotValues } from "./encoder.js";
import { OPERAND, PRODUCT, VALUES } from "./form.js";
import { OwnedLimbs } from "./limbs.js";
import { linearSums, requireRows, type SumRow } from "./linear-sums.js";
import { type LinearSum, linearSumAt } from "./linearsum.js";
import { addNoise, type Noise, readIn } from "./noise.js";
import { compute, multiply, RnsPolynomial, scale } from "./polynomial.js";
import type { Ring } from "./ring.js";

/** Products and sums of products before they are relinearised and rescaled: at the square of the scale. */
export class Products {
  private readonly ring: Ring;

  constructor(
    private readonly encoder: Encoder,
    private readonly alignment: Alignment,
  ) {
    this.ring = encoder.ring;
  }

  /** a·b for a vector or a number, at the square of the scale. */
  plain(a: Ciphertext, b: Plaintext | SlotValues | number): Ciphertext {
    this.alignment.check(a);
    const x = this.alignment.reach(a, a.level - (a.state === "product" ? 1 : 0));
    using _lowered = x === a ? undefined : x;
    this.alignment.requireLevel(x, 1);
    if (typeof b === "number") {
      const headroom = this.ring.parameters.headroomAt(x.level);
      if (!(Math.abs(b) < headroom)) {
        const fix = `multiply by finite numbers below ${headroom.toPrecision(3)}`;
        throw new ParameterError(`the factor ${b} does not fit level ${x.level}`, fix);
      }
      const factor = BigInt(Math.round(b * this.ring.parameters.scaleAt(x.level)));
      const parts = x.pair.map((part) => scale(part, (p) => residue(factor, p)));
      const noise = this.ring.noise.multiply(x.noise, this.ring.noise.number(b, x.level), x.slots);
      return new Ciphertext(parts, { ...stateOf(x), state: "product", noise });
    }
    using owned = b instanceof Plaintext ? undefined : this.encoder.encode(b, x.level, x.slots);
    return this.plaintextSum([[x, owned ?? (b as Plaintext)]]);
  }

  /** Σ a_i·b_i for encoded vectors of the ciphertexts' level, at the square of the scale. */
  plaintextSum(pairs: readonly (readonly [Ciphertext, Plaintext])[]): Ciphertext {
    requirePairs(pairs);
    const [first] = pairs[0];
    for (const [a, b] of pairs) {
      this.alignment.check(a);
      if (a.level !== first.level || a.state !== "canonical") {
        const fix = "bring all of them to one level first (toLevel)";
        throw new LevelError(`a ${a.state} ciphertext of level ${a.level} in a sum at level ${first.level}`, fix);
      }
      requireSlots(first, a);
      this.alignment.checkPlaintext(b, a.level, a);
    }
    this.alignment.requireLevel(first, 1);
    const primes = this.ring.parameters.primesAt(first.level);
    const parts = [0, 1].map(() => RnsPolynomial.allocate(this.ring, primes, VALUES));
    this.ring.device.launch(
      "dotProduct",
      this.ring.logN,
      primes.map((prime, i) => ({
        prime,
        out: [parts[0].limbs[i], parts[1].limbs[i]] as const,
        terms: pairs.map(([a, b]) => [b.polynomial.limb(prime), a.pair[0].limb(prime), a.pair[1].limb(prime)] as const),
      })),
    );
    const noise = this.noiseOfSum(pairs, first.slots, (x) => x);
    return new Ciphertext(parts, { ...stateOf(first), state: "product", noise });
  }

  /** constant + Σ factor_j·x_j at the square of the scale of `level`; see `linearSumAt`. */
  linearSum(sum: LinearSum, level: number): Ciphertext {
    const { terms = [] } = sum;
    if (terms.length === 0) throw new RangeError("terms: a linear sum takes at least one, whose key it belongs to");
    this.ring.parameters.requireLevel(level);
    this.requireTerms(terms, level);
    const [[first]] = terms;
    this.alignment.requireLevel({ level }, 1);
    const slots = Math.max(...terms.map(([x]) => x.slots));
    const addSum = linearSumAt(sum, this.ring.parameters, level);
    const primes = this.ring.parameters.primesAt(level);
    const parts = [0, 1].map((i) => scale(first.pair[i], () => 0, primes));
    addSum(parts);
    const noise = this.ring.noise.linearSum(terms, sum.constant ?? 0, level, slots);
    return new Ciphertext(parts, { level, state: "product", slots, fingerprint: first.fingerprint, noise });
  }

  /** Many sums over the same ciphertexts, rescaled: see `linearSums`. */
  linearSums(xs: readonly Ciphertext[], rows: readonly SumRow[], constants: ArrayLike<number>, level: number) {
    if (xs.length === 0) throw new RangeError("xs: linear sums take at least one ciphertext, whose key they belong to");
    requireRows(xs.length, rows, constants);
    this.ring.parameters.requireLevel(level);
    this.requireTerms(
      xs.map((x) => [x, 1] as const),
      level,
    );
    this.alignment.requireLevel({ level }, 1);
    return linearSums(this.ring, xs, rows, constants, level);
  }

  /** See `Evaluator.timesI`. */
  timesI(a: Ciphertext): Ciphertext {
    this.alignment.check(a);
    const { ring } = this;
    const { primes } = a.parts[0];
    // X^(N/2) at the odd powers of a root: i and −i in turn, which the order of NTT values brings into two halves.
    const halves = new Int32Array(2 ** ring.logN).fill(1, 0, 2 ** (ring.logN - 1)).fill(-1, 2 ** (ring.logN - 1));
    using signs = new OwnedLimbs(ring, ring.device.allocate(ring.logN, 1));
    ring.device.write(ring.logN, signs.limbs[0], halves);
    using lifted = compute(ring, "lift", primes, VALUES, (out, p) => [out, signs.limbs[0], p]);
    const i = (p: number) => powerModulo(minimalRoot(p, ring.logN), 2 ** (ring.logN - 1), p);
    using unit = scale(lifted, i, primes, OPERAND.power);
    // Another object: a + i·a errs by √2 times as much, not twice.
    return new Ciphertext(
      a.parts.map((part) => multiply(part, unit)),
      { ...stateOf(a), noise: { ...a.noise } },
    );
  }

  /** Σ a_i·b_i in three parts, which carry 2^−32 until they are relinearised, and `plus`; at the square of the scale. */
  tensorSum(pairs: readonly (readonly [Ciphertext, Ciphertext])[], plus: LinearSum = {}): Ciphertext {
    requirePairs(pairs);
    const all = pairs.flat();
    const added = (plus.terms ?? []).map(([x]) => x);
    for (const ct of [...all, ...added]) this.alignment.check(ct);
    const level = Math.min(...all.map((ct) => ct.level - (ct.state === "product" ? 1 : 0)));
    this.requireTerms(plus.terms ?? [], level);
    const aligned = new Map<Ciphertext, Ciphertext>();
    try {
      for (const ct of all) if (!aligned.has(ct)) aligned.set(ct, this.alignment.reach(ct, level));
      this.alignment.requireLevel(aligned.get(all[0])!, 1);
      const addPlus = linearSumAt(plus, this.ring.parameters, level);
      const primes = this.ring.parameters.primesAt(level);
      const parts = [0, 1, 2].map(() => RnsPolynomial.allocate(this.ring, primes, PRODUCT));
      this.ring.device.launch(
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
      const slots = Math.max(...[...all, ...added].map((ct) => ct.slots));
      addPlus(parts);
      const products = this.noiseOfSum(pairs, slots, (ct) => aligned.get(ct)!);
      const { terms = [], constant = 0 } = plus;
      const linear = this.ring.noise.linearSum(terms, constant, level, slots);
      const noise = terms.length > 0 || constant !== 0 ? addNoise(products, linear) : products;
      return new Ciphertext(parts, { level, state: "product", slots, fingerprint: all[0].fingerprint, noise });
    } finally {
      for (const [ct, reached] of aligned) if (reached !== ct) reached[Symbol.dispose]();
    }
  }

  /** Terms of a linear sum are not moved: leaving primes out is all that it does. */
  private requireTerms(terms: NonNullable<LinearSum["terms"]>, level: number): void {
    for (const [x] of terms) {
      this.alignment.check(x);
      if (x.state === "canonical" && x.level >= level && x.parts.length === 2) continue;
      const fix = "rescale it, or bring what it meets to its level (toLevel)";
      throw new LevelError(`a ${x.state} term of level ${x.level} in a sum at level ${level}`, fix);
    }
  }

  /** `place`: an operand where it meets the others. */
  private noiseOfSum<B extends Ciphertext | Plaintext>(
    pairs: readonly (readonly [Ciphertext, B])[],
    slots: number,
    place: (operand: Ciphertext | B) => Ciphertext | B,
  ): Noise {
    const noiseOf = (operand: Ciphertext | B) => readIn(place(operand), slots);
    let total: Noise | undefined;
    for (const [a, b] of pairs) {
      const term = this.ring.noise.multiply(noiseOf(a), noiseOf(b), slots);
      total = total ? addNoise(total, term) : term;
    }
    return total!;
  }
}

/** A sum of none would have neither a level nor a key, and of three factors the last would be lost. */
function requirePairs(pairs: readonly (readonly unknown[])[]): void {
  if (!Array.isArray(pairs) || !pairs.every(Array.isArray)) {
    throw new TypeError(`pairs: a list of pairs [a, b] was expected, not ${kindOf(pairs)}`);
  }
  if (pairs.length === 0) throw new RangeError("pairs: a sum of products takes at least one");
  const wrong = pairs.findIndex((pair) => pair.length !== 2);
  if (wrong >= 0) throw new RangeError(`pairs: entry ${wrong} is no pair of two factors`);
}
