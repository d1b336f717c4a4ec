// Sums of limbs times numbers, several at a time: each input is read once for all of them, and half of the products are
// shared. With x' = x − c and f' in [−c, c], c = (p − 1)/2, a pair of terms is
//   x'1·f1 + x'2·f2 = (x'1 + f2)·(x'2 + f1) − x'1·x'2 − f1·f2,
// where x'1·x'2 serves all outputs, and f1·f2 and what c adds are one number of the output.
// Source: Winograd, "A new algorithm for inner product", IEEE Transactions on Computers 17, 1968.
import { inverseWord, montgomerySigned, subtractIf } from "./words";

/** Bytes of each limb at a time: a pass's inputs stay in the first cache while all outputs take their sums. */
const CHUNK: usize = 1024;
/** Pairs of a pass: products of words in (−p, p), of which a signed 64-bit word holds eight. */
const PAIRS: i32 = 8;

/**
 * out_o = Σ_i x_i·f_io·2^−32. `list`: the addresses of the outputs, then for each input its address and a factor for each
 * output, then a word for each output. All but the addresses is overwritten: a row runs once.
 */
export function combine(list: usize, scratch: usize, inputs: i32, outputs: i32, bytes: usize, prime: u32): void {
  const terms = list + 4 * <usize>outputs;
  const pitch = 4 + 4 * <usize>outputs;
  const constants = terms + pitch * <usize>inputs;
  const pairs = inputs >> 1;
  const odd: usize = (inputs & 1) == 0 ? 0 : terms + pitch * <usize>(inputs - 1);
  for (let o = 0; o < outputs; o++) prepare(terms + 4 + 4 * <usize>o, pitch, pairs, odd, constants + 4 * <usize>o, prime);
  for (let at: usize = 0; at < bytes; at += CHUNK) {
    common(scratch, terms, pitch, pairs, at, prime);
    let done = 0;
    do {
      const begin = terms + 2 * pitch * <usize>done;
      const count = min(pairs - done, PAIRS);
      const end = begin + 2 * pitch * <usize>count;
      // The single term is no pair's, and goes where a word has room for it: perhaps a pass of its own.
      const single: usize = done + count == pairs && count < PAIRS ? odd : 0;
      let o = 0;
      for (; o + 4 <= outputs; o += 4) four(list + 4 * <usize>o, begin, end, pitch, 4 + 4 * <usize>o, single, at, prime, done == 0);
      for (; o < outputs; o++) one(list + 4 * <usize>o, begin, end, pitch, 4 + 4 * <usize>o, single, at, prime, done == 0);
      done += PAIRS;
    } while (done < pairs || (done == pairs && odd != 0));
    for (let o = 0; o < outputs; o++) {
      finish(<usize>load<u32>(list + 4 * <usize>o) + at, scratch, load<u32>(constants + 4 * <usize>o), prime);
    }
  }
}

/**
 * Makes f' − c of an output's factors in pairs, f' of a single one, and its constant: (c·Σ f − Σ f1·f2)·2^−32, over the pairs.
 */
function prepare(factor: usize, pitch: usize, pairs: i32, odd: usize, constant: usize, prime: u32): void {
  const p = <i64>prime;
  const c = <i32>((prime - 1) >> 1);
  let sum: i64 = 0;
  let products: i64 = 0;
  for (let k = 0; k < pairs; k++, factor += 2 * pitch) {
    const f1 = centred(load<u32>(factor), prime);
    const f2 = centred(load<u32>(factor + pitch), prime);
    store<i32>(factor, f1 - c);
    store<i32>(factor + pitch, f2 - c);
    sum += <i64>f1 + <i64>f2;
    products = (products + <i64>f1 * <i64>f2) % p;
  }
  if (odd != 0) store<i32>(factor, centred(load<u32>(factor), prime));
  const all = ((<i64>c * (sum % p) - products) % p + p) % p;
  // all·2^−32: what makes it a multiple of 2^32 is at most p·(2^32 − 1).
  const q = <u64>(<u32>all * (0 - inverseWord(prime)));
  const r = (<u64>all + q * <u64>prime) >> 32;
  store<u32>(constant, <u32>(r >= <u64>prime ? r - <u64>prime : r));
}

// @ts-ignore: decorator
@inline
function centred(f: u32, prime: u32): i32 {
  return f > (prime - 1) >> 1 ? <i32>(f - prime) : <i32>f;
}

/** Σ x'1·x'2·2^−32 of a chunk, into `out`. */
function common(out: usize, terms: usize, pitch: usize, pairs: i32, at: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverseWord(prime));
  const c = i32x4.splat((prime - 1) >> 1);
  let done = 0;
  do {
    const begin = terms + 2 * pitch * <usize>done;
    const end = begin + 2 * pitch * <usize>min(pairs - done, PAIRS);
    for (let o: usize = 0; o < CHUNK; o += 16) {
      let a = i64x2.splat(0);
      let b = a;
      for (let entry = begin; entry < end; entry += 2 * pitch) {
        const x = i32x4.sub(v128.load(<usize>load<u32>(entry) + at + o), c);
        const y = i32x4.sub(v128.load(<usize>load<u32>(entry + pitch) + at + o), c);
        a = i64x2.add(a, i64x2.extmul_low_i32x4_s(x, y));
        b = i64x2.add(b, i64x2.extmul_high_i32x4_s(x, y));
      }
      put(out + o, montgomerySigned(a, b, p, pInverse), p, done == 0);
    }
    done += PAIRS;
  } while (done < pairs);
}

/** A chunk of four sums: eight accumulators of two words are what registers hold beside the operands. */
// @ts-ignore: decorator
@inline
function four(outs: usize, begin: usize, end: usize, pitch: usize, factors: usize, single: usize, at: usize, prime: u32, first: bool): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverseWord(prime));
  const out0 = <usize>load<u32>(outs);
  const out1 = <usize>load<u32>(outs, 4);
  const out2 = <usize>load<u32>(outs, 8);
  const out3 = <usize>load<u32>(outs, 12);
  for (let o = at; o < at + CHUNK; o += 16) {
    let a0 = i64x2.splat(0);
    let b0 = a0;
    let a1 = a0;
    let b1 = a0;
    let a2 = a0;
    let b2 = a0;
    let a3 = a0;
    let b3 = a0;
    for (let entry = begin; entry < end; entry += 2 * pitch) {
      const next = entry + pitch;
      const x = v128.load(<usize>load<u32>(entry) + o);
      const y = v128.load(<usize>load<u32>(next) + o);
      const s0 = i32x4.add(x, v128.load32_splat(next + factors));
      const t0 = i32x4.add(y, v128.load32_splat(entry + factors));
      a0 = i64x2.add(a0, i64x2.extmul_low_i32x4_s(s0, t0));
      b0 = i64x2.add(b0, i64x2.extmul_high_i32x4_s(s0, t0));
      const s1 = i32x4.add(x, v128.load32_splat(next + factors, 4));
      const t1 = i32x4.add(y, v128.load32_splat(entry + factors, 4));
      a1 = i64x2.add(a1, i64x2.extmul_low_i32x4_s(s1, t1));
      b1 = i64x2.add(b1, i64x2.extmul_high_i32x4_s(s1, t1));
      const s2 = i32x4.add(x, v128.load32_splat(next + factors, 8));
      const t2 = i32x4.add(y, v128.load32_splat(entry + factors, 8));
      a2 = i64x2.add(a2, i64x2.extmul_low_i32x4_s(s2, t2));
      b2 = i64x2.add(b2, i64x2.extmul_high_i32x4_s(s2, t2));
      const s3 = i32x4.add(x, v128.load32_splat(next + factors, 12));
      const t3 = i32x4.add(y, v128.load32_splat(entry + factors, 12));
      a3 = i64x2.add(a3, i64x2.extmul_low_i32x4_s(s3, t3));
      b3 = i64x2.add(b3, i64x2.extmul_high_i32x4_s(s3, t3));
    }
    if (single != 0) {
      const x = v128.load(<usize>load<u32>(single) + o);
      const f0 = v128.load32_splat(single + factors);
      a0 = i64x2.add(a0, i64x2.extmul_low_i32x4_s(x, f0));
      b0 = i64x2.add(b0, i64x2.extmul_high_i32x4_s(x, f0));
      const f1 = v128.load32_splat(single + factors, 4);
      a1 = i64x2.add(a1, i64x2.extmul_low_i32x4_s(x, f1));
      b1 = i64x2.add(b1, i64x2.extmul_high_i32x4_s(x, f1));
      const f2 = v128.load32_splat(single + factors, 8);
      a2 = i64x2.add(a2, i64x2.extmul_low_i32x4_s(x, f2));
      b2 = i64x2.add(b2, i64x2.extmul_high_i32x4_s(x, f2));
      const f3 = v128.load32_splat(single + factors, 12);
      a3 = i64x2.add(a3, i64x2.extmul_low_i32x4_s(x, f3));
      b3 = i64x2.add(b3, i64x2.extmul_high_i32x4_s(x, f3));
    }
    put(out0 + o, montgomerySigned(a0, b0, p, pInverse), p, first);
    put(out1 + o, montgomerySigned(a1, b1, p, pInverse), p, first);
    put(out2 + o, montgomerySigned(a2, b2, p, pInverse), p, first);
    put(out3 + o, montgomerySigned(a3, b3, p, pInverse), p, first);
  }
}

// @ts-ignore: decorator
@inline
function one(outs: usize, begin: usize, end: usize, pitch: usize, factors: usize, single: usize, at: usize, prime: u32, first: bool): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverseWord(prime));
  const out = <usize>load<u32>(outs);
  for (let o = at; o < at + CHUNK; o += 16) {
    let a = i64x2.splat(0);
    let b = a;
    for (let entry = begin; entry < end; entry += 2 * pitch) {
      const next = entry + pitch;
      const s = i32x4.add(v128.load(<usize>load<u32>(entry) + o), v128.load32_splat(next + factors));
      const t = i32x4.add(v128.load(<usize>load<u32>(next) + o), v128.load32_splat(entry + factors));
      a = i64x2.add(a, i64x2.extmul_low_i32x4_s(s, t));
      b = i64x2.add(b, i64x2.extmul_high_i32x4_s(s, t));
    }
    if (single != 0) {
      const x = v128.load(<usize>load<u32>(single) + o);
      const f = v128.load32_splat(single + factors);
      a = i64x2.add(a, i64x2.extmul_low_i32x4_s(x, f));
      b = i64x2.add(b, i64x2.extmul_high_i32x4_s(x, f));
    }
    put(out + o, montgomerySigned(a, b, p, pInverse), p, first);
  }
}

/** `first`: do not add to what is there. */
// @ts-ignore: decorator
@inline
function put(out: usize, sum: v128, p: v128, first: bool): void {
  v128.store(out, first ? sum : subtractIf(i32x4.add(sum, v128.load(out)), p));
}

/** out += constant − common. */
// @ts-ignore: decorator
@inline
function finish(out: usize, common: usize, constant: u32, prime: u32): void {
  const p = i32x4.splat(prime);
  const k = i32x4.splat(constant);
  for (let o: usize = 0; o < CHUNK; o += 16) {
    const d = i32x4.sub(v128.load(out + o), v128.load(common + o));
    v128.store(out + o, subtractIf(i32x4.add(i32x4.min_u(d, i32x4.add(d, p)), k), p));
  }
}
