import type { Dataset, Split } from "../data/dataset.js";
import { imageToInput } from "../data/input.js";
import { type OpenDatasetOptions, openDataset } from "../data/open-dataset.js";
import { DataError } from "../errors.js";
import type { Network } from "../nn/index.js";
import { enlarged, nativeExtents } from "../picture/enlarge.js";
import { centreSquare } from "../picture/resample.js";
import { UsageError } from "./failure.js";
import { defaultModelFor, type LoadedModel, loadModel } from "./models.js";
import type { RunOptions } from "./options.js";
import type { Terminal } from "./terminal.js";

/** A model and the data set whose images it is to diagnose, fitting each other. */
export interface Subject {
  readonly model: LoadedModel;
  readonly dataset: Dataset;
}

/** What is diagnosed unless a data set or a model says otherwise. */
export const defaultDataset = "pneumoniamnist";
/** Images that the model owner calibrates on, spread over the training split. */
const calibrationCount = 256;

/**
 * Finds the data set and the model: each as it was named, or the one that goes with the other, or PneumoniaMNIST and
 * its model.
 * @param fallback diagnose a phantom when the data set cannot be had; only for a bare `blindsight`
 * @throws DataError, FormatError, UnsupportedLayerError; UsageError when the two do not fit each other.
 */
export async function findSubject(options: RunOptions, terminal: Terminal, fallback: boolean): Promise<Subject> {
  const named = options.model === undefined ? undefined : await loadModel(options.model, terminal);
  const wanted = options.dataset ?? named?.network.card.dataset ?? defaultDataset;
  const dataset = await openShowing(wanted, terminal).catch((error: unknown) => {
    if (!fallback || !(error instanceof DataError)) throw error;
    terminal.warn(`${error.message}; diagnosing a phantom instead, a picture drawn from numbers`);
    return openDataset("phantom");
  });
  const model = named ?? (await loadModel(defaultModelFor(dataset), terminal));
  expectFit(model, dataset);
  return { model, dataset };
}

/**
 * Inputs for the model owner to calibrate on: images of the data set's training split, else of its validation split,
 * else of the set that the model was trained on, else phantoms, with a warning.
 */
export async function calibrationInputs(
  model: LoadedModel,
  dataset: Dataset | undefined,
  terminal: Terminal,
): Promise<Float64Array[]> {
  const { network, name } = model;
  const found = await trainingInputs(model, dataset, terminal);
  if (found) return found;
  if (network.input.length !== 3 || network.input[0] !== 1) {
    throw new UsageError(`there are no images to calibrate ${name} on`, "name a data set with --dataset");
  }
  terminal.warn(`${name} is calibrated on phantoms, for lack of its training images: values may leave its range`);
  return phantomInputs(network);
}

/** The same without phantoms: undefined where there are no images. */
export async function trainingInputs(
  { network }: LoadedModel,
  dataset: Dataset | undefined,
  terminal: Terminal,
): Promise<Float64Array[] | undefined> {
  const own = dataset && inputsOf(network, dataset);
  if (own) return own;
  const trained = network.card.dataset;
  if (trained !== undefined && trained !== dataset?.name) {
    try {
      const inputs = inputsOf(network, await openShowing(trained, terminal));
      if (inputs) return inputs;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }
  return undefined;
}

/** Opens a data set, showing a bar should it have to be downloaded. */
export async function openShowing(name: string, terminal: Terminal): Promise<Dataset> {
  let bar: ReturnType<Terminal["progress"]> | undefined;
  const onProgress: OpenDatasetOptions["onProgress"] = (received, total) => {
    bar ??= terminal.progress(`downloading ${name}`, total ?? received);
    bar.update(received, total ?? received);
  };
  try {
    return await openDataset(name, { onProgress });
  } finally {
    bar?.stop();
  }
}

/** @throws UsageError when the index is out of range, with the range. */
export function checkIndex(dataset: Dataset, split: Split, index: number): void {
  const count = dataset.count(split);
  if (count === 0) throw new UsageError(`${dataset.name} has no ${split} split`, "take another --split");
  if (index < count) return;
  const what = `index ${index} is out of range for the ${split} split of ${dataset.name}`;
  throw new UsageError(what, `take --index 0 to ${count - 1}`);
}

function expectFit({ network, name }: LoadedModel, dataset: Dataset): void {
  if (fits(network, dataset)) return;
  const wanted = nativeExtents(network.input, network.card.upsampled);
  throw new UsageError(
    `${name} takes values of ${wanted.join("×")}, the images of ${dataset.name} are ` +
      `${dataset.channels}×${dataset.height}×${dataset.width} (channels×height×width)`,
    "take a model and a data set of the same size",
  );
}

/** Whether a network takes the images of a data set: one for signals or volumes takes none, however many values they have. */
function fits({ input, card }: Pick<Network, "input" | "card">, { channels, height, width }: Dataset): boolean {
  return `${nativeExtents(input, card.upsampled)}` === `${[channels, height, width]}`;
}

function inputsOf(network: Network, dataset: Dataset): Float64Array[] | undefined {
  if (!fits(network, dataset)) return undefined;
  const split = (["train", "val"] as const).find((each) => dataset.count(each) > 0);
  if (!split) return undefined;
  const total = dataset.count(split);
  const count = Math.min(calibrationCount, total);
  return Array.from({ length: count }, (_, k) =>
    inputOf(dataset.image(split, Math.floor((k * total) / count)).pixels, network),
  );
}

/** Pixels of a data set as they enter the network. */
export function inputOf(pixels: ArrayLike<number>, { input, card }: Pick<Network, "input" | "card">): Float64Array {
  return imageToInput(enlarged(pixels, input, card.upsampled), card);
}

async function phantomInputs(network: Network): Promise<Float64Array[]> {
  const phantoms = await openDataset("phantom");
  const [, height, width] = nativeExtents(network.input, network.card.upsampled);
  return Array.from({ length: calibrationCount }, (_, k) => {
    const { pixels } = phantoms.image("train", k);
    const picture = { width: phantoms.width, height: phantoms.height, grey: (pixel: number) => pixels[pixel] };
    return inputOf(centreSquare(picture, height, width), network);
  });
}
