import type { Dataset, LabelledImage, Split } from "../data/dataset.js";
import { FormatError } from "../errors.js";
import { interpret, type Network } from "../nn/index.js";
import { type Run, summarise } from "./evaluation.js";
import { loadTwin } from "./models.js";
import { narrator } from "./narrate.js";
import { narrateEvaluation } from "./narrate-evaluation.js";
import type { RunOptions } from "./options.js";
import { openSession, type Session } from "./session.js";
import { calibrationInputs, checkIndex, findSubject, inputOf } from "./subject.js";
import { openTerminal, type Terminal } from "./terminal.js";

export interface EvaluateOptions extends RunOptions {
  readonly limit?: number;
}

/** `blindsight evaluate`: every image of a split, encrypted and in the clear, and what the ReLU twin makes of it. */
export async function evaluate(options: EvaluateOptions): Promise<void> {
  const terminal = openTerminal(options);
  const { model, dataset } = await findSubject(options, terminal, false);
  checkIndex(dataset, options.split, 0);
  const count = Math.min(dataset.count(options.split), options.limit ?? Number.POSITIVE_INFINITY);
  const images = imagesOf(dataset, options.split, count, model.network);
  const twin = await loadTwin(model, terminal);
  const calibration = await calibrationInputs(model, dataset, terminal);
  const witness = narrator(terminal, model, () =>
    terminal.say(`\nEvaluating ${count} images of the ${options.split} split of ${dataset.name}, encrypted`),
  );
  const session = await openSession(model.network, calibration, options, witness);
  try {
    const runs = await runAll(session, model.network, images, terminal);
    const evaluation = summarise(runs, images, model.network, twin);
    if (terminal.json) terminal.object(evaluation);
    else narrateEvaluation(terminal, evaluation, session.plan.model === "encrypted");
  } finally {
    await session.close();
  }
}

function imagesOf(dataset: Dataset, split: Split, count: number, network: Network): LabelledImage[] {
  return Array.from({ length: count }, (_, index) => {
    const image = dataset.image(split, index);
    if (image.label < network.classes) return image;
    throw new FormatError(
      `${dataset.source}: ${split} image ${index} has label ${image.label}, the model knows ${network.classes} classes`,
      "take the model that was trained on this data set",
    );
  });
}

async function runAll(
  session: Session,
  network: Network,
  images: readonly LabelledImage[],
  terminal: Terminal,
): Promise<Run[]> {
  const bar = terminal.progress("diagnosing", images.length);
  const runs: Run[] = [];
  try {
    for (const { pixels } of images) {
      const input = inputOf(pixels, network);
      const { logits, timingsMs } = await session.diagnose(input);
      runs.push({ logits, clear: interpret(network, input), serverMs: timingsMs.server });
      bar.update(runs.length);
    }
  } finally {
    bar.stop();
  }
  return runs;
}
