import { toMontgomery } from "../ntt/modulus.js";

/** The residue of x in [−p/2, p/2], as a word: what the second operand of the shaders' `product` must be. */
export function centredWord(x: number, p: number): number {
  return (x > (p - 1) / 2 ? x - p : x) >>> 0;
}

/** A factor for `product`, which takes 2^−32 away. */
export function factorWord(x: number, p: number): number {
  return centredWord(toMontgomery(x, p), p);
}

/**
 * w and round(w·2^32/p) for `shoup4` in shaders/modular.wgsl: the quotient in two signed halves, and w, modulo 2^32, the
 * representative in [−p/2, p/2] or just below −p/2 where the upper half would be 2^15.
 */
export function shoupWords(w: number, p: number): [factor: number, quotient: number] {
  const centred = w > (p - 1) / 2 ? w - p : w;
  const quotient = Math.sign(centred) * roundedQuotient(Math.abs(centred), p);
  if (quotient >= 2 ** 31 - 2 ** 15) return [centred - p, halves(quotient - 2 ** 32)];
  return [centred, halves(quotient)];
}

/** round(w·2^32/p) for w ≤ p/2 < 2^29: 2^16 at a time, so that no intermediate exceeds 2^46. */
function roundedQuotient(w: number, p: number): number {
  const high = Math.floor((w * 65536) / p);
  const rest = w * 65536 - high * p;
  return high * 65536 + Math.round((rest * 65536) / p);
}

function halves(quotient: number): number {
  const high = Math.floor((quotient + 2 ** 15) / 65536);
  return (high * 65536) | ((quotient - high * 65536) & 0xffff);
}
