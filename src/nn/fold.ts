import { UnsupportedLayerError } from "../errors.js";
import { foldBatchNorms } from "./fold/batch-norm.js";
import type { ChannelRanges } from "./fold/curvature.js";
import { foldLinears } from "./fold/linear.js";
import { foldPoolings } from "./fold/pooling.js";
import { completeSquares } from "./fold/square.js";
import type { FoldedLayer, FoldedNetwork, FoldOptions, Network } from "./graph.js";
import { interpretFolded } from "./interpret-folded.js";
import { requireSizes } from "./limits.js";
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
 * by itself, up to rounding: the logits stay those of `network`. One exception: a quadratic that is nearly straight, |a| below
 * 10^−8 of |b| (with `ranges`: its square's foot 512 half-widths of its values away or more), bends a little more than it says.
 * @param ranges of what the quadratics are given, see `quadRanges`: the owner's, for weights that keep their precision under
 *   encryption. They change numbers only, never which layers there are.
 * @throws UnsupportedLayerError for a ReLU, for layers that do not fit one another, for a `flatten` that per-feature layers
 *   follow, and, before anything is allocated, for maps and matrices of no encrypted network's size (`requireSizes`).
 */
export function fold(
  network: Network,
  options: Partial<FoldOptions> = {},
  ranges?: readonly ChannelRanges[],
): { folded: FoldedNetwork; depth: number } {
  const { batchNorm = true, square = true, pooling = true, linear = true } = options;
  requireSizes(network, options);
  const { input, classes } = network;
  let layers = lower(network);
  const last = layerShapes(input, layers)[layers.length];
  // Two classes may have one logit; any other difference is the plan's to refuse.
  const logits = classes === 2 && sizeOf(last) === 1 ? 1 : classes;
  // Batch norm first, so that the square's shift meets a convolution; squares before poolings, so that t passes
  // through means and not through sums; matrices last, for they swallow poolings.
  if (batchNorm) layers = foldBatchNorms(layers);
  if (square) layers = completeSquares(input, layers, ranges);
  if (pooling) layers = foldPoolings(layers);
  if (linear) layers = foldLinears(input, layers);
  return { folded: { input, layers, classes: logits }, depth: depthOf(layers) };
}

/**
 * Smallest and largest value in each channel of what each quadratic is given, over `images` ([channel][row][column], as for
 * `interpret`). Costs one run in the clear for each image.
 */
export function quadRanges(network: Network, images: Iterable<Float64Array>): ChannelRanges[] {
  const { folded } = fold(network, { batchNorm: false, square: false, pooling: false, linear: false });
  const { input, layers } = folded;
  const shapes = layerShapes(input, layers);
  const ranges = new Map<number, ChannelRanges>();
  for (const [index, layer] of layers.entries()) {
    if (layer.op !== "quad") continue;
    const fill = (value: number) => new Float64Array(layer.a.length).fill(value);
    ranges.set(index, { low: fill(Number.POSITIVE_INFINITY), high: fill(Number.NEGATIVE_INFINITY) });
  }
  const widen = (index: number, values: Float64Array): void => {
    const range = ranges.get(index);
    if (!range) return;
    const pixels = shapes[index].height * shapes[index].width;
    for (const [at, value] of values.entries()) {
      const channel = Math.floor(at / pixels);
      range.low[channel] = Math.min(range.low[channel], value);
      range.high[channel] = Math.max(range.high[channel], value);
    }
  };
  for (const image of images) {
    widen(0, image);
    interpretFolded(folded, image, (index, _layer, _shape, values) => widen(index + 1, values));
  }
  return [...ranges.values()];
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
