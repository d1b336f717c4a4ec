import { addScaled, filled, fromIntegers, type RnsPolynomial } from "./polynomial.js";
import type { Ring } from "./ring.js";

/** What one piece takes: below the 2^63 of `fromIntegers`. */
const PIECE = 2 ** 62;

/**
 * Coefficients modulo each prime of whole numbers of any size that a double has; exact, since each is 53 bits and an
 * exponent. All below 2^62, as nearly always, are one piece; larger ones take Σ_k piece_k·2^(62k), each piece one more
 * kernel for each prime. `secret`: whether the numbers are, like a message.
 */
export function fromWholeNumbers(
  ring: Ring,
  integers: Float64Array,
  primes: readonly number[],
  secret = false,
): RnsPolynomial {
  if (areShort(integers)) return fromIntegers(ring, integers, primes, secret);
  const high = integers.map((x) => Math.trunc(x / PIECE));
  const low = integers.map((x) => x % PIECE); // exact, and of the sign of x
  try {
    using upper = fromWholeNumbers(ring, high, primes, secret);
    return filled(fromIntegers(ring, low, primes, secret), (result) => addScaled(result, upper, (p) => PIECE % p));
  } finally {
    for (const piece of [high, low]) piece.fill(0);
  }
}

/** One comparison each, no maximum: this stands in the way of every encryption. */
function areShort(integers: Float64Array): boolean {
  for (let i = 0; i < integers.length; i++) if (!(Math.abs(integers[i]) < PIECE)) return false;
  return true;
}
