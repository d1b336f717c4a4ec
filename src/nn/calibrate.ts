/**
 * Calibration: powers of two that keep every value where the parameters can hold it. They go into the weights and
 * biases of the linear layers before these are encrypted, exactly, and cost nothing. They belong to the owner of the
 * model: only `outputScale` is told, to whoever decrypts.
 */
import { kindOf } from "../ckks/copies.js";
import { ParameterError } from "../errors.js";
import type { FoldedLayer, FoldedNetwork } from "./fold/folded.js";
import { takenBy } from "./fold/folded.js";
import { interpretFolded } from "./fold/interpret.js";
import { type ImageValues, imageValues } from "./graph/image.js";
import type { Shape } from "./graph/network.js";
import { ScaleClasses } from "./scale-classes.js";

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
   * further because their scales are larger. What logits then err by
   * is predicted by `predictedErrors(plan)`.
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
  const behind = freeLayersBehind(folded);
  const classes = new ScaleClasses(folded);
  const scales = classes.assign({
    last: 1 / outputScale,
    free: (members, before) => {
      const most = Math.max(...members.map((value) => (value === 0 ? 0 : ranges[value - 1]))) * margin;
      const makers = members.filter((value) => value > 0 && isFree(layers[value - 1]));
      const room = Math.min(...makers.map((value) => reachAt(reach, behind[value - 1])));
      return most > 0 ? 2 ** Math.floor(Math.log2(room / most)) : before;
    },
  });
  return { scales, outputScale, largestLogit: ranges[last] };
}

/** Factors of one wherever a layer's weights can take one up: only what stands before the first weights is scaled. */
export function neutralFactors(folded: FoldedNetwork): CalibratedFactors {
  const scales = new ScaleClasses(folded).assign({ last: 1, free: () => 1 });
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
function largestBias({ layers }: FoldedNetwork): number {
  const last = layers[layers.length - 1];
  if (last?.op !== "linear") return 0;
  return last.bias.reduce((largest, bias) => Math.max(largest, Math.abs(bias)), 0);
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

/** Layers whose weights can take up a factor; all others pass on what they get. */
function isFree({ op }: FoldedLayer): boolean {
  return op === "linear" || op === "quad";
}

/** Of each layer, the most layers free to be scaled that stand one behind the other after it, the last one left out. */
function freeLayersBehind({ layers }: FoldedNetwork): number[] {
  const behind = layers.map(() => 0);
  for (let index = layers.length - 1; index >= 0; index--) {
    const own = behind[index] + Number(isFree(layers[index]) && index < layers.length - 1);
    for (const value of takenBy(layers[index])) if (value > 0) behind[value - 1] = Math.max(behind[value - 1], own);
  }
  return behind;
}

/** The entry of `reach` for a layer with so many behind it that are free to be scaled. */
export function reachAt(reach: readonly number[], behind: number): number {
  return reach[Math.max(0, Math.min(behind, reach.length - 1))];
}
