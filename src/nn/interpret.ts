import type { Layer, Network, Shape } from "./graph.js";
import { type ImageValues, imageValues } from "./image.js";
import { convolve, meanWindows, multiplyMatrix, normalize, quadratic } from "./interpret-layers.js";
import { expectMapSize, outputShape } from "./shapes.js";

/**
 * Logits of the original network in doubles, in the clear, ReLU included: the oracle for all that is folded or
 * encrypted.
 * @param image what enters the network (pixels already times `card.input.scale` plus `card.input.offset`),
 *   [channel][row][column]
 * @throws TypeError and ParameterError for what is no image of the network: see `imageValues`.
 * @throws UnsupportedLayerError when the layers do not fit one another, or one gives more than 2^22 values.
 */
export function interpret(network: Network, image: ImageValues): Float64Array {
  let shape = network.input;
  let values = imageValues(network.input, image);
  for (const layer of network.layers) {
    const next = outputShape(layer, shape);
    expectMapSize(next, `what ${layer.op} gives`);
    values = apply(layer, shape, values);
    shape = next;
  }
  return values;
}

function apply(layer: Layer, input: Shape, values: Float64Array): Float64Array {
  switch (layer.op) {
    case "conv2d": {
      const sums = convolve(layer, input, values);
      const pixels = sums.length / layer.outChannels;
      return sums.map((sum, index) => sum + layer.bias[Math.floor(index / pixels)]);
    }
    case "batchNorm2d":
      return normalize(layer, input, values);
    case "quad":
      return quadratic(layer, input, values);
    case "relu":
      return values.map((value) => Math.max(value, 0));
    case "avgPool2d":
      return meanWindows(layer.kernel, input, values);
    case "globalAvgPool":
      return meanWindows([input.height, input.width], input, values);
    case "flatten":
      return values;
    case "linear":
      return multiplyMatrix(layer.weights, layer.bias, values);
  }
}
