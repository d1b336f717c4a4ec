import { primePool } from "../../src/ntt/primes.js";
import { wordStream } from "../seed.js";

const pool = primePool();

/** The pool's largest, its median and the smallest one that base conversion can take: its fraction word fits 32 bits. */
export const PRIMES = [pool[0], pool[pool.length / 2], pool.filter((p) => p > 2 ** 24).at(-1)!] as const;

/** N residues modulo p, uniform; equal for equal streams of one seed. */
export function randomLimb(logN: number, p: number, stream: number): Uint32Array {
  const word = wordStream(stream);
  // 2^21·word + word has more than 30 bits to spare: the bias does not matter here.
  return Uint32Array.from({ length: 2 ** logN }, () => ((word() % 2 ** 21) * 2 ** 32 + word()) % p);
}

/** N words of all 32 bits. */
export function randomWords(logN: number, stream: number): Uint32Array {
  return Uint32Array.from({ length: 2 ** logN }, wordStream(stream));
}

export function constantLimb(logN: number, value: number): Uint32Array {
  return new Uint32Array(2 ** logN).fill(value);
}

/** The residues on which lazy reductions go wrong first. */
export function extremeLimbs(logN: number, p: number): { name: string; words: Uint32Array }[] {
  const n = 2 ** logN;
  const pattern = (name: string, value: (i: number) => number) => ({
    name,
    words: Uint32Array.from({ length: n }, (_, i) => value(i)),
  });
  return [
    pattern("0", () => 0),
    pattern("1", () => 1),
    pattern("p − 1", () => p - 1),
    pattern("0 and p − 1 by turns", (i) => (i % 2 === 0 ? 0 : p - 1)),
    pattern("p − 1 and 1 by turns", (i) => (i % 2 === 0 ? p - 1 : 1)),
    pattern("p − 1 in the upper half", (i) => (i < n / 2 ? 0 : p - 1)),
    pattern("p − 1 in the last place", (i) => (i === n - 1 ? p - 1 : 0)),
  ];
}

/** Factors that scalar kernels are tried with. */
export function factors(p: number): number[] {
  return [0, 1, 2, (p - 1) / 2, p - 2, p - 1, 2 ** 32 % p];
}
