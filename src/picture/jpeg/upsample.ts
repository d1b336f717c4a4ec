import type { Component, Frame } from "./frame.js";

/**
 * A component's samples at the picture's size. Where it has half as many, a sample lies between two pixels, and each pixel is three parts of
 * the nearer and one of the other, as libjpeg does it, with its rounding; where it has fewer still, pixels repeat.
 */
export function fullSize(component: Component, plane: Uint8Array, frame: Frame): Uint8Array {
  const { width, height } = frame;
  const across = frame.hMost / component.h;
  const down = frame.vMost / component.v;
  const stride = 8 * component.lineBlocks;
  if (across === 1 && down === 1 && stride === width) return plane.subarray(0, width * height);
  const result = new Uint8Array(width * height);
  const line = new Int32Array(component.width);
  for (let y = 0; y < height; y++) {
    const to = y * width;
    const near = Math.floor(y / down);
    if (across === 1 && down === 1) {
      result.set(plane.subarray(y * stride, y * stride + width), to);
      continue;
    }
    // Rows first: quarters of a sample where the vertical factor is 2.
    const other = down === 2 ? neighbour(near, y % 2, component.height) : near;
    for (let x = 0; x < component.width; x++) {
      const own = plane[near * stride + x];
      line[x] = down === 2 ? 3 * own + plane[other * stride + x] : own;
    }
    for (let x = 0; x < width; x++) result[to + x] = pixelOf(line, x, across, down === 2, y % 2, component.width);
  }
  return result;
}

function pixelOf(line: Int32Array, x: number, across: number, quarters: boolean, odd: number, width: number): number {
  const near = Math.floor(x / across);
  if (across !== 2) return quarters ? (line[near] + 1 + odd) >> 2 : line[near];
  const sum = 3 * line[near] + line[neighbour(near, x % 2, width)];
  // Rounding alternates, so that it does not brighten the whole.
  return quarters ? (sum + 8 - (x % 2)) >> 4 : (sum + 1 + (x % 2)) >> 2;
}

function neighbour(near: number, second: number, count: number): number {
  return Math.min(count - 1, Math.max(0, second === 1 ? near + 1 : near - 1));
}
