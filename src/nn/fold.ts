import { UnsupportedLayerError } from "../errors.js";
import { foldBatchNorms } from "./fold/batch-norm.js";
import { foldLinears } from "./fold/linear.js";
import { foldPoolings } from "./fold/pooling.js";
import { completeSquares } from "./fold/square.js";
import type { FoldedLayer, FoldedNetwork, FoldOptions, Network } from "./graph.js";
import { layerShapes, outputShape, shapeText, sizeOf } from "./shapes.js";

/** Multiplicative levels that a layer uses up under encryption. */
const LEVELS: Readonly<Record<FoldedLayer["op"], number>> = {
  conv2d: 1,
  batchNorm2d: 1,
  quad: 2,
  square: 1,
  avgPool2d: 1,
  sumPool2d: 0,
  globalAvgPool: 1,
  dense: 1,
};

/**
 * The network as it is computed under encryption, and its depth in levels. Each switch (all on unless said) is exact
 * by itself, up to rounding: the logits stay those of `network`.
 * @throws UnsupportedLayerError for a ReLU, for a quadratic that is to be completed but has no x² term in some
 *   channel, for layers that do not fit one another, and for a `flatten` that per-feature layers follow.
 */
export function fold(network: Network, options: Partial<FoldOptions> = {}): { folded: FoldedNetwork; depth: number } {
  const { batchNorm = true, square = true, pooling = true, linear = true } = options;
  const { input, classes } = network;
  let layers = lower(network);
  const last = layerShapes(input, layers)[layers.length];
  // Two classes may have one logit; any other difference is the plan's to refuse.
  const logits = classes === 2 && sizeOf(last) === 1 ? 1 : classes;
  // Batch norm first, so that the square's shift meets a convolution; squares before poolings, so that t passes
  // through means and not through sums; matrices last, for they swallow poolings.
  if (batchNorm) layers = foldBatchNorms(layers);
  if (square) layers = completeSquares(input, layers);
  if (pooling) layers = foldPoolings(layers);
  if (linear) layers = foldLinears(input, layers);
  return { folded: { input, layers, classes: logits }, depth: depthOf(layers) };
}

/** Levels that the layers use up, one after the other. */
export function depthOf(layers: readonly FoldedLayer[]): number {
  return layers.reduce((depth, layer) => depth + LEVELS[layer.op], 0);
}

/** Depth under each of the 16 settings of the four switches, from none to all. */
export function depthTable(network: Network): { options: FoldOptions; depth: number }[] {
  return Array.from({ length: 16 }, (_, setting) => {
    const options = {
      batchNorm: (setting & 1) !== 0,
      square: (setting & 2) !== 0,
      pooling: (setting & 4) !== 0,
      linear: (setting & 8) !== 0,
    };
    return { options, depth: fold(network, options).depth };
  });
}

/** The same layers in the terms of a folded network, nothing folded yet: constant bias maps, flatten left out. */
function lower(network: Network): FoldedLayer[] {
  const shapes = layerShapes(network.input, network.layers);
  return network.layers.flatMap((layer, index): FoldedLayer[] => {
    const shape = shapes[index];
    switch (layer.op) {
      case "conv2d": {
        const { bias, ...geometry } = layer;
        const output = outputShape(layer, shape);
        const pixels = output.height * output.width;
        return [
          {
            ...geometry,
            biasMap: Float64Array.from({ length: sizeOf(output) }, (_, i) => bias[Math.floor(i / pixels)]),
          },
        ];
      }
      case "linear":
        return [{ op: "dense", outFeatures: layer.outFeatures, weights: layer.weights, bias: layer.bias }];
      case "flatten": {
        const next = network.layers[index + 1]?.op;
        if (shape.height * shape.width > 1 && next !== undefined && next !== "linear" && next !== "flatten") {
          throw new UnsupportedLayerError(
            `${next} on single features of a flattened ${shapeText(shape)} feature map cannot be encrypted`,
            "Put it before the flatten, per channel, or after the linear layer.",
          );
        }
        return [];
      }
      case "relu":
        throw new UnsupportedLayerError(
          "the network has a ReLU, which cannot be computed under encryption",
          "Train with a quadratic a·x² + b·x + c per channel, with batch norm before every activation: training/README.md shows how.",
        );
      default:
        return [layer];
    }
  });
}
