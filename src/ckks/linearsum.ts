import { ParameterError } from "../errors.js";
import { multiplyModulo, residue } from "../ntt/modulus.js";
import type { Ciphertext } from "./ciphertext.js";
import { powerOfWord } from "./form.js";
import { OwnedLimbs } from "./limbs.js";
import type { Parameters } from "./parameters.js";
import { addScaled, type RnsPolynomial } from "./polynomial.js";

/** constant + Σ factor_j·x_j, the same in all slots: what may join a sum of products before its rescale. */
export interface LinearSum {
  /** Ciphertexts of the sum's level or above, each with its factor. */
  readonly terms?: readonly (readonly [x: Ciphertext, factor: number])[];
  /** Added to every slot; default 0. */
  readonly constant?: number;
}

/**
 * What adds a sum to `parts`, at the square of the scale of `level`, once its numbers are found to fit. A term may be of any level from there on: its residues modulo the
 * primes above are left out, and what its scale differs by goes into the factor, so that going down takes no NTT and
 * rounds nothing but the factor. Source: Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, "Efficient bootstrapping for
 * approximate homomorphic encryption with non-sparse keys", EUROCRYPT 2021, section 5 (scale-invariant evaluation).
 * @throws ParameterError for a factor or a constant that is not finite or does not fit the level.
 */
export function linearSumAt(
  { terms = [], constant = 0 }: LinearSum,
  parameters: Parameters,
  level: number,
): (parts: readonly RnsPolynomial[]) => void {
  const primes = parameters.primesAt(level);
  const square = parameters.scaleAt(level) ** 2;
  const largest = parameters.headroomAt(level) / parameters.scaleAt(level);
  const whole = BigInt(wholeNumber(constant, square, largest, level));
  const factors = terms.map(([x, factor]) => {
    return BigInt(wholeNumber(factor, square / parameters.scaleAt(x.level), parameters.headroomAt(level), level));
  });
  return (parts) => {
    terms.forEach(([x], i) => {
      for (const part of [0, 1]) addScaled(parts[part], x.pair[part], (p) => residue(factors[i], p), primes);
    });
    if (constant === 0) return;
    // The NTT values of the constant 1, modulo every prime.
    const { ring, form } = parts[0];
    using ones = new OwnedLimbs(ring, ring.device.allocate(ring.logN, 1));
    const [one] = ones.limbs;
    ring.device.write(ring.logN, one, new Uint32Array(2 ** ring.logN).fill(1));
    const factor = (p: number) => multiplyModulo(residue(whole, p), powerOfWord(form.power, p), p);
    const rows = primes.map((p) => [parts[0].limb(p), one, p, factor(p)] as const);
    ring.device.launch("multiplyScalarAdd", ring.logN, rows);
  };
}

/** value·scale, rounded: a double without a fraction. */
export function wholeNumber(value: number, scale: number, bound: number, level: number): number {
  if (!(Math.abs(value) < bound)) {
    const fix = `take finite numbers below ${bound.toPrecision(3)}, or a higher level, which holds more`;
    throw new ParameterError(`the number ${value} does not fit a sum at level ${level}`, fix);
  }
  return Math.round(value * scale);
}
