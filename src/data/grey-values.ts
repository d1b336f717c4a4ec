import { FormatError } from "../errors.js";
import type { NpyArray, NpyData } from "./npy.js";

/** 0..255; fractions where the file has them. */
export type Pixels = Uint8Array | Float64Array;

/**
 * The pixels of an array as values 0..255, from `first` on, `count` of them. An array says its type, not its range, so
 * the range of *all* of its values decides, and only where it leaves no doubt:
 * - uint8: as they are; bool: 0 and 255;
 * - float32 and float64 from 0 to 1: times 255;
 * - numbers from 0 to 255 of which one is 32 or more, of any type but int8: as they are.
 *
 * Everything else could be one thing or another: normalised values, 10, 12 or 16 bits, digits of 16 greys, masks.
 * @throws FormatError naming the type and the range found, and how to save the pixels instead.
 */
export function greyValues(array: NpyArray, what: string): (first: number, count: number) => Pixels {
  const { data } = array;
  if (data instanceof Uint8Array && array.dtype === "uint8") return (first, count) => data.slice(first, first + count);
  const scale = scaleOf(array, what);
  return (first, count) => {
    const pixels = isFloat(array) ? new Float64Array(count) : new Uint8Array(count);
    for (let k = 0; k < count; k++) pixels[k] = data[first + k] * scale;
    return pixels;
  };
}

/** Whole splits that are 8 bits deep and yet darker than this are unheard of; 16 is the white of 4-bit greys. */
const surelyBrighterThanOne = 32;

function scaleOf(array: NpyArray, what: string): number {
  const { dtype, data } = array;
  if (dtype === "bool") return 255;
  const { least, largest } = rangeOf(data);
  const found = `${what} is ${dtype} with values from ${least} to ${largest}`;
  if (!Number.isFinite(largest - least)) throw unclear(`${what} is ${dtype} and holds NaN or infinity`);
  if (least >= 0 && largest <= 255 && dtype !== "int8") {
    if (isFloat(array) && largest <= 1) return 255;
    if (largest >= surelyBrighterThanOne) return 1;
  }
  throw unclear(`${found}: it is not clear which of them is black and which is white`);
}

function isFloat({ dtype }: NpyArray): boolean {
  return dtype.startsWith("float");
}

/** NaN for both where there is a NaN. */
function rangeOf(data: NpyData): { least: number; largest: number } {
  let least = data[0];
  let largest = data[0];
  for (let k = 1; k < data.length; k++) {
    const value = data[k];
    if (value < least) least = value;
    else if (value > largest) largest = value;
    else if (Number.isNaN(value)) return { least: value, largest: value };
  }
  return { least, largest };
}

function unclear(message: string): FormatError {
  return new FormatError(message, "save pixels 0 (black) to 255 (white): array.astype('uint8') after scaling them");
}
