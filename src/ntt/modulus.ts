/** Exact arithmetic modulo primes below 2^30 in plain numbers: for set-up and tables, not for bulk work. */

/** Every modulus of the library is below this bound, so that lazy residues below 4p fit a 32-bit word. */
export const MODULUS_BOUND = 2 ** 30;

/** Bits of a residue modulo the prime: ⌈log2 prime⌉. */
export function residueBits(prime: number): number {
  return 32 - Math.clz32(prime - 1);
}

/**
 * a·b mod p for residues a, b < p < 2^30. The product is below 2^60 and rounded by 2^7 at most, so that the quotient is off by one
 * at most: what is left lies within −p and 2p, and its low 32 bits, which are exact, are all of it.
 */
export function multiplyModulo(a: number, b: number, p: number): number {
  const quotient = Math.floor((a * b) / p);
  const rest = (Math.imul(a, b) - Math.imul(quotient, p)) | 0;
  if (rest < 0) return rest + p;
  return rest >= p ? rest - p : rest;
}

/** base^exponent mod p; the exponent is an integer in [0, 2^53). */
export function powerModulo(base: number, exponent: number, p: number): number {
  let result = 1;
  let square = base % p;
  for (let e = exponent; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = multiplyModulo(result, square, p);
    square = multiplyModulo(square, square, p);
  }
  return result;
}

/** The inverse of a modulo the prime p (Fermat). */
export function inverseModulo(a: number, p: number): number {
  if (a % p === 0) throw new RangeError(`0 has no inverse modulo ${p}`);
  return powerModulo(a, p - 2, p);
}

/** x mod p in [0, p) for any integer x. */
export function residue(x: bigint, p: number): number {
  const r = Number(x % BigInt(p));
  return r < 0 ? r + p : r;
}

/** Product of `factors` modulo p. */
export function productModulo(factors: readonly number[], p: number): number {
  return factors.reduce((product, factor) => multiplyModulo(product, factor % p, p), 1);
}

/** x·2^32 mod p: how keys, plaintexts and constants are stored for the Montgomery kernels. */
export function toMontgomery(x: number, p: number): number {
  return multiplyModulo(x, 2 ** 32 % p, p);
}

/** x·2^−32 mod p. */
export function fromMontgomery(x: number, p: number): number {
  return multiplyModulo(x, inverseModulo(2 ** 32 % p, p), p);
}
