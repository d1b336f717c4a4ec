import type { Shape } from "../graph/network.js";
import { sizeOf } from "../graph/shapes.js";
import { eachTap } from "../graph/windows.js";

/**
 * Of each element that one sum pool after another leaves of a value of `shape`, the elements that it is the sum of; a rest at the
 * border is dropped. Row-major.
 */
export function poolWindows(shape: Shape, pools: readonly (readonly number[])[]): number[][] {
  let left = shape;
  let windows = Array.from({ length: sizeOf(shape) }, (_, element) => [element]);
  for (const kernel of pools) {
    const pooled = left.map((extent, d) => (d === 0 ? extent : Math.floor(extent / (kernel[d - 1] ?? 1))));
    const [plane, places] = [sizeOf(left.slice(1)), sizeOf(pooled.slice(1))];
    const sums = Array.from({ length: sizeOf(pooled) }, (): number[] => []);
    eachTap({ input: left.slice(1), output: pooled.slice(1), kernel, stride: kernel }, (window, _tap, element) => {
      for (let c = 0; c < left[0]; c++) sums[c * places + window].push(...windows[c * plane + element]);
    });
    left = pooled;
    windows = sums;
  }
  return windows;
}
