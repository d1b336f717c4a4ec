// Four 32-bit words at a time, modulo a prime p < 2^30. "Lazy" means a residue in [0, 2p) or [0, 4p).

/** Even 32-bit words of two vectors of 64-bit products: their low halves. */
// @ts-ignore: decorator
@inline
export function lowHalves(even: v128, odd: v128): v128 {
  return i8x16.shuffle(even, odd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

/** Odd 32-bit words of two vectors of 64-bit products: their high halves. */
// @ts-ignore: decorator
@inline
export function highHalves(even: v128, odd: v128): v128 {
  return i8x16.shuffle(even, odd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

/** ⌊a·b / 2^32⌋. */
// @ts-ignore: decorator
@inline
export function mulHigh(a: v128, b: v128): v128 {
  return highHalves(i64x2.extmul_low_i32x4_u(a, b), i64x2.extmul_high_i32x4_u(a, b));
}

/** x − bound where x ≥ bound, else x: for x < bound the difference wraps to a word above x. */
// @ts-ignore: decorator
@inline
export function subtractIf(x: v128, bound: v128): v128 {
  return i32x4.min_u(x, i32x4.sub(x, bound));
}

/** x·w mod p in [0, 2p) for any 32-bit x, where quotient = ⌊w·2^32/p⌋ (Shoup). */
// @ts-ignore: decorator
@inline
export function shoup(x: v128, w: v128, quotient: v128, p: v128): v128 {
  return i32x4.sub(i32x4.mul(x, w), i32x4.mul(mulHigh(x, quotient), p));
}

/** Canonical sum·2^−32 mod p for 64-bit sums < p·2^32, so that the high word is below p (Montgomery). */
// @ts-ignore: decorator
@inline
export function montgomery(even: v128, odd: v128, p: v128, pInverse: v128): v128 {
  const q = i32x4.mul(lowHalves(even, odd), pInverse);
  const r = i32x4.sub(highHalves(even, odd), mulHigh(q, p));
  return i32x4.min_u(r, i32x4.add(r, p)); // r in (−p, p)
}

/** The same for sums of up to sixteen products of residues: 16·p²/2^32 < 4p bounds the high word. */
// @ts-ignore: decorator
@inline
export function montgomeryWide(even: v128, odd: v128, p: v128, pInverse: v128): v128 {
  const q = i32x4.mul(lowHalves(even, odd), pInverse);
  const high = subtractIf(subtractIf(highHalves(even, odd), i32x4.shl(p, 1)), p);
  const r = i32x4.sub(high, mulHigh(q, p));
  return i32x4.min_u(r, i32x4.add(r, p));
}

/** The same for signed sums of up to eight products of words in (−p, p): 8·p²/2^32 < 2p bounds the high word, either way. */
// @ts-ignore: decorator
@inline
export function montgomerySigned(even: v128, odd: v128, p: v128, pInverse: v128): v128 {
  const q = i32x4.mul(lowHalves(even, odd), pInverse);
  const p2 = i32x4.shl(p, 1);
  const high = subtractIf(subtractIf(i32x4.add(highHalves(even, odd), p2), p2), p);
  const r = i32x4.sub(high, mulHigh(q, p));
  return i32x4.min_u(r, i32x4.add(r, p));
}

// @ts-ignore: decorator
@inline
export function shoupQuotient(w: u32, p: u32): u32 {
  return <u32>((<u64>w << 32) / <u64>p);
}

/** p^−1 mod 2^32 for odd p, by Newton's iteration: 3, 6, 12, 24, 48 correct bits. */
// @ts-ignore: decorator
@inline
export function inverseWord(p: u32): u32 {
  let x: u32 = p;
  x *= 2 - p * x;
  x *= 2 - p * x;
  x *= 2 - p * x;
  x *= 2 - p * x;
  return x;
}
