import { kindOf } from "../../ckks/copies.js";
import { ParameterError } from "../../errors.js";
import type { Shape } from "./network.js";
import { shapeText, sizeOf } from "./shapes.js";

/** One image in the network's units, [channel][row][column]. */
export type ImageValues = Float64Array | Float32Array | readonly number[];

/**
 * An image as doubles; a Float64Array is not copied.
 * @param what names it in errors
 * @throws TypeError for what is no array of numbers, and for arrays of integers, which are pixels more often than not and
 *   would be taken at 128 times their value; ParameterError for another number of values, or one that is not finite.
 */
export function imageValues(shape: Shape, image: ImageValues, what = "the image"): Float64Array {
  const floats = image instanceof Float64Array || image instanceof Float32Array;
  if (!floats && !Array.isArray(image)) {
    const pixels = ArrayBuffer.isView(image) ? ": pixels v enter as v·scale + offset of the network's card" : "";
    throw new TypeError(`${what}: a Float64Array, Float32Array or array was expected, not ${kindOf(image)}${pixels}`);
  }
  if (image.length !== sizeOf(shape)) {
    throw new ParameterError(
      `${what} has ${image.length} values, the network takes ${sizeOf(shape)} (${shapeText(shape)})`,
      `give ${sizeOf(shape)} values in the order [channel][row][column]`,
    );
  }
  const wrong = image.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    const found = typeof image[wrong] === "number" ? image[wrong] : kindOf(image[wrong]);
    throw new ParameterError(`${what}: value ${wrong} is ${found}`, "give finite numbers only");
  }
  return image instanceof Float64Array ? image : Float64Array.from(image);
}
