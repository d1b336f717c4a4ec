/** From a file to what the network sees of it, and back to a picture of exactly that. */
import { imageFrom, type PlanCard, unlikeTraining } from "blindsight/nn";
import { readPicture } from "blindsight/picture";
import type { Preview } from "./messages.js";

/** What a network takes, by its plan. */
export interface Seeing {
  readonly input: readonly number[];
  readonly card: PlanCard;
}

/**
 * @returns the network's values, and what is shown of them
 * @throws FormatError for a file that is no picture
 */
export async function look(
  bytes: Uint8Array,
  name: string,
  seeing: Seeing,
  frame = 1,
): Promise<{ values: Float64Array; preview: Omit<Preview, "serial"> }> {
  const decoded = await readPicture(bytes, { name, frame });
  const { picture, format, frames, modality, tags = [] } = decoded;
  const values = imageFrom(picture, seeing);
  const unlike = unlikeTraining(values, seeing);
  const { modality: wanted } = seeing.card;
  const clashes = modality !== undefined && wanted !== undefined && !wanted.includes(modality);
  const [, height, width] = seeing.input;
  const preview: Omit<Preview, "serial"> = {
    width,
    height,
    pixels: pixelsOf(values, seeing),
    format,
    original: [picture.width, picture.height],
    frame: decoded.frame,
    frames,
    ...(clashes && { clash: { modality, wanted } }),
    tags: tags.map(({ name: title, value }) => ({ name: title, value })),
    ...(unlike !== undefined && { unlike: unlike.text }),
    checked: seeing.card.kind !== undefined || seeing.card.training !== undefined,
  };
  return { values, preview };
}

/** RGBA of what the network is given. */
function pixelsOf(values: Float64Array, { input, card }: Seeing): Uint8ClampedArray<ArrayBuffer> {
  const [channels, height, width] = input;
  const count = height * width;
  const { scale, offset } = card.input;
  const pixels = new Uint8ClampedArray(4 * count).fill(255);
  for (let k = 0; k < count; k++) {
    for (let c = 0; c < 3; c++) pixels[4 * k + c] = (values[(channels === 1 ? 0 : c) * count + k] - offset) / scale;
  }
  return pixels;
}
