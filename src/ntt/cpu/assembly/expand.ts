// Uniform residues from a seed: ChaCha20 (RFC 8439), four blocks in the four lanes.
// Coefficient i takes the 64-bit word (low first) at byte 8·i of the key stream, reduced modulo p.
import { shoup, shoupQuotient, subtractIf } from "./words";

// @ts-ignore: decorator
@inline
function rotate(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

/** Sixteen state vectors live in `state`: lane b of vector i is word i of block b. */
// @ts-ignore: decorator
@inline
function quarterRound(state: usize, a: usize, b: usize, c: usize, d: usize): void {
  let va = v128.load(state + (a << 4));
  let vb = v128.load(state + (b << 4));
  let vc = v128.load(state + (c << 4));
  let vd = v128.load(state + (d << 4));
  va = i32x4.add(va, vb);
  vd = rotate(v128.xor(vd, va), 16);
  vc = i32x4.add(vc, vd);
  vb = rotate(v128.xor(vb, vc), 12);
  va = i32x4.add(va, vb);
  vd = rotate(v128.xor(vd, va), 8);
  vc = i32x4.add(vc, vd);
  vb = rotate(v128.xor(vb, vc), 7);
  v128.store(state + (a << 4), va);
  v128.store(state + (b << 4), vb);
  v128.store(state + (c << 4), vc);
  v128.store(state + (d << 4), vd);
}

/** Residues `r` of coefficients 0..3 or 4..7 of four blocks, one vector a coefficient, to their places. */
// @ts-ignore: decorator
@inline
function storeTransposed(out: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  const a = i8x16.shuffle(r0, r1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const b = i8x16.shuffle(r2, r3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const c = i8x16.shuffle(r0, r1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const d = i8x16.shuffle(r2, r3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(out, i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(out, i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 32);
  v128.store(out, i8x16.shuffle(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), 64);
  v128.store(out, i8x16.shuffle(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 96);
}

/** `seed`: eight key words, then three nonce words. `scratch`: 512 bytes. */
export function expandUniform(out: usize, seed: usize, scratch: usize, bytes: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  const one = i32x4.splat(1);
  const oneQuotient = i32x4.splat(shoupQuotient(1, prime));
  const word = <u32>((<u64>1 << 32) % <u64>prime);
  const w = i32x4.splat(word);
  const wQuotient = i32x4.splat(shoupQuotient(word, prime));
  const initial = scratch + 256;
  v128.store(initial, i32x4.splat(0x61707865));
  v128.store(initial, i32x4.splat(0x3320646e), 16);
  v128.store(initial, i32x4.splat(0x79622d32), 32);
  v128.store(initial, i32x4.splat(0x6b206574), 48);
  for (let i: usize = 0; i < 8; i++) v128.store(initial + 64 + (i << 4), v128.load32_splat(seed + (i << 2)));
  for (let i: usize = 0; i < 3; i++) v128.store(initial + 208 + (i << 4), v128.load32_splat(seed + 32 + (i << 2)));
  let counter = i32x4(0, 1, 2, 3);
  for (let o: usize = 0; o < bytes; o += 128) {
    v128.store(initial, counter, 192);
    memory.copy(scratch, initial, 256);
    for (let round = 0; round < 10; round++) {
      quarterRound(scratch, 0, 4, 8, 12);
      quarterRound(scratch, 1, 5, 9, 13);
      quarterRound(scratch, 2, 6, 10, 14);
      quarterRound(scratch, 3, 7, 11, 15);
      quarterRound(scratch, 0, 5, 10, 15);
      quarterRound(scratch, 1, 6, 11, 12);
      quarterRound(scratch, 2, 7, 8, 13);
      quarterRound(scratch, 3, 4, 9, 14);
    }
    for (let i: usize = 0; i < 256; i += 32) {
      const low = i32x4.add(v128.load(scratch + i), v128.load(initial + i));
      const high = i32x4.add(v128.load(scratch + i, 16), v128.load(initial + i, 16));
      const sum = i32x4.add(
        subtractIf(shoup(low, one, oneQuotient, p), p),
        subtractIf(shoup(high, w, wQuotient, p), p),
      );
      v128.store(scratch + (i >> 1), subtractIf(sum, p));
    }
    for (let i: usize = 0; i < 2; i++) {
      const r = scratch + (i << 6);
      storeTransposed(out + o + (i << 4), v128.load(r), v128.load(r, 16), v128.load(r, 32), v128.load(r, 48));
    }
    counter = i32x4.add(counter, i32x4.splat(4));
  }
}
