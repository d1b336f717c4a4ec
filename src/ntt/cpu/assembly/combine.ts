// Sums of limbs times numbers, several at a time: each input is read once for all of them.
import { inverseWord, montgomeryWide, subtractIf } from "./words";

/** Bytes of each limb at a time: sixteen inputs of them stay in the first cache while all outputs take their sums. */
const CHUNK: usize = 1024;
/** Products of two residues that fit into 64 bits. */
const TERMS: i32 = 16;

/**
 * out_o = Σ_i x_i·f_io·2^−32. `list`: the addresses of the outputs, then for each input its address and a factor for each
 * output.
 */
export function combine(list: usize, inputs: i32, outputs: i32, bytes: usize, prime: u32): void {
  const terms = list + 4 * <usize>outputs;
  const pitch = 4 + 4 * <usize>outputs;
  for (let at: usize = 0; at < bytes; at += CHUNK) {
    let done = 0;
    do {
      const begin = terms + pitch * <usize>done;
      const end = begin + pitch * <usize>min(inputs - done, TERMS);
      let o = 0;
      if (done == 0) {
        for (; o + 4 <= outputs; o += 4) four(list + 4 * <usize>o, begin, end, pitch, 4 + 4 * <usize>o, at, prime, true);
        for (; o < outputs; o++) one(list + 4 * <usize>o, begin, end, pitch, 4 + 4 * <usize>o, at, prime, true);
      } else {
        for (; o + 4 <= outputs; o += 4) four(list + 4 * <usize>o, begin, end, pitch, 4 + 4 * <usize>o, at, prime, false);
        for (; o < outputs; o++) one(list + 4 * <usize>o, begin, end, pitch, 4 + 4 * <usize>o, at, prime, false);
      }
      done += TERMS;
    } while (done < inputs);
  }
}

/** A chunk of four sums: eight accumulators of two words are what registers hold beside the operands. `first`: do not add to what is there. */
// @ts-ignore: decorator
@inline
function four(outs: usize, begin: usize, end: usize, pitch: usize, factors: usize, at: usize, prime: u32, first: bool): void {
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
    for (let entry = begin; entry < end; entry += pitch) {
      const x = v128.load(<usize>load<u32>(entry) + o);
      const f0 = v128.load32_splat(entry + factors);
      a0 = i64x2.add(a0, i64x2.extmul_low_i32x4_u(x, f0));
      b0 = i64x2.add(b0, i64x2.extmul_high_i32x4_u(x, f0));
      const f1 = v128.load32_splat(entry + factors, 4);
      a1 = i64x2.add(a1, i64x2.extmul_low_i32x4_u(x, f1));
      b1 = i64x2.add(b1, i64x2.extmul_high_i32x4_u(x, f1));
      const f2 = v128.load32_splat(entry + factors, 8);
      a2 = i64x2.add(a2, i64x2.extmul_low_i32x4_u(x, f2));
      b2 = i64x2.add(b2, i64x2.extmul_high_i32x4_u(x, f2));
      const f3 = v128.load32_splat(entry + factors, 12);
      a3 = i64x2.add(a3, i64x2.extmul_low_i32x4_u(x, f3));
      b3 = i64x2.add(b3, i64x2.extmul_high_i32x4_u(x, f3));
    }
    put(out0 + o, montgomeryWide(a0, b0, p, pInverse), p, first);
    put(out1 + o, montgomeryWide(a1, b1, p, pInverse), p, first);
    put(out2 + o, montgomeryWide(a2, b2, p, pInverse), p, first);
    put(out3 + o, montgomeryWide(a3, b3, p, pInverse), p, first);
  }
}

// @ts-ignore: decorator
@inline
function one(outs: usize, begin: usize, end: usize, pitch: usize, factors: usize, at: usize, prime: u32, first: bool): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverseWord(prime));
  const out = <usize>load<u32>(outs);
  for (let o = at; o < at + CHUNK; o += 16) {
    let a = i64x2.splat(0);
    let b = a;
    for (let entry = begin; entry < end; entry += pitch) {
      const x = v128.load(<usize>load<u32>(entry) + o);
      const f = v128.load32_splat(entry + factors);
      a = i64x2.add(a, i64x2.extmul_low_i32x4_u(x, f));
      b = i64x2.add(b, i64x2.extmul_high_i32x4_u(x, f));
    }
    put(out + o, montgomeryWide(a, b, p, pInverse), p, first);
  }
}

// @ts-ignore: decorator
@inline
function put(out: usize, sum: v128, p: v128, first: bool): void {
  v128.store(out, first ? sum : subtractIf(i32x4.add(sum, v128.load(out)), p));
}
