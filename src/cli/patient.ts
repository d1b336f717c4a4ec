import type { Dataset } from "../data/dataset.js";
import { enlarged, planesFor } from "../picture/enlarge.js";
import { UsageError } from "./failure.js";
import { type ImageFileOptions, readImageFile, refuseWithoutImage } from "./image-file.js";
import { defaultModelFor, type LoadedModel, loadModel } from "./models.js";
import type { RunOptions } from "./options.js";
import { checkIndex, defaultDataset, findSubject, openShowing } from "./subject.js";
import type { Terminal } from "./terminal.js";

export interface PatientOptions extends RunOptions, ImageFileOptions {
  readonly index?: number;
  readonly image?: string;
}

/** One image on its way to a diagnosis. */
export interface Patient {
  readonly model: LoadedModel;
  /** What to call the image. */
  readonly title: string;
  /** 0..255, [channel][row][column], of the network's size: what is shown is what is encrypted. */
  readonly pixels: ArrayLike<number>;
  /** The true class, where it is known. */
  readonly label?: number;
  /** Where to look for images to calibrate on. */
  readonly dataset?: Dataset;
}

/**
 * Finds the image and its model: `--image`, or an image of a data set.
 * @param bare no argument was given at all: a phantom stands in for a data set that cannot be had
 */
export async function findPatient(options: PatientOptions, terminal: Terminal, bare: boolean): Promise<Patient> {
  const { image } = options;
  if (image !== undefined) return fromFile(image, options, terminal);
  refuseWithoutImage(options);
  return fromDataset(options, terminal, bare);
}

async function fromDataset(options: PatientOptions, terminal: Terminal, bare: boolean): Promise<Patient> {
  const { model, dataset } = await findSubject(options, terminal, bare);
  const { split, index = 0 } = options;
  checkIndex(dataset, split, index);
  const { pixels: native, label } = dataset.image(split, index);
  const { input, card } = model.network;
  const pixels = enlarged(native, input, card.upsampled);
  return { model, title: `${split} image ${index} of ${dataset.name}`, pixels, label, dataset };
}

async function fromFile(path: string, options: PatientOptions, terminal: Terminal): Promise<Patient> {
  const dataset = options.dataset === undefined ? undefined : await openShowing(options.dataset, terminal);
  const model = await loadModel(options.model ?? defaultModelFor(dataset ?? { name: defaultDataset }), terminal);
  const { input } = model.network;
  if (input.length !== 3 || (input[0] !== 1 && input[0] !== 3)) {
    const what = `${model.name} takes ${input.join("×")} values, --image gives pictures of one channel or three`;
    throw new UsageError(what, "take a model of grey or RGB images, or a data set with --dataset");
  }
  const { card } = model.network;
  const picture = await readImageFile(path, card, options);
  return { model, title: path, pixels: planesFor(picture, input, card.upsampled), dataset };
}
