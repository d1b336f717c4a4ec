import { kindOf } from "../../ckks/copies.js";
import { ParameterError } from "../../errors.js";
import { type ImageValues, imageValues } from "../graph/image.js";
import type { Network, Shape } from "../graph/network.js";
import { inputsOf, valueShapes } from "../graph/shapes.js";
import { standInFor } from "./choose.js";
import { rangeOf } from "./intervals.js";
import { type MeasuredStandIn, measure } from "./measure.js";
import { observe } from "./observed.js";
import { type FitOptions, placeText, wishesOf } from "./options.js";
import { FitReport } from "./report.js";

/**
 * The same network with polynomials where it has ReLU, sigmoid, tanh, SiLU, GELU and the like, which sums and products do not give. Each
 * layer keeps its number. What becomes of an activation:
 *
 * - Degree 2 (ReLU, leaky ReLU and ELU unless said): a quadratic for each channel. One level, where its square can be completed.
 * - A higher degree: one polynomial for the whole layer, in the Chebyshev basis. ⌈log2(degree + 1)⌉ levels, with its variable in the
 *   linear map before. Its coefficients and its interval are part of the plan, which is public; quadratics are weights, which are
 *   not.
 * - A function that is a line on its range (a clip that clips nothing): that line. No level.
 *
 * A layer is fitted to what it is given once the layers before it are polynomials, by least squares so that it comes nearest to what
 * the original gives in its place: it makes good for what went wrong before it. Values may lie `margin` times further from the
 * middle of their range than in the images. Beyond that a polynomial is no longer near the function, and grows: `rangesLeft` tells
 * for an image.
 *
 * Nothing is trained: the report says how far the logits are from the original's. Where that is too far, fine-tuning the network with
 * the polynomials in it is the remedy; with quadratics in a deep network it is the rule.
 *
 * Costs two runs in the clear for each image, and for each activation on the longest way two of the layers before it.
 * @param images as for `interpret`, some dozen like those that the network is for; any iterable, which is walked once: 2^26 values
 *   at most stay in memory
 * @throws ParameterError for no images, values that are not finite, options that cannot be, contradict one another or name no
 *   activation, and an error that no allowed degree keeps; TypeError for what is no list of images.
 * Sources: see `fitPolynomial` (Remez) and `leastSquares`.
 */
export function fitActivations(
  network: Network,
  images: Iterable<ImageValues>,
  options: FitOptions = {},
): { network: Network; report: FitReport } {
  const wishes = wishesOf(network, options);
  const all = collected(network.input, images);
  if (wishes.size === 0) {
    return {
      network,
      report: new FitReport([], { largest: 0, rms: 0, logitRms: 0, agreement: 1, images: all.length }),
    };
  }
  const layers = [...network.layers];
  const standIns = new Map<number, MeasuredStandIn>();
  for (const indices of generationsOf(network)) {
    const seen = observe(network, { ...network, layers }, indices, all);
    for (const index of indices) {
      const activation = network.layers[index];
      if (activation.op !== "activation") continue;
      const observed = seen.get(index)!;
      const standIn = standInFor(activation, observed, wishes.get(index)!, placeText(index, activation.name));
      const { inputs } = activation;
      layers[index] = inputs ? { ...standIn.layer, inputs } : standIn.layer;
      standIns.set(index, { ...standIn, seen: rangeOf(observed.channels) });
    }
  }
  const fitted = { ...network, layers };
  return { network: fitted, report: measure(network, fitted, standIns, all) };
}

/** Half a gigabyte of doubles. */
const MOST_VALUES = 2 ** 26;

/** The images as doubles. */
function collected(input: Shape, images: Iterable<ImageValues>): Float64Array[] {
  if (typeof images?.[Symbol.iterator] !== "function") {
    throw new TypeError(`images: a list of images was expected, not ${kindOf(images)}`);
  }
  const all: Float64Array[] = [];
  let values = 0;
  for (const image of images) {
    const doubles = imageValues(input, image, `image ${all.length}`);
    all.push(doubles);
    values += doubles.length;
    if (values > MOST_VALUES) {
      const message = `more than ${MOST_VALUES} values in ${all.length} images`;
      throw new ParameterError(message, "a few dozen images are enough: give fewer");
    }
  }
  if (all.length === 0) throw new ParameterError("no image to fit to", "give a few dozen training images");
  return all;
}

/** The activations, by how many come before them on the longest way from the image: those of a generation do not see one another. */
function generationsOf(network: Network): number[][] {
  valueShapes(network.input, network.layers); // each takes what is there before it, or an error
  const before = [0];
  const generations: number[][] = [];
  for (const [index, layer] of network.layers.entries()) {
    const own = Math.max(...inputsOf(layer, index).map((value) => before[value]));
    if (layer.op === "activation") (generations[own] ??= []).push(index);
    before.push(layer.op === "activation" ? own + 1 : own);
  }
  return generations;
}
