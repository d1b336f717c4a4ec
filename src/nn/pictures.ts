import { kindOf } from "../ckks/copies.js";
import { ParameterError } from "../errors.js";
import { nextTurn } from "../ntt/turn.js";
import { planesFor } from "../picture/enlarge.js";
import { maxPicturePixels } from "../picture/limits.js";
import { luma, type Picture } from "../picture/picture.js";
import type { Aborting } from "./aborting.js";
import { type ImageValues, imageValues } from "./graph/image.js";
import type { Network } from "./graph/network.js";
import { shapeText } from "./graph/shapes.js";

/** Pixels of 0..255 in sRGB, row after row, their channels side by side: an ImageData, a canvas's or a decoder's buffer. */
export interface Pixels {
  /** One, three or four numbers a pixel: grey, red green blue, or these and alpha, which is composited on black. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Whether `data` has one channel's pixels after the other's, [channel][row][column]: numbers alone do not tell. False unless said. */
  readonly planar?: boolean;
  /** Of an ImageData: others than "srgb" are refused. */
  readonly colorSpace?: string;
}

/**
 * An image in a network's units, from what apps have: an ImageData or other pixels, a `Picture` (what `readPicture` of blindsight/picture
 * makes of a PNG, a JPEG or a DICOM; 16 bits keep their fractions), or values that are in these units already
 * (`imageFromPng`: the bytes of a PNG). Of a picture the centre is taken, in the network's proportions, resampled to the network's size by exact means over areas;
 * for a network of one channel colours become luma (Rec. 601), for one of three a grey picture is the same in all.
 * Where its images were enlarged for the training, the picture is treated alike. Pixels v enter as v·scale + offset of the network's card. Costs milliseconds a megapixel.
 * @throws ParameterError for pixels that are not width × height, not bytes or not sRGB, and for a network whose input is no image of one channel or three;
 *   TypeError for anything else
 */
export function imageFrom(
  source: Pixels | Picture | ImageValues,
  network: Pick<Network, "input" | "card">,
): Float64Array {
  if (source instanceof Float64Array || source instanceof Float32Array || Array.isArray(source)) {
    return imageValues(network.input, source as ImageValues);
  }
  requireImages(network);
  return valuesOf(isPicture(source) ? checkedPicture(source) : pictureOf(source as Pixels), network);
}

function isPicture(source: unknown): source is Picture {
  const { grey, colour } = (source ?? {}) as Partial<Picture>;
  return typeof grey === "function" && typeof colour === "function";
}

/** Its values are looked at as they are asked for. */
function checkedPicture(picture: Picture): Picture {
  const { width, height, coloured } = picture;
  requireExtents(width, height);
  const checked = (value: number) => {
    // Luma of white may exceed 255 by a last bit.
    if (value >= -1e-9 && value <= 255 + 1e-9) return value;
    throw new ParameterError("the image has a value outside of 0..255", "scale its values to 0..255");
  };
  return {
    width,
    height,
    coloured,
    grey: (pixel) => checked(picture.grey(pixel)),
    colour: (pixel, channel) => checked(picture.colour(pixel, channel)),
  };
}

/**
 * The same from the bytes of a PNG of any kind, 16 bits and interlaced ones too. What decodes it, and the inflater that it takes, is
 * loaded when it is first asked for. @throws as `imageFrom`; FormatError for bytes that are no PNG
 */
export async function imageFromPng(bytes: Uint8Array, network: Pick<Network, "input" | "card">): Promise<Float64Array> {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`bytes: a Uint8Array with the content of a PNG was expected, not ${kindOf(bytes)}`);
  }
  requireImages(network);
  const { readPng } = await import("../picture/png.js");
  return valuesOf(readPng(bytes, "the image"), network);
}

function valuesOf(picture: Picture, { input, card }: Pick<Network, "input" | "card">): Float64Array {
  const { upsampled } = card;
  const { scale, offset } = card.input;
  return planesFor(picture, input, upsampled).map((value) => value * scale + offset);
}

function requireImages({ input }: Pick<Network, "input">): void {
  if (input.length !== 3 || (input[0] !== 1 && input[0] !== 3)) {
    const fix = "give its values as a Float64Array, [channel][row][column]";
    throw new ParameterError(
      `the network takes ${shapeText(input)} values, which are no picture of one channel or three`,
      fix,
    );
  }
}

function pictureOf(pixels: Pixels): Picture {
  const { data, width, height, planar = false, colorSpace = "srgb" } = pixels ?? {};
  if (ArrayBuffer.isView(data) && !(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    // Twelve bits lie in sixteen, and shares of 1 in floats: what 255 is, is not known here.
    throw new ParameterError(
      `the image's pixels are a ${kindOf(data)}, not bytes`,
      "scale them to 0..255 in a Uint8Array (full sixteen bits: v / 257), or give a 16-bit PNG to imageFromPng",
    );
  }
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new TypeError(
      `the image: an ImageData, other pixels or an array of values was expected, not ${kindOf(pixels)}`,
    );
  }
  if (colorSpace !== "srgb") {
    const fix = 'read the pixels with getImageData(x, y, width, height, { colorSpace: "srgb" })';
    throw new ParameterError(`the image's colours are in ${colorSpace}, networks take sRGB`, fix);
  }
  if (typeof planar !== "boolean") throw new TypeError(`planar: true or false was expected, not ${kindOf(planar)}`);
  requireExtents(width, height);
  const count = width * height;
  const channels = data.length / count;
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    const fix = "give 1, 3 or 4 numbers a pixel, side by side";
    throw new ParameterError(`the image has ${data.length} numbers for ${width}×${height} pixels`, fix);
  }
  // Of channel c of pixel k: c·step + k·stride.
  const [step, stride] = planar ? [count, 1] : [1, channels];
  const alpha = (pixel: number) => data[3 * step + pixel * stride];
  if (channels === 4 && opaqueNowhere(count, alpha)) {
    const fix = "draw the picture before its pixels are read (a new canvas is transparent)";
    throw new ParameterError("the image is transparent in all of its pixels", fix);
  }
  const colour = (pixel: number, channel: number): number => {
    if (channels === 1) return data[pixel];
    return data[channel * step + pixel * stride] * (channels === 4 ? alpha(pixel) / 255 : 1);
  };
  const grey = (pixel: number) =>
    channels === 1 ? data[pixel] : luma(colour(pixel, 0), colour(pixel, 1), colour(pixel, 2));
  return { width, height, coloured: channels > 1, grey, colour };
}

function requireExtents(width: number, height: number): void {
  const whole = Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1;
  if (whole && width * height <= maxPicturePixels) return;
  throw new ParameterError(`the image has ${width}×${height} pixels`, `give 1 to ${maxPicturePixels} of them`);
}

function opaqueNowhere(pixels: number, alpha: (pixel: number) => number): boolean {
  for (let pixel = 0; pixel < pixels; pixel++) if (alpha(pixel) !== 0) return false;
  return true;
}

/** An image as apps have it: what `imageFrom` takes, or the bytes of a PNG. */
export type ImageSource = Pixels | Picture | Uint8Array | ImageValues;

/** `imageFrom` or `imageFromPng`, by what is given. */
export async function imageOf(source: ImageSource, network: Pick<Network, "input" | "card">): Promise<Float64Array> {
  return source instanceof Uint8Array ? imageFromPng(source, network) : imageFrom(source, network);
}

/** Where images come from: arrays, generators, async ones. */
export type ImageLoader = Iterable<ImageSource> | AsyncIterable<ImageSource>;

/** All optional. */
export interface CalibrationLoading {
  /** Images that are taken at most: 256 unless said. */
  readonly limit?: number;
  /** Called after each image with how many there are. */
  readonly onProgress?: (images: number) => void;
  /** Ends the loading with the signal's reason. */
  readonly signal?: Aborting;
}

/** A page that is busy for longer is seen to stand still. */
const LONGEST_TURN_MS = 50;

/**
 * Images for a calibration from a data loader, which is asked for no more than `limit`: what `encrypt(network, { calibration })`,
 * `check` and `fitActivations` take. The event loop gets a turn every 50 ms or so. @throws as `imageFrom`; RangeError for a limit that is none; TypeError for what is no loader
 */
export async function calibrationFrom(
  loader: ImageLoader,
  network: Pick<Network, "input" | "card">,
  { limit = 256, onProgress, signal }: CalibrationLoading = {},
): Promise<Float64Array[]> {
  if (!(Number.isInteger(limit) && limit >= 1)) throw new RangeError(`limit: ${limit} is no number of images`);
  const images: Float64Array[] = [];
  let begin = performance.now();
  for await (const source of loader as AsyncIterable<ImageSource>) {
    // An iterable that is not asynchronous would never give the event loop a turn.
    if (performance.now() - begin > LONGEST_TURN_MS) {
      await nextTurn();
      begin = performance.now();
    }
    signal?.throwIfAborted();
    images.push(await imageOf(source, network));
    onProgress?.(images.length);
    if (images.length >= limit) break;
  }
  return images;
}
