import type { Split } from "../../data/dataset.js";
import { imageToInput } from "../../data/input.js";
import { readFileWhole } from "../../data/read-file.js";
import { DataError } from "../../errors.js";
import { type Plan, unlikeTraining } from "../../nn/index.js";
import { enlarged, nativeExtents, planesFor } from "../../picture/enlarge.js";
import { UsageError } from "../failure.js";
import { type ImageFileOptions, readImageFile, refuseWithoutImage } from "../image-file.js";
import { checkIndex, openShowing } from "../subject.js";
import type { Terminal } from "../terminal.js";

/** Where images come from. */
export interface ImageOptions extends ImageFileOptions {
  readonly image?: readonly string[];
  readonly dataset?: string;
  readonly split: Split;
  readonly index?: readonly [first: number, last: number];
  readonly values?: string;
}

const MOST_FILE_BYTES = 2 ** 29;

/**
 * The images that are named, in the units of the plan's network: PNGs, JPEGs and DICOMs, a range of a data set, or values as they are.
 * @throws UsageError for none, several ways at once, or more than the plan takes at once
 */
export async function inputsFor(plan: Plan, options: ImageOptions, terminal: Terminal): Promise<Float64Array[]> {
  const ways = [options.image, options.dataset, options.values].filter((way) => way !== undefined);
  if (ways.length !== 1) {
    throw new UsageError(
      ways.length === 0 ? "there is nothing to encrypt" : "images are named in several ways",
      "name pictures with --image, or a --dataset and --index, or a JSON file of --values",
    );
  }
  if (!options.image) refuseWithoutImage(options);
  const inputs =
    options.values !== undefined ? await fromValues(options.values) : await fromPixels(plan, options, terminal);
  if (inputs.length <= plan.images) return inputs;
  throw new UsageError(
    `the plan takes ${plan.images === 1 ? "one image" : `${plan.images} images`} at once, ${inputs.length} were named`,
    plan.images === 1 ? "name one, or compile with --images" : "encrypt them in several files",
  );
}

async function fromPixels(plan: Plan, options: ImageOptions, terminal: Terminal): Promise<Float64Array[]> {
  const { card } = plan;
  const pictures = options.image
    ? await fromFiles(plan, options.image, options)
    : await fromDataset(plan, options, terminal);
  return pictures.map(({ title, pixels }) => {
    const values = imageToInput(pixels, card);
    const strange = unlikeTraining(values, { input: plan.program.input, card });
    if (strange) terminal.warn(`${title}: ${strange.text}`);
    return values;
  });
}

interface Titled {
  readonly title: string;
  readonly pixels: ArrayLike<number>;
}

async function fromFiles(
  { program, card }: Plan,
  paths: readonly string[],
  options: ImageFileOptions,
): Promise<Titled[]> {
  const { input } = program;
  if (input.length !== 3 || (input[0] !== 1 && input[0] !== 3)) {
    const what = `${card.name} takes ${input.join("×")} values, --image gives pictures of one channel or three`;
    throw new UsageError(what, "give its values as JSON with --values");
  }
  const pictures: Titled[] = [];
  for (const path of paths) {
    pictures.push({
      title: path,
      pixels: planesFor(await readImageFile(path, card, options), input, card.upsampled),
    });
  }
  return pictures;
}

async function fromDataset({ program, card }: Plan, options: ImageOptions, terminal: Terminal): Promise<Titled[]> {
  const set = await openShowing(options.dataset!, terminal);
  const extents = [set.channels, set.height, set.width];
  const wanted = nativeExtents(program.input, card.upsampled);
  if (`${extents}` !== `${wanted}`) {
    throw new UsageError(
      `${card.name} takes values of ${wanted.join("×")}, the images of ${set.name} are ${extents.join("×")}`,
      "take a data set of the same size",
    );
  }
  const [first, last] = options.index ?? [0, 0];
  checkIndex(set, options.split, last);
  return Array.from({ length: last - first + 1 }, (_, k) => ({
    title: `${options.split} image ${first + k} of ${set.name}`,
    pixels: enlarged(set.image(options.split, first + k).pixels, program.input, card.upsampled),
  }));
}

/** JSON: a list of numbers, or of such lists. */
async function fromValues(path: string): Promise<Float64Array[]> {
  const bytes = await readFileWhole(path, MOST_FILE_BYTES);
  if (!bytes) throw new DataError(`there is no file ${path}`, "check the path of the JSON file");
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new UsageError(`${path} is no JSON`, "give a list of numbers, or a list of such lists", { cause });
  }
  const lists: unknown[] = Array.isArray(read) && Array.isArray(read[0]) ? read : [read];
  const isNumbers = (list: unknown): list is number[] => Array.isArray(list) && list.every(Number.isFinite);
  if (!lists.every(isNumbers)) {
    throw new UsageError(
      `${path} holds something other than numbers`,
      "give a list of numbers, or a list of such lists",
    );
  }
  return lists.map((list) => Float64Array.from(list));
}

/** `7`, or `0-99`. @throws UsageError for anything else */
export function indexRange(text: string): readonly [first: number, last: number] {
  const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  if (first !== undefined && Number(first) <= Number(last)) return [Number(first), Number(last)];
  throw new UsageError(`--index ${text} is no number and no range`, "give one as 7, or several as 0-99");
}
