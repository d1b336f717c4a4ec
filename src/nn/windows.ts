import type { Shape } from "./graph.js";
import { outputShape } from "./shapes.js";

/**
 * Visits each pixel of a map that lies in a window, with the index of its window in the pooled map, both [channel][row][column].
 * Windows tile from the top left corner; a rest at the border is in none.
 */
export function eachInWindows(
  kernel: readonly [height: number, width: number],
  input: Shape,
  visit: (window: number, pixel: number) => void,
): void {
  const output = outputShape({ op: "sumPool2d", kernel }, input);
  for (let c = 0; c < output.channels; c++) {
    for (let y = 0; y < output.height * kernel[0]; y++) {
      for (let x = 0; x < output.width * kernel[1]; x++) {
        const window = (c * output.height + Math.floor(y / kernel[0])) * output.width + Math.floor(x / kernel[1]);
        visit(window, (c * input.height + y) * input.width + x);
      }
    }
  }
}

/** Sums over the windows. */
export function sumWindows(kernel: readonly [number, number], input: Shape, values: Float64Array): Float64Array {
  const { channels, height, width } = outputShape({ op: "sumPool2d", kernel }, input);
  const sums = new Float64Array(channels * height * width);
  eachInWindows(kernel, input, (window, pixel) => {
    sums[window] += values[pixel];
  });
  return sums;
}
