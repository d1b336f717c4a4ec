import { NoiseVariances } from "../../src/ckks/noise-variances.js";
import type { Parameters } from "../../src/ckks/parameters.js";

/**
 * What tests allow errors to be, from the variances that keyswitch-noise.test.ts holds against measurements.
 * Source: Gentry, Halevi, Smart, "Homomorphic evaluation of the AES circuit", CRYPTO 2012, appendix (six standard
 * deviations as bound).
 */
export class NoiseBounds {
  private readonly variances: NoiseVariances;

  constructor(private readonly parameters: Parameters) {
    this.variances = new NoiseVariances(parameters);
  }

  /** Variances of coefficients. */
  get rounding(): number {
    return this.variances.rounding;
  }

  get fresh(): number {
    return this.variances.freshSecret + this.rounding;
  }

  get drop(): number {
    return this.variances.drop;
  }

  get freshPublic(): number {
    return this.variances.freshPublic + this.rounding;
  }

  switching(level: number): number {
    return this.variances.switching(level);
  }

  keySwitch(level: number): number {
    return this.variances.keySwitch(level);
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
