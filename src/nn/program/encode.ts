import type { ComplexVector } from "../../ckks/embedding.js";
import { ParameterError } from "../../errors.js";
import { type ImageValues, imageValues } from "../graph/image.js";
import { sizeOf } from "../graph/shapes.js";
import { pack } from "../layout/layout.js";
import { spreadTaps } from "../plan/taps.js";
import { INPUT_SCALE } from "../scales.js";
import { imagesOf, type Program } from "./program.js";

/**
 * The slots that the key holder encrypts: the image times INPUT_SCALE, in every replica that the program's first layout has. A
 * program of several images takes a list of at most as many; what is missing is zero.
 * @throws TypeError, ParameterError as `imageValues`; ParameterError for no image, or more than the program takes
 */
export function encodeInput(program: Program, image: ImageValues | readonly ImageValues[]): Float64Array[] {
  if (program.throughput) return byElement(program, image);
  const { input, taps, layouts, values, inputs } = program;
  const count = imagesOf(program);
  const side =
    count === 1 ? imageValues(input, image as ImageValues) : sideBySide(program, image as readonly ImageValues[]);
  const shape = count === 1 ? input : [...input, count];
  const laid = pack(layouts[values[inputs[0]].layout], taps ? spreadTaps(taps, shape, side) : side);
  return laid.map((slots) => slots.map((value) => value * INPUT_SCALE));
}

/** As a program takes them that pairs the image (`imagePair`): x + i·rotate(x, pair). The slots given are among the result. */
export function pairInput(pair: number | undefined, slots: Float64Array): Float64Array | ComplexVector {
  if (pair === undefined) return slots;
  const mask = slots.length - 1;
  return { real: slots, imaginary: slots.map((_, i) => slots[(i + pair) & mask]) };
}

/** Of each element its values in all images. */
function byElement(program: Program, images: ImageValues | readonly ImageValues[]): Float64Array[] {
  const elements = Array.from({ length: sizeOf(program.input) }, () => new Float64Array(program.slots));
  for (const [k, image] of listed(program, images as readonly ImageValues[]).entries()) {
    const values = imageValues(program.input, image, `image ${k}`);
    for (let i = 0; i < elements.length; i++) elements[i][k] = values[i] * INPUT_SCALE;
  }
  return elements;
}

function listed(program: Program, images: readonly ImageValues[]): readonly ImageValues[] {
  const count = imagesOf(program);
  const list = Array.isArray(images) && typeof images[0] !== "number" ? images : [images as unknown as ImageValues];
  if (list.length < 1 || list.length > count) {
    throw new ParameterError(
      `${list.length} images, the plan takes 1 to ${count} at once`,
      "compile with { images } for more",
    );
  }
  return list;
}

function sideBySide(program: Program, images: readonly ImageValues[]): Float64Array {
  const count = imagesOf(program);
  const side = new Float64Array(sizeOf(program.input) * count);
  for (const [k, image] of listed(program, images).entries()) {
    for (const [i, value] of imageValues(program.input, image, `image ${k}`).entries()) side[i * count + k] = value;
  }
  return side;
}
