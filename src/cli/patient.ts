import type { Dataset } from "../data/dataset.js";
import { readFileWhole } from "../data/read-file.js";
import { DataError } from "../errors.js";
import { enlarged, planesFor } from "../picture/enlarge.js";
import { readPng } from "../picture/png.js";
import { UsageError } from "./failure.js";
import { defaultModelFor, type LoadedModel, loadModel } from "./models.js";
import type { RunOptions } from "./options.js";
import { checkIndex, defaultDataset, findSubject, openShowing } from "./subject.js";
import type { Terminal } from "./terminal.js";

export interface PatientOptions extends RunOptions {
  readonly index?: number;
  readonly image?: string;
}

/** The largest picture that is decoded takes half as much unpacked. */
const mostPictureBytes = 2 ** 29;

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
export function findPatient(options: PatientOptions, terminal: Terminal, bare: boolean): Promise<Patient> {
  const { image } = options;
  return image === undefined ? fromDataset(options, terminal, bare) : fromPng(image, options, terminal);
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

async function fromPng(path: string, options: PatientOptions, terminal: Terminal): Promise<Patient> {
  const dataset = options.dataset === undefined ? undefined : await openShowing(options.dataset, terminal);
  const model = await loadModel(options.model ?? defaultModelFor(dataset ?? { name: defaultDataset }), terminal);
  const { input } = model.network;
  if (input.length !== 3 || (input[0] !== 1 && input[0] !== 3)) {
    const what = `${model.name} takes ${input.join("×")} values, --image gives pictures of one channel or three`;
    throw new UsageError(what, "take a model of grey or RGB images, or a data set with --dataset");
  }
  const bytes = await readFileWhole(path, mostPictureBytes);
  if (!bytes) throw new DataError(`there is no image ${path}`, "check the path of the PNG");
  return { model, title: path, pixels: planesFor(readPng(bytes, path), input, model.network.card.upsampled), dataset };
}
