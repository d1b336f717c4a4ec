import { FormatError } from "../../errors.js";
import { requireSize } from "../limits.js";
import { malformed, setTo, takenAway, unread } from "./damaged.js";
import * as dictionary from "./dictionary.js";
import type { Coding } from "./syntaxes.js";
import type { Values } from "./values.js";

export const photometrics = ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422"] as const;
export type Photometric = (typeof photometrics)[number];

/** What describes the pixels: Image Pixel Module, PS3.3 C.7.6.3. */
export interface ImageHeader {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  /** 1 or 3. */
  readonly samples: number;
  readonly photometric: Photometric;
  /** Whether a frame has one channel's pixels after the other's. */
  readonly planar: boolean;
  /** 8 or 16. */
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
}

/**
 * @throws FormatError for what is missing, contradicts itself, is too large, or is of a kind that is not read
 */
export function readHeader(values: Values, coding: Coding): ImageHeader {
  const { file } = values;
  const wrong = (what: string): never => {
    throw malformed(file, what);
  };
  if (values.element(dictionary.floatPixels) || values.element(dictionary.doublePixels)) {
    throw unread(file, "pixels in floating point");
  }
  if (!values.element(dictionary.pixelData)) {
    throw new FormatError(`${file} is a DICOM without Pixel Data`, "take a file that holds an image");
  }
  const oneFrame = setTo(dictionary.numberOfFrames, "1");
  const frames = values.decimal(dictionary.numberOfFrames, oneFrame) ?? 1;
  if (frames < 1) throw malformed(file, `Number of Frames is ${frames}`, oneFrame);
  const [rows, columns] = [values.required(dictionary.rows), values.required(dictionary.columns)];
  if (rows === 0 || columns === 0) wrong(`it is ${columns}×${rows} pixels`);
  const bitsAllocated = values.required(dictionary.bitsAllocated);
  const bitsStored = values.required(dictionary.bitsStored);
  const highBit = values.required(dictionary.highBit);
  const representation = values.required(dictionary.pixelRepresentation);
  const samples = values.required(dictionary.samplesPerPixel);
  if (bitsAllocated !== 8 && bitsAllocated !== 16) throw unread(file, `${bitsAllocated} bits allocated for a sample`);
  if (bitsStored < 1 || highBit >= bitsAllocated || highBit + 1 < bitsStored) {
    wrong(`${bitsStored} bits up to bit ${highBit} do not lie in ${bitsAllocated}`);
  }
  if (representation > 1) wrong(`Pixel Representation is ${representation}`);
  const photometric = photometricOf(values);
  requireShown(values, photometric);
  const colours = photometric === "RGB" || photometric.startsWith("YBR");
  if (samples !== (colours ? 3 : 1)) wrong(`${photometric} has ${samples} samples a pixel`);
  const signed = representation === 1;
  if (signed && !photometric.startsWith("MONO")) wrong(`${photometric} has signed samples`);
  if (photometric.startsWith("YBR") && (bitsAllocated !== 8 || bitsStored !== 8)) {
    throw unread(file, `${photometric} of ${bitsStored} bits in ${bitsAllocated}`);
  }
  // Compressed pixels say by themselves how their channels lie.
  const planarity = colours && coding === "native" ? values.required(dictionary.planarConfiguration) : 0;
  if (planarity > 1) wrong(`Planar Configuration is ${planarity}`);
  if (photometric === "YBR_FULL_422") {
    if (coding === "rle") throw unread(file, "YBR_FULL_422 in RLE");
    if (coding === "native" && (planarity !== 0 || columns % 2 !== 0)) wrong("YBR_FULL_422 has pairs of pixels");
  }
  const fix = "scale it down first (`dcmscale`)";
  requireSize(columns, rows, (samples * bitsAllocated) / 8, { file, fix });
  const planar = planarity === 1;
  return { rows, columns, frames, samples, photometric, planar, bitsAllocated, bitsStored, highBit, signed };
}

function photometricOf(values: Values): Photometric {
  const text = values.text(dictionary.photometric);
  if (text === undefined) throw malformed(values.file, "Photometric Interpretation (0028,0004) is missing");
  const found = photometrics.find((each) => each === text);
  if (found) return found;
  throw unread(values.file, `the photometric interpretation ${others.has(text) ? text : "that is none of DICOM's"}`);
}

/** Those of PS3.3, C.7.6.3.1.2, that are not read: nothing else is repeated in an error. */
const others: ReadonlySet<string> = new Set(
  "HSV ARGB CMYK YBR_PARTIAL_422 YBR_PARTIAL_420 YBR_ICT YBR_RCT YBR_FULL_420 XYB".split(" "),
);

/** What a file says of itself that would be shown wrongly: raw detector values, and greys that are to be coloured. */
function requireShown(values: Values, photometric: Photometric): void {
  if (values.text(dictionary.presentationIntent) === "FOR PROCESSING") {
    throw unread(
      values.file,
      "raw values of a detector (Presentation Intent Type FOR PROCESSING)",
      "export the image that is FOR PRESENTATION from where it comes from",
    );
  }
  const presentation = values.text(dictionary.pixelPresentation);
  if (photometric.startsWith("MONO") && (presentation === "COLOR" || presentation === "MIXED")) {
    throw unread(
      values.file,
      `greys that a palette colours (Pixel Presentation ${presentation})`,
      "export the picture as it is shown there, as PNG",
    );
  }
}

/** Bytes that the pixels of all frames have by what a data set says, whatever it says. */
export function claimedBytes(values: Values): number {
  const { bitsAllocated, samplesPerPixel, rows, columns, numberOfFrames } = dictionary;
  const words = [bitsAllocated, samplesPerPixel, rows, columns].map((attribute) => values.word(attribute) ?? 0);
  return words.reduce((product, word) => product * word, (values.decimal(numberOfFrames) ?? 1) / 8);
}

/** Ratios of a pixel's sides up to this are taken for 1. */
const nearlySquare = 0.01;

/**
 * A picture of pixels that are not square would be seen stretched, and is refused. Spacing and aspect ratio are the vertical side first.
 * @param macros where to look for the spacing of the frame
 */
export function requireSquarePixels(values: Values, macros: readonly Values[]): void {
  const { file } = values;
  const pairs = [
    ...macros.map((macro) => [macro, dictionary.pixelSpacing] as const),
    [values, dictionary.imagerPixelSpacing] as const,
    [values, dictionary.pixelAspectRatio] as const,
  ];
  for (const [place, attribute] of pairs) {
    const fix = takenAway(attribute);
    const pair = place.decimals(attribute, fix);
    // 0\0 is how some say that they do not know.
    if (!pair || (pair.length === 2 && pair[0] === 0 && pair[1] === 0)) continue;
    if (pair.length !== 2 || !(pair[0] > 0 && pair[1] > 0)) {
      throw place.wrong(attribute, "says that its pixels have no sides", fix);
    }
    if (Math.abs(pair[0] / pair[1] - 1) <= nearlySquare) continue;
    throw unread(
      file,
      `pixels ${pair[0]} high and ${pair[1]} wide`,
      "have them made square: `dcmscale +Sxf 1 IN OUT` (dcmtk; it minds the aspect ratio), or export the picture as PNG",
    );
  }
}
