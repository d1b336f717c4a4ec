// Base conversion: the kernel that costs as much as the transforms around it. Four vectors at a time, so that a
// source's address and constant are loaded once for sixteen coefficients.
import { convertHalves } from "./convert-halves";
import { quotientTile } from "./quotient";
import { inverseWord, montgomeryWide, subtractIf } from "./words";

/** A tile of every source stays in the first cache while all targets are made from it. */
const TILE_BYTES: usize = 2048;

/**
 * Base conversion of `sources` limbs to `targets` limbs. `list` holds, in words: the source addresses; their fraction
 * words ⌊2^56/q_i⌋; then for every target its address, its prime, one constant for each source and one for the quotient.
 * Every target gets (Σ x_i·c_i + v·d)·2^−32 with v = ⌊(Σ ⌊x_i·f_i/2^32⌋ + 2^23) / 2^24⌋, the rounded sum of x_i/q_i.
 * With `halves` the list is what convertHalves wants.
 */
export function baseConvert(list: usize, sources: i32, targets: i32, scratch: usize, bytes: usize, halves: bool): void {
  if (halves) {
    convertHalves(list, sources, targets, scratch, bytes);
    return;
  }
  const fractions = list + (<usize>sources << 2);
  const first = fractions + (<usize>sources << 2);
  const width = <usize>(sources + 3) << 2;
  for (let tile: usize = 0; tile < bytes; tile += TILE_BYTES) {
    quotientTile(list, sources, scratch, tile, TILE_BYTES);
    for (let j = 0; j < targets; j++) convertTile(list, sources, first + <usize>j * width, scratch, tile);
  }
}

function convertTile(list: usize, sources: i32, target: usize, scratch: usize, tile: usize): void {
  const out = <usize>load<u32>(target) + tile;
  const prime = load<u32>(target, 4);
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverseWord(prime));
  const quotientConstant = v128.load32_splat(target + 8 + (<usize>sources << 2));
  const zero = i64x2.splat(0);
  // Fifteen products and the small one of the quotient a pass.
  for (let done = 0; done == 0 || done < sources; done += 15) {
    const begin = <usize>done << 2;
    const end = <usize>min(sources, done + 15) << 2;
    for (let o: usize = 0; o < TILE_BYTES; o += 64) {
      let a0 = zero, a1 = zero, b0 = zero, b1 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
      if (done == 0) {
        const v = scratch + o;
        a0 = i64x2.extmul_low_i32x4_u(v128.load(v), quotientConstant);
        a1 = i64x2.extmul_high_i32x4_u(v128.load(v), quotientConstant);
        b0 = i64x2.extmul_low_i32x4_u(v128.load(v, 16), quotientConstant);
        b1 = i64x2.extmul_high_i32x4_u(v128.load(v, 16), quotientConstant);
        c0 = i64x2.extmul_low_i32x4_u(v128.load(v, 32), quotientConstant);
        c1 = i64x2.extmul_high_i32x4_u(v128.load(v, 32), quotientConstant);
        d0 = i64x2.extmul_low_i32x4_u(v128.load(v, 48), quotientConstant);
        d1 = i64x2.extmul_high_i32x4_u(v128.load(v, 48), quotientConstant);
      }
      for (let i = begin; i < end; i += 4) {
        const x = <usize>load<u32>(list + i) + tile + o;
        const k = v128.load32_splat(target + 8 + i);
        let y = v128.load(x);
        a0 = i64x2.add(a0, i64x2.extmul_low_i32x4_u(y, k));
        a1 = i64x2.add(a1, i64x2.extmul_high_i32x4_u(y, k));
        y = v128.load(x, 16);
        b0 = i64x2.add(b0, i64x2.extmul_low_i32x4_u(y, k));
        b1 = i64x2.add(b1, i64x2.extmul_high_i32x4_u(y, k));
        y = v128.load(x, 32);
        c0 = i64x2.add(c0, i64x2.extmul_low_i32x4_u(y, k));
        c1 = i64x2.add(c1, i64x2.extmul_high_i32x4_u(y, k));
        y = v128.load(x, 48);
        d0 = i64x2.add(d0, i64x2.extmul_low_i32x4_u(y, k));
        d1 = i64x2.add(d1, i64x2.extmul_high_i32x4_u(y, k));
      }
      finish(out + o, a0, a1, p, pInverse, done);
      finish(out + o + 16, b0, b1, p, pInverse, done);
      finish(out + o + 32, c0, c1, p, pInverse, done);
      finish(out + o + 48, d0, d1, p, pInverse, done);
    }
  }
}

// @ts-ignore: decorator
@inline
function finish(out: usize, even: v128, odd: v128, p: v128, pInverse: v128, done: i32): void {
  let r = montgomeryWide(even, odd, p, pInverse);
  if (done > 0) r = subtractIf(i32x4.add(r, v128.load(out)), p);
  v128.store(out, r);
}
