import type { Limb } from "../ntt/kernels.js";
import { productModulo } from "../ntt/modulus.js";
import { type Carry, carryFactor, convertBasis, drop, toConversionCoefficients } from "./basis.js";
import type { SwitchingKey } from "./keys.js";
import type { Parameters } from "./parameters.js";
import { addInto, addScaled, launchEach, permute, type Ring, RnsPolynomial, transform } from "./polynomial.js";
import { chunks } from "./primelist.js";

/**
 * Hybrid key switching (Han and Ki, CT-RSA 2020), in steps that callers share and fuse: decompose once (`Digits`),
 * sum against a key (`Accumulator`, modulo QP), and divide by P, or by P and a level's primes, at the very end.
 */

/** A polynomial's digits, each extended to the primes of its level and P (ModUp), as NTT values. */
export class Digits implements Disposable {
  private constructor(
    private readonly extended: readonly RnsPolynomial[],
    /** Residues modulo a digit's own primes are the polynomial's. */
    private readonly own: RnsPolynomial,
    readonly level: number,
    /** What the residues modulo a digit's own primes still carry: a key of the same carry takes it away. */
    readonly carry: Carry,
  ) {}

  /**
   * Costs one inverse NTT for each prime of the level and dnum·(primes of Q and P) − (primes of Q) forward ones.
   * `poly` must outlive the digits.
   */
  static decompose(poly: RnsPolynomial, parameters: Parameters, level: number, carry: Carry = 0): Digits {
    const primes = parameters.primesAt(level);
    const all = [...primes, ...parameters.special];
    const extended = chunks(primes, parameters.digitPrimes).map((digit) => {
      using coefficients = toConversionCoefficients(poly, digit, carry);
      const result = convertBasis(
        coefficients,
        all.filter((p) => !digit.includes(p)),
        0,
      );
      transform(result);
      return result;
    });
    return new Digits(extended, poly, level, carry);
  }

  limb(digit: number, prime: number): Limb {
    const { primes } = this.extended[digit];
    return primes.includes(prime) ? this.extended[digit].limb(prime) : this.own.limb(prime);
  }

  get count(): number {
    return this.extended.length;
  }

  [Symbol.dispose](): void {
    for (const poly of this.extended) poly[Symbol.dispose]();
  }
}

/** A two-part ciphertext modulo QP, times P: sums of key switches before their common division. */
export class Accumulator implements Disposable {
  constructor(
    private readonly parameters: Parameters,
    readonly level: number,
    private parts: readonly RnsPolynomial[],
  ) {}

  /**
   * Σ_d digit_d·key_d + P·(c_0, c_1), where c_0 and c_1 need no switching and carry what the digits do.
   * Costs two products for each digit and prime.
   */
  static innerProduct(
    digits: Digits,
    key: SwitchingKey,
    parameters: Parameters,
    c0?: RnsPolynomial,
    c1?: RnsPolynomial,
  ): Accumulator {
    const { level, carry } = digits;
    if (key.carry !== carry) throw new TypeError("the key and the digits carry different factors");
    const ring = key.digits[0].b.ring;
    const primes = [...parameters.primesAt(level), ...parameters.special];
    const ofLevel = primes.length - parameters.special.length;
    const parts = [RnsPolynomial.allocate(ring, primes), RnsPolynomial.allocate(ring, primes)];
    ring.device.launch(
      "dotProduct",
      ring.logN,
      primes.map((prime, i) => ({
        prime,
        out: [parts[0].limbs[i], parts[1].limbs[i]] as const,
        terms: Array.from({ length: digits.count }, (_, d) => {
          const { b, a } = key.digits[d];
          return [digits.limb(d, prime), b.limb(prime), a.limb(prime)] as const;
        }),
        // P is 0 modulo its own primes.
        ...(i < ofLevel && {
          plus: { factor: specialFactor(parameters, prime, carry), y0: c0?.limb(prime), y1: c1?.limb(prime) },
        }),
      })),
    );
    return new Accumulator(parameters, level, parts);
  }

  /** Zero, to add to. */
  static zero(ring: Ring, parameters: Parameters, level: number): Accumulator {
    const primes = [...parameters.primesAt(level), ...parameters.special];
    const parts = [0, 1].map(() => {
      const part = RnsPolynomial.allocate(ring, primes);
      launchEach(ring, "subtract", primes, (p) => [part.limb(p), part.limb(p), part.limb(p), p]);
      return part;
    });
    return new Accumulator(parameters, level, parts);
  }

  /** Adds P·(c_0, c_1): what needs no switching. */
  addCiphertext(c0: RnsPolynomial, c1: RnsPolynomial): void {
    const primes = this.parameters.primesAt(this.level);
    const factor = (p: number) => specialFactor(this.parameters, p, 0);
    addScaled(this.parts[0], c0, factor, primes);
    addScaled(this.parts[1], c1, factor, primes);
  }

  /** Adds another sum, after the automorphism `galois` where given. */
  addAccumulator(other: Accumulator, galois = 1): void {
    other.parts.forEach((part, i) => {
      const target = this.parts[i];
      using rotated = galois === 1 ? undefined : permute(part, galois);
      addInto(target, rotated ?? part);
    });
  }

  /** Divides by P: a ciphertext of the same level. */
  toCiphertextParts(): RnsPolynomial[] {
    return drop(this.parts, this.parameters.special);
  }

  /** Divides by P and the primes of the level at once: a ciphertext one level down. */
  toRescaledParts(): RnsPolynomial[] {
    return drop(this.parts, [...this.parameters.special, ...this.parameters.levels[this.level]]);
  }

  [Symbol.dispose](): void {
    for (const part of this.parts) part[Symbol.dispose]();
    this.parts = [];
  }
}

/** P modulo a prime, and what takes the carry away. */
function specialFactor({ special }: Parameters, p: number, carry: Carry): number {
  return productModulo([...special, carryFactor(carry, p)], p);
}
