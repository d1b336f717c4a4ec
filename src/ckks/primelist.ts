/** log2 of a product of primes. */
export function logProduct(primes: readonly number[]): number {
  return primes.reduce((bits, p) => bits + Math.log2(p), 0);
}

/** `items` in runs of `size`, the last one shorter if need be: the digits of the decomposition. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
