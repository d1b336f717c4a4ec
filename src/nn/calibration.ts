/** What of calibration images goes into a model: numbers that can be kept and passed on in the place of the images. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { kindOf } from "../ckks/copies.js";
import { isPowerOfTwo } from "../ckks/slots.js";
import { ParameterError } from "../errors.js";
import {
  type CalibratedFactors,
  type CalibrationOptions,
  calibrate,
  calibrationImages,
  LOGIT_SHARE,
} from "./calibrate.js";
import { foldWith } from "./compile.js";
import { requireOutputScale } from "./exchange-checks.js";
import type { ChannelRanges } from "./fold/curvature.js";
import { quadRanges } from "./fold/fold.js";
import type { FoldedNetwork } from "./fold/folded.js";
import { type ImageValues, imageValues } from "./graph/image.js";
import type { Network } from "./graph/network.js";
import { sizeOf } from "./graph/shapes.js";
import type { Plan } from "./plan.js";

/**
 * What a calibration of a network found, for one plan: all that `ModelOptions.calibration` needs, as plain numbers for a JSON file.
 * Who encrypts a model with it has no image. It tells ranges over the images and their mean, so it is the model owner's, like the
 * weights, where the images are nobody else's.
 */
export interface Calibration extends CalibratedFactors {
  /** Identity of the plan that it is for. */
  readonly plan: string;
  /** Smallest and largest value in each channel of what each quadratic is given, see `quadRanges`. */
  readonly ranges: readonly { readonly low: readonly number[]; readonly high: readonly number[] }[];
  /** Mean of the images, in the network's units, to four digits. */
  readonly mean: readonly number[];
  /** SHA-256 of all the others, and of the network's numbers: they belong together. */
  readonly digest: string;
}

/**
 * Measures what `ModelOptions.calibration` needs of images, so that they are not needed again. Costs two runs in the clear for each image.
 * @param images as the network takes them; a few dozen will do
 * @throws as `calibrate` and `foldFor`
 */
export function measureCalibration(
  plan: Plan,
  network: Network,
  images: Iterable<ImageValues>,
  options: CalibrationOptions = {},
): Calibration {
  const { ranges, factors, given } = measured(plan, network, images, options);
  const mean = Array.from({ length: sizeOf(network.input) }, (_, k) => {
    const sum = given.reduce((all, image) => all + image[k], 0);
    return Number((sum / given.length).toPrecision(4));
  });
  const lists = ranges.map(({ low, high }) => ({ low: [...low], high: [...high] }));
  const found = { plan: plan.identity, ...factors, ranges: lists, mean };
  return { ...found, digest: digestOf(network, found) };
}

/** Of a calibration's own numbers and its network's, layer by layer. */
function digestOf(
  { layers }: Network,
  { plan, scales, outputScale, largestLogit, ranges, mean }: Omit<Calibration, "digest">,
) {
  const hash = sha256.create();
  const text = new TextEncoder();
  hash.update(text.encode(JSON.stringify([plan, scales, outputScale, largestLogit, ranges, mean])));
  for (const layer of layers) {
    hash.update(text.encode(`\n${layer.op}`));
    for (const value of Object.values(layer)) {
      if (typeof value === "number") hash.update(text.encode(` ${value}`));
      if (!(value instanceof Float64Array)) continue;
      hash.update(text.encode(` ${value.length} `));
      hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    }
  }
  return bytesToHex(hash.digest());
}

/** A network that is folded for a plan, the factors of its layers, and an image like those that it was calibrated on. */
export interface Calibrated {
  readonly folded: FoldedNetwork;
  readonly factors: CalibratedFactors;
  readonly example: ImageValues;
}

/**
 * By images, or by what was measured on some.
 * @throws as `measureCalibration`; ParameterError for a calibration of another plan or network, TypeError for what is none
 */
export function calibrated(
  plan: Plan,
  network: Network,
  given: Iterable<ImageValues> | Calibration,
  options: CalibrationOptions,
): Calibrated {
  if (isImages(given)) {
    const { folded, factors, given: images } = measured(plan, network, given, options);
    return { folded, factors, example: images[0] };
  }
  if (options.margin !== undefined || options.reach !== undefined || options.logitBound !== undefined) {
    const fix = "give them to measureCalibration, which chooses the factors";
    throw new ParameterError("margin, reach and logitBound stand beside a calibration that was measured", fix);
  }
  const folded = foldWith(plan, network, () => rangesOf(given, plan, network));
  const { scales, outputScale, largestLogit } = given;
  if (!(isNumbers(scales) && scales.length === folded.layers.length && scales.every(isScale))) throw foreign("scales");
  requireOutputScale(outputScale);
  const example = imageValues(network.input, [...given.mean]);
  if (digestOf(network, given) !== given.digest) throw foreign("digest");
  return { folded, factors: { scales, outputScale, largestLogit }, example };
}

function measured(plan: Plan, network: Network, images: Iterable<ImageValues>, options: CalibrationOptions) {
  let given: Float64Array[] = [];
  let ranges: ChannelRanges[] = [];
  // Images are asked for when the network is known to be the plan's.
  const folded = foldWith(plan, network, () => {
    given = calibrationImages(network.input, images);
    if (given.length > 0) ranges = quadRanges(network, given);
    return given.length > 0 ? ranges : undefined;
  });
  const { margin, reach, logitBound = LOGIT_SHARE * plan.parameters.headroomAt(0) } = options;
  return { folded, ranges, given, factors: calibrate(folded, given, { margin, reach, logitBound }) };
}

function isImages(given: Iterable<ImageValues> | Calibration): given is Iterable<ImageValues> {
  return typeof (given as Iterable<ImageValues> | undefined)?.[Symbol.iterator] === "function";
}

function rangesOf(given: Calibration, plan: Plan, network: Network): ChannelRanges[] {
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `calibration: a list of images or what measureCalibration gives was expected, not ${kindOf(given)}`,
    );
  }
  if (given.plan !== plan.identity) throw foreign("plan");
  const { ranges, mean } = given;
  const wanted = quadRanges(network, []);
  const fits = ({ low, high }: ChannelRanges, k: number): boolean => {
    const own = ranges[k];
    if (!(isNumbers(own?.low) && isNumbers(own.high))) return false;
    return (
      own.low.length === low.length && own.high.length === high.length && own.low.every((x, c) => x <= own.high[c])
    );
  };
  if (!(Array.isArray(ranges) && ranges.length === wanted.length && wanted.every(fits))) throw foreign("ranges");
  if (!isNumbers(mean)) throw foreign("mean");
  return ranges.map(({ low, high }) => ({ low: Float64Array.from(low), high: Float64Array.from(high) }));
}

function isNumbers(list: unknown): list is readonly number[] {
  return Array.isArray(list) && list.every(Number.isFinite);
}

/** What `calibrate` gives: 1/8 is one, too. */
function isScale(scale: number): boolean {
  return isPowerOfTwo(scale) || isPowerOfTwo(1 / scale);
}

function foreign(field: string): ParameterError {
  return new ParameterError(
    `the calibration is not one of this network and plan (${field})`,
    "take what measureCalibration(plan, network, images) gives for this very plan, or calibrate with images",
  );
}
