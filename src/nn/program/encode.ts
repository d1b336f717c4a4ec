import { type ImageValues, imageValues } from "../graph/image.js";
import { pack } from "../layout/layout.js";
import { spreadTaps } from "../plan/taps.js";
import { INPUT_SCALE } from "../scales.js";
import type { Program } from "./program.js";

/**
 * The slots that the key holder encrypts: the image times INPUT_SCALE, in every replica that the program's first layout has.
 * @throws TypeError, ParameterError as `imageValues`.
 */
export function encodeInput(program: Program, image: ImageValues): Float64Array[] {
  const { input, taps, layouts, values, inputs } = program;
  const pixels = imageValues(input, image);
  const laid = pack(layouts[values[inputs[0]].layout], taps ? spreadTaps(taps, input, pixels) : pixels);
  return laid.map((slots) => slots.map((value) => value * INPUT_SCALE));
}
