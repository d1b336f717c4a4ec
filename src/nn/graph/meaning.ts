import { activationOf } from "./activations.js";
import type { AvgPool, BatchNorm, Conv, Layer, Shape } from "./network.js";
import { planeOf, sizeOf } from "./shapes.js";
import { correlate, eachTap, type Windows } from "./windows.js";

/** What a layer makes of values in doubles, as plain loops: the reference that everything encrypted is compared with. */
export function meaningOf(
  layer: Layer,
  shapes: readonly Shape[],
  values: readonly Float64Array[],
  output: Shape,
): Float64Array {
  const [input] = shapes;
  const [x] = values;
  switch (layer.op) {
    case "conv":
      return convolve(layer, input, x, output);
    case "batchNorm":
      return normalize(layer, input, x);
    case "affine": {
      const at = spread(layer.scale, input);
      return x.map((value, i) => layer.scale[at(i)] * value + layer.offset[at(i)]);
    }
    case "quad": {
      const at = spread(layer.a, input);
      return x.map((value, i) => (layer.a[at(i)] * value + layer.b[at(i)]) * value + layer.c[at(i)]);
    }
    case "activation":
      return x.map(activationOf(layer));
    case "polynomial":
      return x.map((value) => layer.polynomial.at(value));
    case "avgPool":
      return meanWindows(layer, input, x, output);
    case "globalAvgPool":
      return meanWindows({ kernel: input.slice(1), stride: input.slice(1) }, input, x, output);
    case "flatten":
    case "reshape":
      return x;
    case "rearrange": {
      const all = values.length === 1 ? x : joined(values);
      return Float64Array.from(layer.index, (from) => (from < 0 ? 0 : all[from]));
    }
    case "linear":
      return multiplyMatrix(layer.weights, layer.bias, x);
    case "add":
      return values.slice(1).reduce((sum, other) => sum.map((value, i) => value + other[i]), x);
    case "multiply":
      return x.map((value, i) => value * values[1][i]);
  }
}

/** Of an element, where its number is in a list that has one for each channel, or one for each element. */
export function spread(list: { readonly length: number }, shape: Shape): (index: number) => number {
  if (list.length === sizeOf(shape)) return (index) => index;
  const plane = planeOf(shape);
  return (index) => Math.floor(index / plane);
}

/** Cross-correlation with zero padding, and its bias. */
function convolve(layer: Conv, input: Shape, values: Float64Array, output: Shape): Float64Array {
  const { kernel, stride, dilation, padding } = layer;
  const outPlane = planeOf(output);
  const result = Float64Array.from({ length: sizeOf(output) }, (_, i) => layer.bias[Math.floor(i / outPlane)]);
  const windows: Windows = { input: input.slice(1), output: output.slice(1), kernel, stride, dilation, padding };
  correlate({ ...layer, windows }, values, result);
  return result;
}

/** Means over windows; a rest at the border is dropped. */
function meanWindows(
  { kernel, stride }: Pick<AvgPool, "kernel" | "stride">,
  input: Shape,
  values: Float64Array,
  output: Shape,
): Float64Array {
  const [inPlane, outPlane] = [planeOf(input), planeOf(output)];
  const sums = new Float64Array(sizeOf(output));
  const windows: Windows = { input: input.slice(1), output: output.slice(1), kernel, stride };
  eachTap(windows, (at, _tap, from) => {
    for (let c = 0; c < input[0]; c++) sums[c * outPlane + at] += values[c * inPlane + from];
  });
  return sums.map((sum) => sum / sizeOf(kernel));
}

function normalize(layer: BatchNorm, input: Shape, values: Float64Array): Float64Array {
  const at = spread(layer.gamma, input);
  return values.map((value, index) => {
    const c = at(index);
    return (layer.gamma[c] * (value - layer.mean[c])) / Math.sqrt(layer.variance[c] + layer.epsilon) + layer.beta[c];
  });
}

/** Matrix [out][in] times the values, plus bias. */
function multiplyMatrix(weights: Float64Array, bias: Float64Array, values: Float64Array): Float64Array {
  return bias.map((offset, row) => {
    let sum = offset;
    for (let column = 0; column < values.length; column++)
      sum += weights[row * values.length + column] * values[column];
    return sum;
  });
}

function joined(values: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const each of values) {
    all.set(each, at);
    at += each.length;
  }
  return all;
}
