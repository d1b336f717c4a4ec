import type { BatchNorm2d, Dense, FoldedConv2d, FoldedLayer, Shape } from "../graph.js";
import { layerShapes, outputShape } from "../shapes.js";
import { type ChannelRanges, completed } from "./curvature.js";

type LinearMap = FoldedConv2d | Dense | BatchNorm2d;

/**
 * Completes the square, a·x² + b·x + c = A·(k·(x + s))² + t (`curvature.ts`): k and s go into the linear map before, A into the
 * weights of the linear map after, t into its bias. Average poolings on the way let all of them pass. A quadratic without a
 * linear map on both sides stays what it is.
 * @param ranges one for each quadratic, in order: the values that it is given, for quadratics that are nearly straight
 */
export function completeSquares(
  input: Shape,
  layers: readonly FoldedLayer[],
  ranges?: readonly ChannelRanges[],
): FoldedLayer[] {
  const shapes = layerShapes(input, layers);
  const result = [...layers];
  let quads = 0;
  for (const [index, layer] of layers.entries()) {
    if (layer.op !== "quad") continue;
    const values = ranges?.[quads++];
    const before = nextLinear(result, index, -1);
    const after = nextLinear(result, index, 1);
    if (before === undefined || after === undefined) continue;
    const { shift, scale, factor, rest } = completed(layer, values);
    result[before] = moved(result[before] as LinearMap, shift, scale);
    result[index] = { op: "square" };
    result[after] = absorbing(result[after] as LinearMap, shapes[after], factor, rest);
  }
  return result;
}

function nextLinear(layers: readonly FoldedLayer[], from: number, step: 1 | -1): number | undefined {
  for (let index = from + step; index >= 0 && index < layers.length; index += step) {
    const { op } = layers[index];
    if (op === "conv2d" || op === "dense" || op === "batchNorm2d") return index;
    if (op !== "avgPool2d" && op !== "globalAvgPool") return undefined;
  }
  return undefined;
}

/** The map with `shift` added to each of its output channels, and then multiplied by `scale`. */
function moved(layer: LinearMap, shift: Float64Array, scale: Float64Array): LinearMap {
  const each = (values: Float64Array, change: (value: number, channel: number) => number) => {
    const block = values.length / shift.length;
    return values.map((value, index) => change(value, Math.floor(index / block)));
  };
  const scaled = (values: Float64Array) => each(values, (value, c) => value * scale[c]);
  const added = (values: Float64Array) => each(values, (value, c) => (value + shift[c]) * scale[c]);
  switch (layer.op) {
    case "conv2d":
      return { ...layer, weights: scaled(layer.weights), biasMap: added(layer.biasMap) };
    case "dense":
      return { ...layer, weights: scaled(layer.weights), bias: added(layer.bias) };
    case "batchNorm2d":
      return { ...layer, gamma: scaled(layer.gamma), beta: added(layer.beta) };
  }
}

/** The map that gives for z what `layer` gives for factor·z + offset, per input channel. */
function absorbing(layer: LinearMap, input: Shape, factor: Float64Array, offset: Float64Array): LinearMap {
  switch (layer.op) {
    case "conv2d": {
      const taps = layer.kernel[0] * layer.kernel[1];
      const weights = layer.weights.map((w, i) => w * factor[Math.floor(i / taps) % layer.inChannels]);
      return { ...layer, weights, biasMap: borderedBias(layer, input, offset) };
    }
    case "dense": {
      const pixels = input.height * input.width;
      const columns = input.channels * pixels;
      const weights = layer.weights.map((w, i) => w * factor[Math.floor((i % columns) / pixels)]);
      const bias = layer.bias.map((start, row) => {
        let sum = start;
        for (let i = 0; i < columns; i++) sum += layer.weights[row * columns + i] * offset[Math.floor(i / pixels)];
        return sum;
      });
      return { ...layer, weights, bias };
    }
    case "batchNorm2d": {
      const scale = layer.gamma.map((gamma, c) => gamma / Math.sqrt(layer.variance[c] + layer.epsilon));
      return {
        ...layer,
        gamma: layer.gamma.map((gamma, c) => gamma * factor[c]),
        mean: layer.mean.map(() => 0),
        beta: layer.beta.map((beta, c) => beta + scale[c] * (offset[c] - layer.mean[c])),
      };
    }
  }
}

/**
 * The bias map plus what the convolution makes of a feature map that is `offset` in each channel. Zero padding is not
 * part of that map: only taps inside the image count, so the bias differs along the border.
 */
function borderedBias(layer: FoldedConv2d, input: Shape, offset: Float64Array): Float64Array {
  const [kernelHeight, kernelWidth] = layer.kernel;
  const { height, width } = outputShape(layer, input);
  const taps = kernelHeight * kernelWidth;
  const biasMap = layer.biasMap.slice();
  const share = new Float64Array(taps);
  for (let o = 0; o < layer.outChannels; o++) {
    share.fill(0);
    for (let i = 0; i < layer.inChannels; i++) {
      for (let tap = 0; tap < taps; tap++)
        share[tap] += layer.weights[(o * layer.inChannels + i) * taps + tap] * offset[i];
    }
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let tap = 0; tap < taps; tap++) {
          const row = y * layer.stride[0] - layer.padding.top + Math.floor(tap / kernelWidth);
          const column = x * layer.stride[1] - layer.padding.left + (tap % kernelWidth);
          const inside = row >= 0 && row < input.height && column >= 0 && column < input.width;
          if (inside) biasMap[(o * height + y) * width + x] += share[tap];
        }
      }
    }
  }
  return biasMap;
}
