import type { FoldedLayer, FoldedNetwork, Shape } from "./graph.js";
import { type ImageValues, imageValues } from "./image.js";
import { convolve, meanWindows, multiplyMatrix, normalize, quadratic } from "./interpret-layers.js";
import { expectMapSize, outputShape } from "./shapes.js";
import { sumWindows } from "./windows.js";

/**
 * Sees what each layer gives: `index` counts the folded layers, `shape` and `values` ([channel][row][column]) are the
 * layer's output.
 */
export type LayerObserver = (index: number, layer: FoldedLayer, shape: Shape, values: Float64Array) => void;

/**
 * Logits of a folded network in doubles.
 * @param image as for `interpret`
 * @param onLayer called after each layer; calibration takes its ranges here
 * @throws TypeError and ParameterError for what is no image of the network: see `imageValues`.
 */
export function interpretFolded(folded: FoldedNetwork, image: ImageValues, onLayer?: LayerObserver): Float64Array {
  let shape = folded.input;
  let values = imageValues(folded.input, image);
  for (const [index, layer] of folded.layers.entries()) {
    const next = outputShape(layer, shape);
    expectMapSize(next, `what ${layer.op} gives`);
    values = apply(layer, shape, values);
    shape = next;
    onLayer?.(index, layer, shape, values);
  }
  return values;
}

function apply(layer: FoldedLayer, input: Shape, values: Float64Array): Float64Array {
  switch (layer.op) {
    case "conv2d":
      return convolve(layer, input, values).map((sum, index) => sum + layer.biasMap[index]);
    case "batchNorm2d":
      return normalize(layer, input, values);
    case "quad":
      return quadratic(layer, input, values);
    case "square":
      return values.map((value) => value * value);
    case "avgPool2d":
      return meanWindows(layer.kernel, input, values);
    case "sumPool2d":
      return sumWindows(layer.kernel, input, values);
    case "globalAvgPool":
      return meanWindows([input.height, input.width], input, values);
    case "dense":
      return multiplyMatrix(layer.weights, layer.bias, values);
  }
}
