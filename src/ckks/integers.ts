import { addScaled, fromIntegers, type Ring, type RnsPolynomial } from "./polynomial.js";

/** What one piece takes: below the 2^63 of `fromIntegers`. */
const PIECE = 2 ** 62;

/**
 * Coefficients modulo each prime of whole numbers of any size that a double has; exact, since each is 53 bits and an
 * exponent. All below 2^62, as nearly always, are one piece; larger ones take Σ_k piece_k·2^(62k), each piece one more
 * kernel for each prime.
 */
export function fromWholeNumbers(ring: Ring, integers: Float64Array, primes: readonly number[]): RnsPolynomial {
  let largest = 0;
  for (let i = 0; i < integers.length; i++) largest = Math.max(largest, Math.abs(integers[i]));
  if (largest < PIECE) return fromIntegers(ring, integers, primes);
  const high = integers.map((x) => Math.trunc(x / PIECE));
  const low = integers.map((x) => x % PIECE); // exact, and of the sign of x
  try {
    const result = fromIntegers(ring, low, primes);
    const upper = fromWholeNumbers(ring, high, primes);
    addScaled(result, upper, (p) => PIECE % p);
    upper.wipe();
    return result;
  } finally {
    for (const piece of [high, low]) piece.fill(0); // it may have been a secret message
  }
}
