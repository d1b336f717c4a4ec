// Random limbs from a seed: ChaCha20 (RFC 8439), four blocks in the four lanes. Scratch space is left empty, and so are
// the seeds of secrets.
import { mulHigh, shoup, shoupQuotient, subtractIf } from "./words";

// @ts-ignore: decorator
@inline
function rotate(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

// Whole bytes move in one instruction instead of three.
// @ts-ignore: decorator
@inline
function rotate16(x: v128): v128 {
  return i8x16.shuffle(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

// @ts-ignore: decorator
@inline
function rotate8(x: v128): v128 {
  return i8x16.shuffle(x, x, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14);
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
  vd = rotate16(v128.xor(vd, va));
  vc = i32x4.add(vc, vd);
  vb = rotate(v128.xor(vb, vc), 12);
  va = i32x4.add(va, vb);
  vd = rotate8(v128.xor(vd, va));
  vc = i32x4.add(vc, vd);
  vb = rotate(v128.xor(vb, vc), 7);
  v128.store(state + (a << 4), va);
  v128.store(state + (b << 4), vb);
  v128.store(state + (c << 4), vc);
  v128.store(state + (d << 4), vd);
}

/** Four values of each of four blocks, one vector a value, to their places: the blocks are `pitch` bytes apart. */
// @ts-ignore: decorator
@inline
function storeTransposed(out: usize, pitch: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  const a = i8x16.shuffle(r0, r1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const b = i8x16.shuffle(r2, r3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const c = i8x16.shuffle(r0, r1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const d = i8x16.shuffle(r2, r3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(out, i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(out + pitch, i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  v128.store(out + 2 * pitch, i8x16.shuffle(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(out + 3 * pitch, i8x16.shuffle(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
}

/** Prepares the state of a key stream: `seed` is eight key words, then three nonce words. `scratch`: 512 bytes. */
function begin(scratch: usize, seed: usize): void {
  const initial = scratch + 256;
  v128.store(initial, i32x4.splat(0x61707865));
  v128.store(initial, i32x4.splat(0x3320646e), 16);
  v128.store(initial, i32x4.splat(0x79622d32), 32);
  v128.store(initial, i32x4.splat(0x6b206574), 48);
  for (let i: usize = 0; i < 8; i++) v128.store(initial + 64 + (i << 4), v128.load32_splat(seed + (i << 2)));
  v128.store(initial, i32x4(0, 1, 2, 3), 192);
  for (let i: usize = 0; i < 3; i++) v128.store(initial + 208 + (i << 4), v128.load32_splat(seed + 32 + (i << 2)));
}

/** The next four blocks: lane b of vector i at `scratch` becomes word i of block b. */
function nextBlocks(scratch: usize): void {
  const initial = scratch + 256;
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
  for (let i: usize = 0; i < 256; i += 16) {
    v128.store(scratch + i, i32x4.add(v128.load(scratch + i), v128.load(initial + i)));
  }
  v128.store(initial, i32x4.add(v128.load(initial, 192), i32x4.splat(4)), 192);
}

/** Vectors 0 to 7 at `scratch`, eight values of each of four blocks, to their places. */
function storeEights(out: usize, scratch: usize): void {
  for (let i: usize = 0; i < 2; i++) {
    const r = scratch + (i << 6);
    storeTransposed(out + (i << 4), 32, v128.load(r), v128.load(r, 16), v128.load(r, 32), v128.load(r, 48));
  }
}

/** Uniform residues: the 64-bit word at byte 8·i of the key stream, low half first, modulo p. */
export function expandUniform(out: usize, seed: usize, scratch: usize, bytes: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  const one = i32x4.splat(1);
  const oneQuotient = i32x4.splat(shoupQuotient(1, prime));
  const word = <u32>((<u64>1 << 32) % <u64>prime);
  const w = i32x4.splat(word);
  const wQuotient = i32x4.splat(shoupQuotient(word, prime));
  begin(scratch, seed);
  for (let o: usize = 0; o < bytes; o += 128) {
    nextBlocks(scratch);
    // Two loops: in one, V8 takes twice as long.
    for (let i: usize = 0; i < 256; i += 32) {
      v128.store(scratch + i, subtractIf(shoup(v128.load(scratch + i), one, oneQuotient, p), p));
    }
    for (let i: usize = 0; i < 256; i += 32) {
      const high = subtractIf(shoup(v128.load(scratch + i, 16), w, wQuotient, p), p);
      v128.store(scratch + (i >> 1), subtractIf(i32x4.add(v128.load(scratch + i), high), p));
    }
    storeEights(out + o, scratch);
  }
  memory.fill(scratch, 0, 512);
}

/** Uniform −1, 0, 1 as signed words: ⌊3·w/2^32⌋ − 1 for the word w at byte 4·i of the key stream. Wipes the seed. */
export function sampleTernary(out: usize, seed: usize, scratch: usize, bytes: usize): void {
  const three = i32x4.splat(3);
  const one = i32x4.splat(1);
  begin(scratch, seed);
  for (let o: usize = 0; o < bytes; o += 256) {
    nextBlocks(scratch);
    for (let i: usize = 0; i < 256; i += 64) {
      const r = scratch + i;
      storeTransposed(
        out + o + (i >> 2),
        64,
        i32x4.sub(mulHigh(v128.load(r), three), one),
        i32x4.sub(mulHigh(v128.load(r, 16), three), one),
        i32x4.sub(mulHigh(v128.load(r, 32), three), one),
        i32x4.sub(mulHigh(v128.load(r, 48), three), one),
      );
    }
  }
  memory.fill(scratch, 0, 512);
  memory.fill(seed, 0, 44);
}

/**
 * Rounded Gaussians as signed words. Of the 64-bit word at byte 8·i (first the high half h, then l), h·2^21 + ⌊l/2^11⌋ is
 * compared with each of `count` thresholds (high word, then 21 bits) behind the seed; bit 0 of l is the sign. Every
 * comparison is made, so neither time nor access depends on the value. Wipes the seed.
 */
export function sampleGaussian(out: usize, seed: usize, scratch: usize, bytes: usize, count: i32): void {
  const thresholds = seed + 44;
  const end = thresholds + (<usize>count << 3);
  begin(scratch, seed);
  for (let o: usize = 0; o < bytes; o += 128) {
    nextBlocks(scratch);
    for (let i: usize = 0; i < 256; i += 32) {
      const h = v128.load(scratch + i);
      const word = v128.load(scratch + i, 16);
      const l = i32x4.shr_u(word, 11);
      let magnitude = i32x4.splat(0);
      for (let t = thresholds; t < end; t += 8) {
        const th = v128.load32_splat(t);
        const equal = v128.and(i32x4.eq(h, th), i32x4.ge_s(l, v128.load32_splat(t, 4))); // 21 bits: never negative
        magnitude = i32x4.sub(magnitude, v128.or(i32x4.gt_u(h, th), equal));
      }
      const sign = i32x4.neg(v128.and(word, i32x4.splat(1)));
      v128.store(scratch + (i >> 1), i32x4.sub(v128.xor(magnitude, sign), sign));
    }
    storeEights(out + o, scratch);
  }
  memory.fill(scratch, 0, 512);
  memory.fill(seed, 0, 44);
}
