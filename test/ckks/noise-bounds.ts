import type { Parameters } from "../../src/ckks/parameters.js";
import { chunks } from "../../src/ckks/primelist.js";
import { ERROR_SIGMA } from "../../src/ntt/kernels.js";

/**
 * The heuristic noise of each operation: variances of coefficients, errors of slots. A coefficient of a product of two
 * independent polynomials sums N terms; the ternary secret has 2N/3 coefficients that are not zero.
 * Sources: Gentry, Halevi, Smart, "Homomorphic evaluation of the AES circuit", CRYPTO 2012, appendix (variances, six
 * standard deviations as bound); Kim, Polyakov, Zucca, "Revisiting homomorphic encryption schemes for finite fields",
 * ASIACRYPT 2021, section 4 and appendix B (hybrid key switching).
 */
export class NoiseBounds {
  private readonly n: number;

  constructor(private readonly parameters: Parameters) {
    this.n = 2 ** parameters.logN;
  }

  /** Encoding rounds every coefficient to an integer. */
  readonly rounding = 1 / 12;

  get fresh(): number {
    return ERROR_SIGMA ** 2 + this.rounding;
  }

  /** A drop rounds both parts: r_0 + r_1·s. */
  get drop(): number {
    return (1 + (2 * this.n) / 3) / 12;
  }

  /** b·u + e_0, e_1·s modulo Q·p, divided by p and rounded. */
  get freshPublic(): number {
    const before = ERROR_SIGMA ** 2 * (1 + 2 * ((2 * this.n) / 3));
    return before / this.parameters.special[0] ** 2 + this.drop + this.rounding;
  }

  /** Σ_d [digit_d]·e_d / P before the rounding: digits are uniform in ±Q_d/2. */
  switching(level: number): number {
    const { special, digitPrimes } = this.parameters;
    const log2 = (primes: readonly number[]) => primes.reduce((sum, p) => sum + Math.log2(p), 0);
    return chunks(this.parameters.primesAt(level), digitPrimes)
      .map((digit) => 2 ** (2 * (log2(digit) - log2(special))))
      .reduce((sum, ratio) => sum + (this.n * ERROR_SIGMA ** 2 * ratio) / 12, 0);
  }

  keySwitch(level: number): number {
    return this.switching(level) + this.drop;
  }

  /** Six standard deviations of a slot's real or imaginary part: what fresh noise, a sum of Gaussians, stays below. */
  freshSlot(level: number, slots = this.parameters.slots): number {
    return (6 * Math.sqrt(this.fresh * slots)) / this.parameters.scaleAt(level) + DOUBLES;
  }

  /**
   * Twelve of them, for noise that is r·s with a small r: a slot of it is the product of two complex Gaussians, whose
   * real part is a Laplace variable. Its tail e^(−√2·t) needs twice the Gaussian's deviations for one chance in 10^7.
   */
  slot(variance: number, level: number, slots = this.parameters.slots): number {
    return (12 * Math.sqrt(variance * slots)) / this.parameters.scaleAt(level) + DOUBLES;
  }

  /** A product of slots below 1 in absolute value whose operands err by a and b: relinearised and rescaled to level − 1. */
  product(a: number, b: number, level: number, slots = this.parameters.slots): number {
    const shrink = this.parameters.levels[level].reduce((x, p) => x / p, 1);
    return Math.SQRT2 * (a + b) + this.slot(this.drop + this.switching(level) * shrink ** 2, level - 1, slots);
  }

  /** Going down multiplies by a rounded factor and rescales. */
  lowered(a: number, level: number, slots = this.parameters.slots): number {
    return a + this.slot(this.drop, level, slots) + 2 ** -23;
  }
}

/** Below this the doubles on both sides count: 53 bits, through an FFT there and another one back. */
const DOUBLES = 2 ** -47;
