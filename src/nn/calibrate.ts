/**
 * Calibration: powers of two that keep every value where the parameters can hold it. They go into the weights and
 * biases of the linear layers before these are encrypted, exactly, and cost nothing. They belong to the owner of the
 * model: only `outputScale` is told, to whoever decrypts.
 */
import { kindOf } from "../ckks/copies.js";
import { ParameterError } from "../errors.js";
import type { FoldedLayer, FoldedNetwork, Shape } from "./graph.js";
import { type ImageValues, imageValues } from "./image.js";
import { interpretFolded } from "./interpret-folded.js";
import { linearGeometry, linearValues } from "./matrix-geometry.js";
import { INPUT_SCALE } from "./program.js";
import { layerShapes } from "./shapes.js";

/** Powers of two that keep every layer's values within what its level holds. */
export interface CalibratedFactors {
  /** What layer i gives under encryption is scales[i] times what `interpretFolded` gives. Powers of two. */
  readonly scales: readonly number[];
  /** What the decrypted logits are multiplied by: a power of two, 1 or more. */
  readonly outputScale: number;
  /** Largest absolute logit seen. */
  readonly largestLogit: number;
}

/** How far beyond the calibration images a network is to be right. */
export interface CalibrationOptions {
  /** Values may become this many times larger than in the sample images. */
  readonly margin?: number;
  /**
   * What a value may reach before it is squared, powers of two: of the last hidden layer, then of the one before it, and
   * so on towards the image; the last entry is for all others. Slot errors are absolute, so larger values are relatively
   * more precise, until the next layer's weights, which shrink with the square, lose as much; the last layers can reach
   * further because their scales are larger. With the defaults, RL-3's largest logit (78) errs by about 0.0009 on the
   * root mean square (nine draws of keys).
   */
  readonly reach?: readonly number[];
  /** What a logit may be at level 0: below half of q_0 / Δ_0. */
  readonly logitBound?: number;
}

/** What layers may reach unless their owner says otherwise: plans count on it in their estimate of noise. */
export const DEFAULT_REACH: readonly number[] = [128, 16, 8];
/** Logits may reach this share of what level 0 holds. */
export const LOGIT_SHARE = 0.75;

/**
 * Takes the ranges of all layers over `images` and chooses the factors: what enters a square or a quadratic, and
 * whatever else a linear layer gives, is reach / margin at most; a logit is logitBound / margin at most, its bias logitBound.
 * @param images as for `interpret`: [channel][row][column], at least one
 * @throws ParameterError without images, for a margin below 1 or bounds that are not positive, and for values that are not
 *   finite; TypeError for what is no list of images.
 */
export function calibrate(
  folded: FoldedNetwork,
  images: Iterable<ImageValues>,
  options: CalibrationOptions = {},
): CalibratedFactors {
  const { margin = 2, reach = DEFAULT_REACH, logitBound = 8 } = options;
  const positive = (value: number) => Number.isFinite(value) && value > 0;
  const reaches = Array.isArray(reach) && reach.length > 0 && reach.every(positive);
  if (!(reaches && positive(margin) && margin >= 1 && positive(logitBound))) {
    throw new ParameterError(
      `margin = ${margin}, reach = [${reach}], logitBound = ${logitBound}`,
      "Take a margin of 1 or more, a positive reach and a positive bound.",
    );
  }
  const ranges = rangesOf(folded, images);
  const { layers } = folded;
  const last = layers.length - 1;
  // The bias is a vector at level 0 by itself, however small the sum with what the image makes of the weights.
  const largest = Math.max(ranges[last] * margin, largestBias(folded));
  const outputScale = 2 ** Math.max(0, Math.ceil(Math.log2(largest / logitBound)));
  const scales: number[] = [];
  let scale = INPUT_SCALE;
  for (const [index, layer] of layers.entries()) {
    if (index === last) scale = 1 / outputScale;
    else if (layer.op === "square") scale *= scale;
    else if (isFree(layer)) {
      const largest = largestThroughPools(layers, ranges, index) * margin;
      if (largest > 0) scale = 2 ** Math.floor(Math.log2(reachOf(layers, index, reach) / largest));
    }
    scales.push(scale);
  }
  return { scales, outputScale, largestLogit: ranges[last] };
}

/** Factors of one wherever a layer's weights can take one up: only what stands before the first weights is scaled. */
export function neutralFactors(folded: FoldedNetwork): CalibratedFactors {
  const last = folded.layers.length - 1;
  let scale = INPUT_SCALE;
  const scales = folded.layers.map((layer, index) => {
    if (layer.op === "square") scale *= scale;
    else if (index === last || isFree(layer)) scale = 1;
    return scale;
  });
  return { scales, outputScale: 1, largestLogit: 0 };
}

/**
 * The images as doubles.
 * @throws TypeError for what is no list of images; ParameterError for one that does not fit the network.
 */
export function calibrationImages(input: Shape, images: Iterable<ImageValues>): Float64Array[] {
  if (typeof images?.[Symbol.iterator] !== "function") {
    throw new TypeError(`calibration: a list of images was expected, not ${kindOf(images)}`);
  }
  return Array.from(images, (image, index) => imageValues(input, image, `calibration image ${index}`));
}

/** Of the layer that gives the logits. */
function largestBias({ input, layers }: FoldedNetwork): number {
  const last = layers.length - 1;
  const geometry = linearGeometry(layers[last], layerShapes(input, layers)[last]);
  if (!geometry) return 0;
  return linearValues(layers[last], geometry).bias.reduce((largest, bias) => Math.max(largest, Math.abs(bias)), 0);
}

/** Largest absolute value that each layer gives. */
function rangesOf(folded: FoldedNetwork, images: Iterable<ImageValues>): number[] {
  const ranges: number[] = folded.layers.map(() => 0);
  let seen = 0;
  for (const image of calibrationImages(folded.input, images)) {
    seen++;
    interpretFolded(folded, image, (index, _layer, _shape, values) => {
      for (const value of values) {
        // Written so that NaN is kept, too.
        if (!(Math.abs(value) <= ranges[index])) ranges[index] = Math.abs(value);
      }
    });
    if (ranges.some((range) => !Number.isFinite(range))) {
      throw new ParameterError(
        `image ${seen - 1} gives values that are not finite`,
        "Calibrate with images like the training images, and check the weights.",
      );
    }
  }
  if (seen === 0) throw new ParameterError("no image to calibrate with", "Give a few dozen training images.");
  return ranges;
}

/** Layers whose weights can take up a factor; squares and sums pass on what they get. */
function isFree(layer: FoldedLayer): boolean {
  return layer.op !== "square" && layer.op !== "sumPool2d";
}

/** The entry of `reach` for a layer: counted from the last hidden layer that is free to be scaled. */
function reachOf(layers: readonly FoldedLayer[], index: number, reach: readonly number[]): number {
  return reachAt(reach, layers.slice(index + 1, -1).filter(isFree).length);
}

/** The entry of `reach` for a layer with so many behind it that are free to be scaled. */
export function reachAt(reach: readonly number[], behind: number): number {
  return reach[Math.min(behind, reach.length - 1)];
}

/** A sum pool right behind a layer is summed with it: its result counts, too. */
function largestThroughPools(layers: readonly FoldedLayer[], ranges: readonly number[], index: number): number {
  let largest = ranges[index];
  for (let next = index + 1; layers[next]?.op === "sumPool2d"; next++) largest = Math.max(largest, ranges[next]);
  return largest;
}
