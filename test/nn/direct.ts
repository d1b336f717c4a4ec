/** Convolution and average pooling by their definitions, over any number of axes: one loop over windows and one over taps. */
import type { Conv } from "../../src/nn/graph/network.js";

export const size = (dims: readonly number[]) => dims.reduce((product, extent) => product * extent, 1);

/** The numbers of entry `index` along each axis. */
export function places(index: number, dims: readonly number[]): number[] {
  const result: number[] = [];
  for (let k = dims.length - 1, rest = index; k >= 0; k--) {
    result.unshift(rest % dims[k]);
    rest = Math.floor(rest / dims[k]);
  }
  return result;
}

export const indexOf = (at: readonly number[], dims: readonly number[]) =>
  at.reduce((index, place, axis) => index * dims[axis] + place, 0);

/** Convolution of [channels, ...extents] by the formula: each output by itself. */
export function direct(conv: Omit<Conv, "op">, input: readonly number[], image: ArrayLike<number>): number[] {
  const [, ...extents] = input;
  const { kernel, stride, dilation, padding, groups, inChannels, outChannels } = conv;
  const outputs = extents.map((extent, axis) => {
    const room = extent + padding.before[axis] + padding.after[axis] - (kernel[axis] - 1) * dilation[axis] - 1;
    return Math.floor(room / stride[axis]) + 1;
  });
  const [ofGroup, outGroup] = [inChannels / groups, outChannels / groups];
  return Array.from({ length: outChannels * size(outputs) }, (_, index) => {
    const [channel, ...window] = places(index, [outChannels, ...outputs]);
    let sum = conv.bias[channel];
    for (let n = 0; n < ofGroup * size(kernel); n++) {
      const [i, ...tap] = places(n, [ofGroup, ...kernel]);
      const at = window.map((w, axis) => w * stride[axis] + tap[axis] * dilation[axis] - padding.before[axis]);
      if (at.some((place, axis) => place < 0 || place >= extents[axis])) continue;
      const from = indexOf([Math.floor(channel / outGroup) * ofGroup + i, ...at], input);
      sum += conv.weights[channel * ofGroup * size(kernel) + n] * image[from];
    }
    return sum;
  });
}

export interface Pooling {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly withPadding: boolean;
  /** Another window where a rest is left, unless it begins behind the value and the padding before it. */
  readonly ceil: boolean;
}

/** ONNX's AveragePool of [channels, ...extents]; undefined where a window holds nothing that counts. */
export function averages(pool: Pooling, input: readonly number[], image: ArrayLike<number>): number[] | undefined {
  const [channels, ...extents] = input;
  const outputs = extents.map((extent, axis) => {
    const reach = (pool.kernel[axis] - 1) * pool.dilation[axis] + 1;
    const exact = (extent + pool.before[axis] + pool.after[axis] - reach) / pool.stride[axis] + 1;
    if (exact < 1) return 0;
    const rounded = pool.ceil ? Math.ceil(exact) : Math.floor(exact);
    return pool.ceil && (rounded - 1) * pool.stride[axis] >= extent + pool.before[axis] ? rounded - 1 : rounded;
  });
  if (outputs.some((count) => count < 1)) return undefined;
  const result = Array.from({ length: channels * size(outputs) }, (_, index) => {
    const [channel, ...window] = places(index, [channels, ...outputs]);
    let [sum, count] = [0, 0];
    for (let n = 0; n < size(pool.kernel); n++) {
      const tap = places(n, pool.kernel);
      const at = window.map((w, axis) => w * pool.stride[axis] + tap[axis] * pool.dilation[axis] - pool.before[axis]);
      const inside = at.every((place, axis) => place >= 0 && place < extents[axis]);
      const padded = at.every((place, axis) => place < extents[axis] + pool.after[axis]);
      if (inside) sum += image[indexOf([channel, ...at], input)];
      if (inside || (padded && pool.withPadding)) count++;
    }
    return sum / count;
  });
  return result.some(Number.isNaN) ? undefined : result;
}
