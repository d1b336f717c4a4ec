import type { Dense, FoldedLayer, Shape } from "../graph.js";
import { layerShapes, sizeOf } from "../shapes.js";
import { eachInWindows } from "../windows.js";

/**
 * Linear after linear becomes one matrix: a pooling (global, mean or sum) and the matrix after it, a matrix and the
 * matrix after it. Convolutions stay convolutions.
 */
export function foldLinears(input: Shape, layers: readonly FoldedLayer[]): FoldedLayer[] {
  const result: FoldedLayer[] = [];
  for (const layer of layers) {
    let merged = layer;
    while (merged.op === "dense" && result.length > 0) {
      const product = after(merged, result[result.length - 1], shapeBeforeLast(input, result));
      if (!product) break;
      merged = product;
      result.pop();
    }
    result.push(merged);
  }
  return result;
}

function shapeBeforeLast(input: Shape, layers: readonly FoldedLayer[]): Shape {
  return layerShapes(input, layers)[layers.length - 1];
}

/** `matrix` after `layer`, which takes a feature map of shape `input`, as one matrix. */
function after(matrix: Dense, layer: FoldedLayer, input: Shape): Dense | undefined {
  switch (layer.op) {
    case "globalAvgPool":
      return afterWindows(matrix, [input.height, input.width], input, 1 / (input.height * input.width));
    case "avgPool2d":
      return afterWindows(matrix, layer.kernel, input, 1 / (layer.kernel[0] * layer.kernel[1]));
    case "sumPool2d":
      return afterWindows(matrix, layer.kernel, input, 1);
    case "dense":
      return product(matrix, layer);
    default:
      return undefined;
  }
}

function afterWindows(matrix: Dense, kernel: readonly [number, number], input: Shape, factor: number): Dense {
  const columns = sizeOf(input);
  const windows = matrix.weights.length / matrix.outFeatures;
  const weights = new Float64Array(matrix.outFeatures * columns);
  for (let row = 0; row < matrix.outFeatures; row++) {
    eachInWindows(kernel, input, (window, pixel) => {
      weights[row * columns + pixel] = factor * matrix.weights[row * windows + window];
    });
  }
  return { ...matrix, weights };
}

function product(left: Dense, right: Dense): Dense {
  const inner = right.outFeatures;
  const columns = right.weights.length / inner;
  const weights = new Float64Array(left.outFeatures * columns);
  const bias = left.bias.slice();
  for (let row = 0; row < left.outFeatures; row++) {
    for (let k = 0; k < inner; k++) {
      const weight = left.weights[row * inner + k];
      bias[row] += weight * right.bias[k];
      for (let column = 0; column < columns; column++) {
        weights[row * columns + column] += weight * right.weights[k * columns + column];
      }
    }
  }
  return { op: "dense", outFeatures: left.outFeatures, weights, bias };
}
