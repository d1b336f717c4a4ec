import { MODULUS_BOUND, powerModulo } from "./modulus.js";

/** Every prime of the pool is 1 modulo this, so that one pool serves N up to 2^16. */
export const PRIME_STEP = 2 ** 17;

/** Largest ring degree that the pool serves, as a power of two. */
export const MAX_LOG_N = 16;
export const MIN_LOG_N = 10;

let pool: readonly number[] | undefined;

/** All primes p = k·2^17 + 1 below 2^30, largest first: 822 of them. */
export function primePool(): readonly number[] {
  if (!pool) {
    const found: number[] = [];
    for (let p = MODULUS_BOUND - PRIME_STEP + 1; p > PRIME_STEP; p -= PRIME_STEP) if (isPrime(p)) found.push(p);
    pool = Object.freeze(found);
  }
  return pool;
}

/** The pool's largest primes below 2^bits that are not in `taken`. */
export function choosePrimes(count: number, bits: number, taken: readonly number[] = []): number[] {
  const chosen = primePool()
    .filter((p) => p < 2 ** bits && !taken.includes(p))
    .slice(0, count);
  if (chosen.length < count)
    throw new RangeError(`the pool has only ${chosen.length} of ${count} primes below 2^${bits}`);
  return chosen;
}

/** Miller and Rabin with bases 2, 3, 5, 7: a proof below 3,215,031,751. */
export function isPrime(n: number): boolean {
  if (!Number.isInteger(n) || n < 2 || n >= MODULUS_BOUND) return false;
  for (const small of [2, 3, 5, 7, 11, 13, 17, 19, 23]) if (n % small === 0) return n === small;
  const twos = 31 - Math.clz32((n - 1) & -(n - 1));
  const odd = (n - 1) / 2 ** twos;
  return [2, 3, 5, 7].every((base) => {
    let x = powerModulo(base, odd, n);
    if (x === 1 || x === n - 1) return true;
    for (let i = 1; i < twos; i++) {
      x = powerModulo(x, 2, n);
      if (x === n - 1) return true;
    }
    return false;
  });
}
