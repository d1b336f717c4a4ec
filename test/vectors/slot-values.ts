import { createCipheriv } from "node:crypto";

/** The slot values of a seed in large.json: word 2j of its key stream over 2^31, less one; imaginary parts from word 2j + 1. */
export function slotValues(seed: string, slots: number): { real: Float64Array; imaginary: Float64Array } {
  const cipher = createCipheriv("chacha20", Buffer.from(seed, "hex"), Buffer.alloc(16));
  const bytes = cipher.update(Buffer.alloc(8 * slots));
  const value = (word: number) => bytes.readUInt32LE(4 * word) / 2 ** 31 - 1;
  const part = (first: number) => Float64Array.from({ length: slots }, (_, j) => value(2 * j + first));
  return { real: part(0), imaginary: part(1) };
}
