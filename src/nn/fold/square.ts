import { UnsupportedLayerError } from "../../errors.js";
import type { BatchNorm2d, Dense, FoldedConv2d, FoldedLayer, Quad, Shape } from "../graph.js";
import { layerShapes, outputShape } from "../shapes.js";

type LinearMap = FoldedConv2d | Dense | BatchNorm2d;

/** b/2a of a smaller |a| would swamp the signal: the square cancels to nothing even in doubles. */
const SMALLEST_A = 1e-9;

/**
 * Completes the square, a·x² + b·x + c = a·(x + b/2a)² + t with t = c − b²/4a: b/2a goes into the bias of the linear
 * map before, a into the weights of the linear map after, t into its bias. Average poolings on the way let all three
 * pass. A quadratic without a linear map on both sides stays what it is.
 * @throws UnsupportedLayerError when a channel has |a| < 1e-9.
 */
export function completeSquares(input: Shape, layers: readonly FoldedLayer[]): FoldedLayer[] {
  const shapes = layerShapes(input, layers);
  const result = [...layers];
  for (const [index, layer] of layers.entries()) {
    if (layer.op !== "quad") continue;
    const before = nextLinear(result, index, -1);
    const after = nextLinear(result, index, 1);
    if (before === undefined || after === undefined) continue;
    expectCurvature(layer, index);
    const shift = layer.b.map((b, c) => b / (2 * layer.a[c]));
    const rest = layer.c.map((c, channel) => c - (layer.b[channel] * shift[channel]) / 2);
    result[before] = shifted(result[before] as LinearMap, shift);
    result[index] = { op: "square" };
    result[after] = absorbing(result[after] as LinearMap, shapes[after], layer.a, rest);
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

function expectCurvature(quad: Quad, index: number): void {
  const channel = quad.a.findIndex((a) => !(Math.abs(a) >= SMALLEST_A));
  if (channel < 0) return;
  throw new UnsupportedLayerError(
    `the quadratic of layer ${index + 1} has a = ${quad.a[channel]} in channel ${channel}: its square cannot be completed`,
    "Keep |a| at 0.02 or more while training, or fold with square: false at the cost of one more level.",
  );
}

/** The map with `shift` added to each of its output channels. */
function shifted(layer: LinearMap, shift: Float64Array): LinearMap {
  const added = (values: Float64Array) => {
    const block = values.length / shift.length;
    return values.map((value, index) => value + shift[Math.floor(index / block)]);
  };
  switch (layer.op) {
    case "conv2d":
      return { ...layer, biasMap: added(layer.biasMap) };
    case "dense":
      return { ...layer, bias: added(layer.bias) };
    case "batchNorm2d":
      return { ...layer, beta: added(layer.beta) };
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
