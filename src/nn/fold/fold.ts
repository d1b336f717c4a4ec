import { interpret } from "../graph/interpret.js";
import type { Network } from "../graph/network.js";
import { inputsOf, sizeOf, valueShapes } from "../graph/shapes.js";
import { requireSizes } from "../limits.js";
import { balance } from "./balance.js";
import type { ChannelRanges } from "./curvature.js";
import { depthOf } from "./depth.js";
import type { Draft } from "./draft.js";
import type { FoldedNetwork, FoldOptions } from "./folded.js";
import { lower } from "./lower.js";
import { foldLinears } from "./matrices.js";
import { foldNorms } from "./norms.js";
import { narrowPolynomials } from "./polynomials.js";
import { foldPools } from "./pools.js";
import { programmable, vectorOf } from "./programmable.js";
import { completeSquares, quadOf } from "./squares.js";
import { spread } from "./terms.js";

export { depthOf } from "./depth.js";

/**
 * The network as it is computed under encryption, and its depth in levels. Each switch (all on unless said) is exact
 * by itself, up to rounding: the logits stay those of `network`. One exception: a quadratic that is nearly straight, |a| below
 * 10^−8 of |b| (with `ranges`: its square's foot 512 half-widths of its values away or more), bends a little more than it says.
 * @param ranges of what the quadratics are given, see `quadRanges`: the owner's, for weights that keep their precision under
 *   encryption. They change numbers only, never which layers there are.
 * @throws UnsupportedLayerError for an activation, for layers that do not fit one another, and, before anything is allocated, for
 *   maps and matrices of no encrypted network's size (`requireSizes`).
 */
export function fold(
  network: Network,
  options: Partial<FoldOptions> = {},
  ranges?: readonly ChannelRanges[],
): { folded: FoldedNetwork; depth: number } {
  const { batchNorm = true, square = true, pooling = true, linear = true } = options;
  requireSizes(network, options);
  const { input, classes } = network;
  const draft = lower(network, ranges);
  endWithLinear(draft);
  // Norms first, so that the square's shift meets a convolution; squares before poolings, so that t passes
  // through means and not through sums; matrices last, for they swallow poolings.
  if (batchNorm) foldNorms(draft);
  if (square) {
    completeSquares(draft);
    narrowPolynomials(draft);
  }
  if (pooling) foldPools(draft);
  if (linear) foldLinears(draft);
  balance(draft);
  // Two classes may have one logit; any other difference is the plan's to refuse.
  const logits = classes === 2 && sizeOf(draft.shape(draft.output)) === 1 ? 1 : classes;
  const folded = programmable({ input, layers: draft.finish(), classes: logits });
  return { folded, depth: depthOf(folded) };
}

/** What ends a network is a linear map to a vector: a map of its own where it is none, so that the folds can count on it. */
function endWithLinear(draft: Draft): void {
  const last = draft.linear(draft.output);
  if (last?.shape.slice(1).every((extent) => extent === 1)) return;
  const layer = vectorOf(draft.output, draft.shape(draft.output));
  draft.output = draft.add(layer, layer.shape);
}

/**
 * Smallest and largest value in each channel of what each quadratic is given, over `images` ([channel][row][column], as for
 * `interpret`); of each element, where its elements differ within a channel. Costs one run in the clear for each image.
 */
export function quadRanges(network: Network, images: Iterable<Float64Array>): ChannelRanges[] {
  const shapes = valueShapes(network.input, network.layers);
  // Values whose ranges are asked for, and of each the number of ranges.
  const asked = network.layers.flatMap((layer, index) => {
    if (layer.op !== "quad") return [];
    const [value] = inputsOf(layer, index);
    const shape = shapes[value];
    const quad = quadOf({ a: spread(layer.a, shape), b: spread(layer.b, shape), c: spread(layer.c, shape) }, shape);
    const { length } = quad.a;
    const low = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    const high = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
    return [{ value, run: sizeOf(shape) / length, low, high }];
  });
  const widen = (value: number, values: Float64Array): void => {
    for (const each of asked) {
      if (each.value !== value) continue;
      for (const [at, number] of values.entries()) {
        const k = Math.floor(at / each.run);
        each.low[k] = Math.min(each.low[k], number);
        each.high[k] = Math.max(each.high[k], number);
      }
    }
  };
  for (const image of images) {
    widen(0, image);
    interpret(network, image, (index, _layer, _shape, values) => widen(index + 1, values));
  }
  return asked.map(({ low, high }) => ({ low, high }));
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
