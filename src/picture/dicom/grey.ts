import { malformed, takenAway, unread } from "./damaged.js";
import * as dictionary from "./dictionary.js";
import type { ImageHeader } from "./header.js";
import { type Lut, lookUp, readLut } from "./lut.js";
import type { Raster } from "./raster.js";
import type { Values } from "./values.js";

/** Where the attributes of a frame stand: its own functional groups, the shared ones, the file. */
export interface FrameValues {
  readonly rescale: Values;
  readonly voi: Values;
}

/**
 * Of each stored word its grey, 0..255 with fractions: the stored bits, with their sign; modality LUT or slope and intercept, but
 * for projections of X-rays (XA, XRF), whose windows are of stored values;
 * the first VOI LUT, or the first window by its function, or, where there is neither, the smallest to the largest value of the
 * frame that is no padding; and inverted for MONOCHROME1, or a Presentation LUT Shape INVERSE (which in a MONOCHROME1 says the same).
 * @throws FormatError when tables or windows are none, or contradict each other
 * Source: PS3.3, C.7.6.3.1.2, C.11.1, C.11.2, C.8.7.1.1.2 and C.8.11.3.1.
 */
export function greyTable(values: Values, frame: FrameValues, header: ImageHeader, raster: Raster): Float64Array {
  const { file } = values;
  const storedOf = storedValue(header);
  const stored = windowsOfStored.has(values.text(dictionary.sopClass) ?? "");
  const modality = stored ? (value: number) => value : modalityOf(frame.rescale, header);
  const table = Float64Array.from({ length: 2 ** header.bitsAllocated }, (_, word) => modality(storedOf(word)));
  const voi = voiOf(frame.voi, modality, header) ?? widest(values, header, raster, storedOf, table);
  const shape = values.text(dictionary.presentationShape);
  if (shape !== undefined && shape !== "IDENTITY" && shape !== "INVERSE") {
    throw unread(file, "a Presentation LUT Shape that is neither IDENTITY nor INVERSE");
  }
  const inverted = header.photometric === "MONOCHROME1" || shape === "INVERSE";
  return table.map((value) => (inverted ? 255 - voi(value) : voi(value)));
}

/** SOP classes of X-Ray Angiographic, Radiofluoroscopic and (retired) Angiographic Bi-Plane images. */
const windowsOfStored: ReadonlySet<string> = new Set(["1", "2", "3"].map((end) => `1.2.840.10008.5.1.4.1.1.12.${end}`));

/** The value of a word: overlays may stand in the bits that are not stored. */
function storedValue({ bitsStored, highBit, signed }: ImageHeader): (word: number) => number {
  const shift = highBit + 1 - bitsStored;
  const span = 2 ** bitsStored;
  return (word) => {
    const bits = (word >> shift) & (span - 1);
    return signed && bits >= span / 2 ? bits - span : bits;
  };
}

type Step = (value: number) => number;

function modalityOf(values: Values, { signed }: ImageHeader): Step {
  const { file } = values;
  const slope = computable(values, dictionary.rescaleSlope);
  const intercept = computable(values, dictionary.rescaleIntercept);
  const sequence = values.item(dictionary.modalityLut);
  if (sequence) {
    if (slope !== undefined || intercept !== undefined)
      throw malformed(file, "it has a modality LUT and a rescale slope");
    const lut = readLut(sequence, dictionary.lutDescriptor, dictionary.lutData, signed);
    return (value) => lookUp(lut, value);
  }
  if (slope === undefined && intercept === undefined) return (value) => value;
  if (slope === undefined || intercept === undefined) {
    const missing = slope === undefined ? dictionary.rescaleSlope : dictionary.rescaleIntercept;
    throw values.wrong(missing, "is missing: it has half a rescale slope and intercept");
  }
  if (slope === 0) throw values.wrong(dictionary.rescaleSlope, "says that its rescale slope is 0");
  if (slope + intercept === intercept)
    throw malformed(file, "nothing is left of its rescale slope beside its intercept");
  return (value) => value * slope + intercept;
}

function voiOf(values: Values, modality: Step, header: ImageHeader): Step | undefined {
  const { file } = values;
  const sequence = values.item(dictionary.voiLut);
  if (sequence) {
    const least = header.signed ? -(2 ** (header.bitsStored - 1)) : 0;
    const negative = Math.min(modality(least), modality(least + 2 ** header.bitsStored - 1)) < 0;
    return fromLut(readLut(sequence, dictionary.lutDescriptor, dictionary.lutData, negative));
  }
  const center = computable(values, dictionary.windowCenter, window);
  const width = computable(values, dictionary.windowWidth, window);
  if (center === undefined && width === undefined) return undefined;
  if (center === undefined || width === undefined) {
    const [there, missing] = center === undefined ? [window[1], window[0]] : window;
    throw values.wrong(missing, "is missing: it has half a window", takenAway(there));
  }
  const kind = values.text(dictionary.voiFunction) ?? "LINEAR";
  if (width < (kind === "LINEAR" ? 1 : 0) || width === 0) {
    throw values.wrong(dictionary.windowWidth, `says that its window is ${width} wide`, takenAway(...window));
  }
  if (kind === "LINEAR") return linear(center - 0.5, width - 1);
  if (kind === "LINEAR_EXACT") return linear(center, width);
  if (kind === "SIGMOID") return (value) => 255 / (1 + Math.exp((-4 * (value - center)) / width));
  throw unread(file, "a VOI LUT Function that is not LINEAR, LINEAR_EXACT or SIGMOID");
}

const window = [dictionary.windowCenter, dictionary.windowWidth] as const;

/** A number that leaves room for all that is computed of it and of 16 bits: nothing becomes infinite, and nothing 0/0. */
function computable(values: Values, attribute: dictionary.Attribute, pair?: readonly dictionary.Attribute[]) {
  const fix = pair && takenAway(...pair);
  const value = values.decimal(attribute, fix);
  if (value === undefined || value === 0 || (Math.abs(value) < 1e30 && Math.abs(value) > 1e-30)) return value;
  throw values.wrong(attribute, "is too large or too small to compute with", fix);
}

function fromLut(lut: Lut): Step {
  const most = 2 ** lut.bits - 1;
  return (value) => (255 * lookUp(lut, value)) / most;
}

/** Black up to center − width/2, white beyond center + width/2; of no width, a threshold. */
function linear(center: number, width: number): Step {
  return (value) => {
    if (value <= center - width / 2) return 0;
    return value > center + width / 2 ? 255 : ((value - center) / width + 0.5) * 255;
  };
}

/** From the frame's smallest value to its largest, without those that only fill its edges (PS3.3, C.7.5.1.1.2). */
function widest(values: Values, header: ImageHeader, raster: Raster, storedOf: Step, table: Float64Array): Step {
  const first = values.word(dictionary.pixelPadding, header.signed);
  const last = values.word(dictionary.pixelPaddingLimit, header.signed) ?? first;
  const [low, high] = first === undefined ? [1, 0] : [Math.min(first, last!), Math.max(first, last!)];
  const padding = table.map((_, word) => (storedOf(word) >= low && storedOf(word) <= high ? 1 : 0));
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const pixels = header.rows * header.columns;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const word = raster.words[pixel * raster.stride];
    if (padding[word] === 1) continue;
    least = Math.min(least, table[word]);
    most = Math.max(most, table[word]);
  }
  // One value only, or none: nothing to tell apart.
  if (!(least < most)) return () => 0;
  return (value) => (255 * Math.min(most - least, Math.max(0, value - least))) / (most - least);
}
