// Base conversion with products of 16-bit halves: two of them and their sum are one instruction, where a product of words
// takes three. Possible where the sums fit into words, which halves.ts, who makes the constants, has checked.
import { quotientTile } from "./quotient";
import { subtractIf } from "./words";

/** Coefficients of a tile: their halves and quotients fit the scratch space for seven sources. */
const TILE_BYTES: usize = 1024;
const PAIR_BYTES: usize = 2 * TILE_BYTES;

/**
 * As baseConvert, from up to seven sources. `list` holds, in words: the source addresses; their fraction words; what is
 * taken from a source's residues to centre them; then for every target its address, its prime, what that adds to the
 * result, and for every two operands their constants' low halves, then their high ones. The last operand is the quotient.
 * Halves are signed, of 15 bits: x = low + 2^15·high. The result is Σ x·c·2^−30.
 */
export function convertHalves(list: usize, sources: i32, targets: i32, scratch: usize, bytes: usize): void {
  const words = <usize>sources << 2;
  const pairs = (sources + 2) >> 1;
  const width = 12 + (<usize>pairs << 3);
  for (let tile: usize = 0; tile < bytes; tile += TILE_BYTES) {
    const last = scratch + <usize>(sources >> 1) * PAIR_BYTES;
    quotientTile(list, sources, last, tile, TILE_BYTES);
    for (let i = 0; i < sources; i += 2) {
      const pair = scratch + <usize>(i >> 1) * PAIR_BYTES;
      splitPair(list + (<usize>i << 2), words, pair, tile, i + 1 < sources);
    }
    for (let j = 0; j < targets; j++) convertTile(list + 3 * words + <usize>j * width, sources, scratch, tile);
  }
}

/** Low halves of two operands in one vector, high halves in another; the second one is a source or the quotient. */
function splitPair(source: usize, words: usize, out: usize, tile: usize, both: bool): void {
  const x = <usize>load<u32>(source) + tile;
  const xOffset = v128.load32_splat(source + 2 * words);
  if (both) {
    const y = <usize>load<u32>(source, 4) + tile;
    const yOffset = v128.load32_splat(source + 2 * words, 4);
    for (let o: usize = 0; o < TILE_BYTES; o += 16) {
      const a = i32x4.sub(v128.load(x + o), xOffset);
      const b = i32x4.sub(v128.load(y + o), yOffset);
      const aHigh = highHalf(a);
      const bHigh = highHalf(b);
      v128.store(out + o, interleave(i32x4.sub(a, i32x4.shl(aHigh, 15)), i32x4.shl(i32x4.sub(b, i32x4.shl(bHigh, 15)), 16)));
      v128.store(out + o, interleave(aHigh, i32x4.shl(bHigh, 16)), TILE_BYTES);
    }
  } else {
    for (let o: usize = 0; o < TILE_BYTES; o += 16) {
      const a = i32x4.sub(v128.load(x + o), xOffset);
      const aHigh = highHalf(a);
      v128.store(out + o, interleave(i32x4.sub(a, i32x4.shl(aHigh, 15)), i32x4.shl(v128.load(out + o), 16)));
      v128.store(out + o, interleave(aHigh, i32x4.splat(0)), TILE_BYTES);
    }
  }
}

function convertTile(target: usize, sources: i32, scratch: usize, tile: usize): void {
  const out = <usize>load<u32>(target) + tile;
  const prime = load<u32>(target, 4);
  const p = i32x4.splat(prime);
  const p2 = i32x4.splat(2 * prime);
  const k = i32x4.splat(prime >> 15);
  const begin = v128.load32_splat(target + 8);
  const pairs = scratch + <usize>((sources + 1) >> 1) * PAIR_BYTES;
  for (let o: usize = 0; o < TILE_BYTES; o += 32) {
    let a0 = begin;
    let b0 = begin;
    // What the reductions take away on average; `begin` makes up for it.
    let a1 = i32x4.shl(k, 14);
    let b1 = a1;
    let a2 = a1;
    let b2 = a1;
    let constants = target + 12;
    for (let pair = scratch + o; pair < pairs; pair += PAIR_BYTES, constants += 8) {
      const low = v128.load32_splat(constants);
      const high = v128.load32_splat(constants + 4);
      const xLow = v128.load(pair);
      const xHigh = v128.load(pair, TILE_BYTES);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(xLow, low));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(xLow, high));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(xHigh, low));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(xHigh, high));
      const yLow = v128.load(pair, 16);
      const yHigh = v128.load(pair, TILE_BYTES + 16);
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(yLow, low));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(yLow, high));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(yHigh, low));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(yHigh, high));
    }
    if ((sources & 1) == 0) {
      // The quotient alone, which has no high half.
      const low = v128.load32_splat(constants);
      const high = v128.load32_splat(constants + 4);
      const x = v128.load(pairs + o);
      const y = v128.load(pairs + o, 16);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x, low));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(x, high));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(y, low));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(y, high));
    }
    v128.store(out + o, finish(a0, a1, a2, p, p2, k));
    v128.store(out + o, finish(b0, b1, b2, p, p2, k), 16);
  }
}

/** ⌊x/2^15⌉. */
// @ts-ignore: decorator
@inline
function highHalf(x: v128): v128 {
  return i32x4.shr_s(i32x4.add(x, i32x4.splat(1 << 14)), 15);
}

/** The lower half of every word of a, the upper half of every word of b. */
// @ts-ignore: decorator
@inline
function interleave(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 18, 19, 4, 5, 22, 23, 8, 9, 26, 27, 12, 13, 30, 31);
}

/** t·2^−15 for p = k·2^15 + 1: with t = l + 2^15·h, l ≥ 0, that is h − l·k (K-RED: Longa and Naehrig, CANS 2016). */
// @ts-ignore: decorator
@inline
function reduced(t: v128, k: v128): v128 {
  const l = v128.and(t, i32x4.splat(0x7fff));
  return i32x4.sub(i32x4.shr_s(t, 15), i32x4.dot_i16x8_s(l, k));
}

/** Canonical (s0 + 2^15·s1 + 2^30·s2)·2^−30, from (−2p, 2p). */
// @ts-ignore: decorator
@inline
function finish(s0: v128, s1: v128, s2: v128, p: v128, p2: v128, k: v128): v128 {
  const r = i32x4.add(reduced(i32x4.add(reduced(s0, k), s1), k), s2);
  return subtractIf(i32x4.min_u(r, i32x4.add(r, p2)), p);
}
