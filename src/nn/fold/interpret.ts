import { type ImageValues, imageValues } from "../graph/image.js";
import type { Shape } from "../graph/network.js";
import { sizeOf } from "../graph/shapes.js";
import { eachTap } from "../graph/windows.js";
import { type FoldedLayer, type FoldedLinear, type FoldedNetwork, takenBy } from "./folded.js";
import { foldedShapes } from "./shapes.js";
import { applyTerm } from "./terms.js";

/** Sees what each layer gives: `index` counts the folded layers, `shape` and `values` (row-major) are the layer's output. */
export type FoldedObserver = (index: number, layer: FoldedLayer, shape: Shape, values: Float64Array) => void;

/**
 * Logits of a folded network in doubles.
 * @param image as for `interpret`
 * @param onLayer called after each layer; calibration takes its ranges here
 * @throws TypeError and ParameterError for what is no image of the network: see `imageValues`.
 */
export function interpretFolded(folded: FoldedNetwork, image: ImageValues, onLayer?: FoldedObserver): Float64Array {
  const shapes = foldedShapes(folded);
  const values = [imageValues(folded.input, image)];
  for (const [index, layer] of folded.layers.entries()) {
    const taken = takenBy(layer);
    const inputs = taken.map((value) => values[value]);
    const result = apply(
      layer,
      taken.map((value) => shapes[value]),
      inputs,
      shapes[index + 1],
    );
    values.push(result);
    onLayer?.(index, layer, shapes[index + 1], result);
  }
  return values[values.length - 1];
}

function apply(
  layer: FoldedLayer,
  shapes: readonly Shape[],
  inputs: readonly Float64Array[],
  output: Shape,
): Float64Array {
  const [x] = inputs;
  switch (layer.op) {
    case "linear":
      return linear(layer, shapes, inputs);
    case "square":
      return x.map((value) => value * value);
    case "quad":
      return x.map((value, i) => (layer.a[i] * value + layer.b[i]) * value + layer.c[i]);
    case "shift":
      return x.map((value, i) => value + layer.offset[i]);
    case "sumPool":
      return sumWindows(layer.kernel, shapes[0], output, x);
    case "add":
      return inputs.reduce((sum, other) => sum.map((value, i) => value + other[i]));
    case "multiply":
      return x.map((value, i) => value * inputs[1][i]);
    case "polynomial":
      return x.map((value) => layer.polynomial.at(value));
  }
}

function linear(layer: FoldedLinear, shapes: readonly Shape[], inputs: readonly Float64Array[]): Float64Array {
  const { shape, bias, outScale } = layer;
  const sums = layer.terms.map((term, k) => applyTerm(term, shapes[k], shape, inputs[k]));
  return bias.map((offset, i) => offset + (outScale?.[i] ?? 1) * sums.reduce((sum, each) => sum + each[i], 0));
}

function sumWindows(kernel: readonly number[], input: Shape, output: Shape, values: Float64Array): Float64Array {
  const [inPlane, outPlane] = [sizeOf(input.slice(1)), sizeOf(output.slice(1))];
  const sums = new Float64Array(sizeOf(output));
  const windows = { input: input.slice(1), output: output.slice(1), kernel, stride: kernel };
  eachTap(windows, (window, _tap, element) => {
    for (let c = 0; c < input[0]; c++) sums[c * outPlane + window] += values[c * inPlane + element];
  });
  return sums;
}
