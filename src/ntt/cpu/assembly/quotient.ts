// What both base conversions begin with.
import { mulHigh } from "./words";

/**
 * v = ⌊(Σ ⌊x_i·f_i/2^32⌋ + 2^23) / 2^24⌋ for a tile of `bytes`, `tile` bytes into the sources; `list` holds their addresses,
 * then their fraction words.
 */
export function quotientTile(list: usize, sources: i32, out: usize, tile: usize, bytes: usize): void {
  const end = <usize>sources << 2;
  const fractions = list + end;
  const half = i32x4.splat(1 << 23);
  for (let o: usize = 0; o < bytes; o += 32) {
    let s0 = half;
    let s1 = half;
    for (let i: usize = 0; i < end; i += 4) {
      const x = <usize>load<u32>(list + i) + tile + o;
      const f = v128.load32_splat(fractions + i);
      s0 = i32x4.add(s0, mulHigh(v128.load(x), f));
      s1 = i32x4.add(s1, mulHigh(v128.load(x, 16), f));
    }
    v128.store(out + o, i32x4.shr_u(s0, 24));
    v128.store(out + o, i32x4.shr_u(s1, 24), 16);
  }
}
