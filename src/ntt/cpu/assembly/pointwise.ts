// Pointwise kernels: canonical residues in, canonical residues out.
import { inverseWord, montgomery, montgomeryWide, shoup, shoupQuotient, subtractIf } from "./words";

export function add(out: usize, a: usize, b: usize, bytes: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  for (let o: usize = 0; o < bytes; o += 16) {
    v128.store(out + o, subtractIf(i32x4.add(v128.load(a + o), v128.load(b + o)), p));
  }
}

export function subtract(out: usize, a: usize, b: usize, bytes: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  for (let o: usize = 0; o < bytes; o += 16) {
    const d = i32x4.sub(v128.load(a + o), v128.load(b + o));
    v128.store(out + o, i32x4.min_u(d, i32x4.add(d, p)));
  }
}

export function negate(out: usize, a: usize, bytes: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  for (let o: usize = 0; o < bytes; o += 16) {
    v128.store(out + o, subtractIf(i32x4.sub(p, v128.load(a + o)), p));
  }
}

/** out = a·b·2^−32. */
export function multiply(out: usize, a: usize, b: usize, bytes: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverseWord(prime));
  for (let o: usize = 0; o < bytes; o += 16) {
    const x = v128.load(a + o);
    const y = v128.load(b + o);
    v128.store(out + o, montgomery(i64x2.extmul_low_i32x4_u(x, y), i64x2.extmul_high_i32x4_u(x, y), p, pInverse));
  }
}

/** out = a·factor. */
export function multiplyScalar(out: usize, a: usize, bytes: usize, prime: u32, factor: u32): void {
  const p = i32x4.splat(prime);
  const w = i32x4.splat(factor);
  const s = i32x4.splat(shoupQuotient(factor, prime));
  for (let o: usize = 0; o < bytes; o += 16) {
    v128.store(out + o, subtractIf(shoup(v128.load(a + o), w, s, p), p));
  }
}

/** out += a·factor. */
export function multiplyScalarAdd(out: usize, a: usize, bytes: usize, prime: u32, factor: u32): void {
  const p = i32x4.splat(prime);
  const w = i32x4.splat(factor);
  const s = i32x4.splat(shoupQuotient(factor, prime));
  for (let o: usize = 0; o < bytes; o += 16) {
    const r = subtractIf(shoup(v128.load(a + o), w, s, p), p);
    v128.store(out + o, subtractIf(i32x4.add(v128.load(out + o), r), p));
  }
}

/** out = (a − b)·factor: the epilogue of every drop. */
export function dropAndScale(out: usize, a: usize, b: usize, bytes: usize, prime: u32, factor: u32): void {
  const p = i32x4.splat(prime);
  const w = i32x4.splat(factor);
  const s = i32x4.splat(shoupQuotient(factor, prime));
  for (let o: usize = 0; o < bytes; o += 16) {
    const d = i32x4.add(i32x4.sub(v128.load(a + o), v128.load(b + o)), p);
    v128.store(out + o, subtractIf(shoup(d, w, s, p), p));
  }
}

/** out = a, for any number of bytes. */
export function copy(out: usize, a: usize, bytes: usize): void {
  memory.copy(out, a, bytes);
}

/**
 * A permutation that keeps fours together. `table`: eight ways to order the bytes of a vector, then for each vector of
 * `out` where it comes from, as a byte offset whose lowest bits are the number of its order.
 */
export function permute(out: usize, a: usize, table: usize, bytes: usize): void {
  let entry = table + 128;
  for (let o: usize = 0; o < bytes; o += 16, entry += 4) {
    const source = <usize>load<u32>(entry);
    const order = v128.load(table + ((source & 7) << 4));
    v128.store(out + o, i8x16.swizzle(v128.load(a + (source & ~15)), order));
  }
}

/** out = a mod p for signed words −p < a < p. */
export function lift(out: usize, a: usize, bytes: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  for (let o: usize = 0; o < bytes; o += 16) {
    const x = v128.load(a + o);
    v128.store(out + o, i32x4.min_u(x, i32x4.add(x, p)));
  }
}

/** out = low + 2^32·high mod p, high a signed word: 2^31 is added to it, and 2^63 taken away from the result. */
export function reduce(out: usize, low: usize, high: usize, bytes: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  const p2 = i32x4.splat(2 * prime);
  const one = i32x4.splat(1);
  const oneQuotient = i32x4.splat(shoupQuotient(1, prime));
  const word = <u32>((<u64>1 << 32) % <u64>prime);
  const w = i32x4.splat(word);
  const wQuotient = i32x4.splat(shoupQuotient(word, prime));
  const sign = i32x4.splat(1 << 31);
  const offset = i32x4.splat(prime - <u32>((<u64>1 << 63) % <u64>prime));
  // Two loops: in one, V8 takes twice as long. The one that reads what it overwrites goes first.
  if (out == high) {
    for (let o: usize = 0; o < bytes; o += 16) {
      v128.store(out + o, shoup(v128.xor(v128.load(high + o), sign), w, wQuotient, p));
    }
    for (let o: usize = 0; o < bytes; o += 16) {
      const l = subtractIf(i32x4.add(subtractIf(shoup(v128.load(low + o), one, oneQuotient, p), p), offset), p);
      const r = i32x4.add(v128.load(out + o), l); // < 3p
      v128.store(out + o, subtractIf(subtractIf(r, p2), p));
    }
  } else {
    for (let o: usize = 0; o < bytes; o += 16) {
      v128.store(out + o, i32x4.add(shoup(v128.load(low + o), one, oneQuotient, p), offset)); // at most 3p
    }
    for (let o: usize = 0; o < bytes; o += 16) {
      const h = subtractIf(shoup(v128.xor(v128.load(high + o), sign), w, wQuotient, p), p);
      v128.store(out + o, subtractIf(subtractIf(i32x4.add(h, v128.load(out + o)), p2), p)); // below 4p before
    }
  }
}

/**
 * out0 = (y0·f + Σ x·k0)·2^−32 and out1 = (y1·f + Σ x·k1)·2^−32. `list`: the addresses y0 and y1, 0 for none, and f; then
 * `count` triples of addresses (x, k0, k1). Sixteen products of 60 bits fit into 64: longer sums are cut and added up.
 */
export function dotProduct(list: usize, count: i32, out0: usize, out1: usize, bytes: usize, prime: u32): void {
  if (count <= 3) dotPass(list, list + 12, list + 12 + 12 * <usize>count, out0, out1, bytes, prime, true, true);
  else dotPass(list, list + 12, list + 12 + 12 * <usize>min(count, 15), out0, out1, bytes, prime, true, false);
  for (let done = 15; done < count; done += 15) {
    const begin = list + 12 + 12 * <usize>done;
    dotPass(list, begin, begin + 12 * <usize>min(count - done, 15), out0, out1, bytes, prime, false, false);
  }
}

/** `first`: begin with y·f, not with what is there already. `few`: up to four products, summand included. */
// @ts-ignore: decorator
@inline
function dotPass(list: usize, begin: usize, end: usize, out0: usize, out1: usize, bytes: usize, prime: u32, first: bool, few: bool): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverseWord(prime));
  const y0 = <usize>load<u32>(list);
  const y1 = <usize>load<u32>(list, 4);
  const f = v128.load32_splat(list + 8);
  for (let o: usize = 0; o < bytes; o += 16) {
    let a0 = i64x2.splat(0);
    let a1 = a0;
    let b0 = a0;
    let b1 = a0;
    if (first && y0 != 0) {
      const y = v128.load(y0 + o);
      a0 = i64x2.extmul_low_i32x4_u(y, f);
      a1 = i64x2.extmul_high_i32x4_u(y, f);
    }
    if (first && y1 != 0) {
      const y = v128.load(y1 + o);
      b0 = i64x2.extmul_low_i32x4_u(y, f);
      b1 = i64x2.extmul_high_i32x4_u(y, f);
    }
    for (let entry = begin; entry < end; entry += 12) {
      const x = v128.load(<usize>load<u32>(entry) + o);
      const y = v128.load(<usize>load<u32>(entry, 4) + o);
      const z = v128.load(<usize>load<u32>(entry, 8) + o);
      a0 = i64x2.add(a0, i64x2.extmul_low_i32x4_u(x, y));
      a1 = i64x2.add(a1, i64x2.extmul_high_i32x4_u(x, y));
      b0 = i64x2.add(b0, i64x2.extmul_low_i32x4_u(x, z));
      b1 = i64x2.add(b1, i64x2.extmul_high_i32x4_u(x, z));
    }
    let r0 = few ? montgomery(a0, a1, p, pInverse) : montgomeryWide(a0, a1, p, pInverse);
    let r1 = few ? montgomery(b0, b1, p, pInverse) : montgomeryWide(b0, b1, p, pInverse);
    if (!first) {
      r0 = subtractIf(i32x4.add(r0, v128.load(out0 + o)), p);
      r1 = subtractIf(i32x4.add(r1, v128.load(out1 + o)), p);
    }
    v128.store(out0 + o, r0);
    v128.store(out1 + o, r1);
  }
}

/**
 * The three parts of a sum of products of two-part ciphertexts, each times 2^−32: Σ a0·b0, Σ (a0·b1 + a1·b0), Σ a1·b1
 * over `count` quadruples of addresses (a0, a1, b0, b1) at `list`. The middle part has two products a term: eight terms a pass.
 */
export function tensor(list: usize, count: i32, out0: usize, out1: usize, out2: usize, bytes: usize, prime: u32): void {
  if (count <= 2) tensorPass(list, list + 16 * <usize>count, out0, out1, out2, bytes, prime, true, true);
  else tensorPass(list, list + 16 * <usize>min(count, 8), out0, out1, out2, bytes, prime, true, false);
  for (let done = 8; done < count; done += 8) {
    const begin = list + 16 * <usize>done;
    tensorPass(begin, begin + 16 * <usize>min(count - done, 8), out0, out1, out2, bytes, prime, false, false);
  }
}

/** `first`: do not add to what is there already. `few`: up to two terms. */
// @ts-ignore: decorator
@inline
function tensorPass(begin: usize, end: usize, out0: usize, out1: usize, out2: usize, bytes: usize, prime: u32, first: bool, few: bool): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverseWord(prime));
  for (let o: usize = 0; o < bytes; o += 16) {
    let s0 = i64x2.splat(0);
    let s1 = s0;
    let m0 = s0;
    let m1 = s0;
    let t0 = s0;
    let t1 = s0;
    for (let entry = begin; entry < end; entry += 16) {
      const x0 = v128.load(<usize>load<u32>(entry) + o);
      const x1 = v128.load(<usize>load<u32>(entry, 4) + o);
      const y0 = v128.load(<usize>load<u32>(entry, 8) + o);
      const y1 = v128.load(<usize>load<u32>(entry, 12) + o);
      s0 = i64x2.add(s0, i64x2.extmul_low_i32x4_u(x0, y0));
      s1 = i64x2.add(s1, i64x2.extmul_high_i32x4_u(x0, y0));
      m0 = i64x2.add(m0, i64x2.add(i64x2.extmul_low_i32x4_u(x0, y1), i64x2.extmul_low_i32x4_u(x1, y0)));
      m1 = i64x2.add(m1, i64x2.add(i64x2.extmul_high_i32x4_u(x0, y1), i64x2.extmul_high_i32x4_u(x1, y0)));
      t0 = i64x2.add(t0, i64x2.extmul_low_i32x4_u(x1, y1));
      t1 = i64x2.add(t1, i64x2.extmul_high_i32x4_u(x1, y1));
    }
    let r0 = few ? montgomery(s0, s1, p, pInverse) : montgomeryWide(s0, s1, p, pInverse);
    let r1 = few ? montgomery(m0, m1, p, pInverse) : montgomeryWide(m0, m1, p, pInverse);
    let r2 = few ? montgomery(t0, t1, p, pInverse) : montgomeryWide(t0, t1, p, pInverse);
    if (!first) {
      r0 = subtractIf(i32x4.add(r0, v128.load(out0 + o)), p);
      r1 = subtractIf(i32x4.add(r1, v128.load(out1 + o)), p);
      r2 = subtractIf(i32x4.add(r2, v128.load(out2 + o)), p);
    }
    v128.store(out0 + o, r0);
    v128.store(out1 + o, r1);
    v128.store(out2 + o, r2);
  }
}
