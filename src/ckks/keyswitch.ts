import type { Limb } from "../ntt/kernels.js";
import { productModulo } from "../ntt/modulus.js";
import { convertBasis, drop, toConversionCoefficients } from "./basis.js";
import { OPERAND, powerOfWord, requireSameForm, VALUES } from "./form.js";
import type { Gadget } from "./gadgets.js";
import type { SwitchingKey } from "./keys/switching-key.js";
import { addInto, addScaled, launchEach, permute, RnsPolynomial } from "./polynomial.js";
import { chunks } from "./primelist.js";
import type { Ring } from "./ring.js";

/**
 * Hybrid key switching (Han and Ki, CT-RSA 2020), in steps that callers share and fuse: decompose once (`Digits`),
 * sum against a key (`Accumulator`, modulo QP), and divide by P, or by P and a level's primes, at the very end.
 */

/** A polynomial's digits, each extended to the primes of its level and P (ModUp), as NTT values. */
export class Digits implements Disposable {
  private constructor(
    private readonly extended: readonly RnsPolynomial[],
    /** Residues modulo a digit's own primes are the polynomial's, and carry what it does: its key takes that away. */
    private readonly own: RnsPolynomial,
    readonly level: number,
    readonly gadget: Gadget,
  ) {}

  /**
   * `gadget`: of the keys that the digits will meet. Costs one inverse NTT for each prime of the level and dnum·(primes of Q and P) − (primes of Q) forward ones.
   * `poly` must outlive the digits.
   */
  static decompose(poly: RnsPolynomial, level: number, gadget: Gadget): Digits {
    const primes = poly.ring.parameters.primesAt(level);
    const all = [...primes, ...gadget.special];
    const extended = chunks(primes, gadget.digitPrimes).map((digit) => {
      using coefficients = toConversionCoefficients(poly, digit);
      const result = convertBasis(
        coefficients,
        all.filter((p) => !digit.includes(p)),
        0,
      );
      result.transform();
      return result;
    });
    return new Digits(extended, poly, level, gadget);
  }

  get ring(): Ring {
    return this.own.ring;
  }

  /** The power of 2^32 that residues modulo a digit's own primes carry. */
  get power(): number {
    return this.own.form.power;
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
    private readonly ring: Ring,
    readonly level: number,
    /** Whose P the sum is modulo, and times. */
    readonly gadget: Gadget,
    private parts: readonly RnsPolynomial[],
  ) {}

  /**
   * Σ_d digit_d·key_d + P·(c_0, c_1), where c_0 and c_1 need no switching and are in one form.
   * Costs two products for each digit and prime.
   */
  static innerProduct(digits: Digits, key: SwitchingKey, c0: RnsPolynomial, c1?: RnsPolynomial): Accumulator {
    return Accumulator.innerProducts([[digits, key]], c0, c1);
  }

  /** The same with a sum over the digits of several polynomials of one level, each with its key; all keys lead to one secret. */
  static innerProducts(
    switched: readonly (readonly [Digits, SwitchingKey])[],
    c0: RnsPolynomial,
    c1?: RnsPolynomial,
  ): Accumulator {
    const [[{ level, ring, gadget }]] = switched;
    const { parameters } = ring;
    for (const [digits, key] of switched) {
      const own = parameters.gadgetAt(key.level);
      if (own !== gadget || digits.gadget !== gadget) throw new TypeError("the key is for digits of another gadget");
      if (key.power !== digits.power) throw new TypeError("the key is for digits that carry another power of 2^32");
      requireSameForm(key.digits[0].b.form, OPERAND);
    }
    if (c1) requireSameForm(c0.form, c1.form);
    const ofLevel = parameters.primesAt(level).length;
    const primes = [...parameters.primesAt(level), ...gadget.special];
    const parts = [0, 1].map(() => RnsPolynomial.allocate(ring, primes, VALUES));
    ring.device.launch(
      "dotProduct",
      ring.logN,
      primes.map((prime, i) => ({
        prime,
        out: [parts[0].limbs[i], parts[1].limbs[i]] as const,
        terms: switched.flatMap(([digits, key]) =>
          Array.from({ length: digits.count }, (_, d) => {
            const { b, a } = key.digits[d];
            return [digits.limb(d, prime), b.limb(prime), a.limb(prime)] as const;
          }),
        ),
        // P is 0 modulo its own primes.
        ...(i < ofLevel && {
          plus: { factor: specialFactor(gadget, prime, c0.form.power), y0: c0.limb(prime), y1: c1?.limb(prime) },
        }),
      })),
    );
    return new Accumulator(ring, level, gadget, parts);
  }

  /** Zero, to add to. */
  static zero(ring: Ring, level: number, gadget = ring.parameters.gadgetAt(level)): Accumulator {
    const primes = [...ring.parameters.primesAt(level), ...gadget.special];
    const parts = [0, 1].map(() => {
      const part = RnsPolynomial.allocate(ring, primes, VALUES);
      launchEach(ring, "subtract", primes, (p) => [part.limb(p), part.limb(p), part.limb(p), p]);
      return part;
    });
    return new Accumulator(ring, level, gadget, parts);
  }

  /** Adds P·(c_0, c_1): what needs no switching. */
  addCiphertext(c0: RnsPolynomial, c1: RnsPolynomial): void {
    const primes = this.ring.parameters.primesAt(this.level);
    const factor = (p: number) => specialFactor(this.gadget, p, 0);
    addScaled(this.parts[0], c0, factor, primes);
    addScaled(this.parts[1], c1, factor, primes);
  }

  /**
   * Adds another sum, after the automorphism `galois` where given. One of another gadget is divided by its own P first.
   * @returns whether it was divided
   */
  addAccumulator(other: Accumulator, galois = 1): boolean {
    if (other.gadget !== this.gadget) {
      const parts = other.toCiphertextParts();
      const rotated = galois === 1 ? parts : parts.map((part) => permute(part, galois));
      this.addCiphertext(rotated[0], rotated[1]);
      for (const part of new Set([...parts, ...rotated])) part[Symbol.dispose]();
      return true;
    }
    other.parts.forEach((part, i) => {
      const target = this.parts[i];
      using rotated = galois === 1 ? undefined : permute(part, galois);
      addInto(target, rotated ?? part);
    });
    return false;
  }

  /** Divides by P: a ciphertext of the same level. */
  toCiphertextParts(): RnsPolynomial[] {
    return drop(this.parts, this.gadget.special);
  }

  /** Divides by P and the primes of the level at once: a ciphertext one level down. */
  toRescaledParts(): RnsPolynomial[] {
    const { levels } = this.ring.parameters;
    return drop(this.parts, [...this.gadget.special, ...levels[this.level]]);
  }

  [Symbol.dispose](): void {
    for (const part of this.parts) part[Symbol.dispose]();
    this.parts = [];
  }
}

/** P modulo a prime, without the power of 2^32 that a polynomial carries. */
function specialFactor({ special }: Gadget, p: number, power: number): number {
  return productModulo([...special, powerOfWord(-power, p)], p);
}
