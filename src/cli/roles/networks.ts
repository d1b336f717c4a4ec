import type { Dataset } from "../../data/dataset.js";
import { fitActivations, type Network } from "../../nn/index.js";
import { UsageError } from "../failure.js";
import { loadModel } from "../models.js";
import { openShowing, trainingInputs } from "../subject.js";
import type { Terminal } from "../terminal.js";

/** A network of polynomials only, and images to calibrate it on. */
export interface Prepared {
  readonly network: Network;
  readonly name: string;
  /** In the network's units; where they come from is told. None where none is needed. */
  readonly calibration: readonly Float64Array[];
}

/**
 * Loads a network, and fits polynomials to its activations where it has some: then, or where `always`, calibration images are looked
 * for, in the data set named or as `trainingInputs` does. The same network and images give the same polynomials.
 */
export async function prepare(
  model: string,
  dataset: string | undefined,
  terminal: Terminal,
  always: boolean,
): Promise<Prepared> {
  const loaded = await loadModel(model, terminal);
  const active = loaded.network.layers.some(({ op }) => op === "activation");
  if (!active && !always && dataset === undefined) return { ...loaded, calibration: [] };
  const set: Dataset | undefined = dataset === undefined ? undefined : await openShowing(dataset, terminal);
  const calibration = await trainingInputs(loaded, set, terminal);
  if (!calibration) {
    throw new UsageError(
      `there are no images to calibrate ${model} on`,
      "name a data set with --calibrate: an npz file of images like those it was trained on",
    );
  }
  if (!active) return { ...loaded, calibration };
  const { network, report } = fitActivations(loaded.network, calibration);
  const { gap } = report;
  terminal.warn(
    `${model}: activations became polynomials; logits differ by ${gap.rms.toPrecision(2)} rms, ${gap.largest.toPrecision(2)} at most, on the calibration images`,
  );
  return { network, name: loaded.name, calibration };
}
