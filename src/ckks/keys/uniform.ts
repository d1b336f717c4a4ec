import { OPERAND, powerOfWord } from "../form.js";
import { type RnsPolynomial, scale } from "../polynomial.js";
import type { Ring } from "../ring.js";
import { expandUniform } from "../sampling.js";

/** Where in the stream of a seed a uniform half begins, for each prime. */
export interface UniformAddress {
  readonly seed: Uint8Array;
  readonly stream: number;
  readonly digit: number;
}

/** The residues that a digit's key has to free of a power of 2^32: see SwitchingKey.power. */
export interface OwnPrimes {
  readonly primes: readonly number[];
  readonly power: number;
}

/** The uniform half of a key, as an operand. Costs one expansion and one product with a number for each prime. */
export function uniformHalf(
  ring: Ring,
  primes: readonly number[],
  { seed, stream, digit }: UniformAddress,
  own?: OwnPrimes,
): RnsPolynomial {
  using expansion = expandUniform(ring, primes, seed, stream, digit);
  return scale(expansion, (p) => ownFactor(p, own), primes, OPERAND.power);
}

/** What a digit's key is multiplied by modulo p. */
export function ownFactor(p: number, own?: OwnPrimes): number {
  return own?.primes.includes(p) ? powerOfWord(-own.power, p) : 1;
}
