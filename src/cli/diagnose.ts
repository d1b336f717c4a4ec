import { imageToInput } from "../data/input.js";
import { interpret, unlikeTraining } from "../nn/index.js";
import { narrateImage, narrateVerdicts, narrator } from "./narrate.js";
import { findPatient, type PatientOptions } from "./patient.js";
import { openSession } from "./session.js";
import { calibrationInputs } from "./subject.js";
import { openTerminal } from "./terminal.js";
import { largestError, verdictOf } from "./verdict.js";

/**
 * `blindsight diagnose`: one image, encrypted by its key holder, diagnosed by a server that has a model encrypted by its
 * owner. `--json` prints one object; its `probabilities` and `maxLogitError` (see `Evaluation`) are of the logits as the key
 * holder tells them, rounded to the plan's grid, and so equal on every device.
 * @param bare no argument was given at all: a phantom stands in for a data set that cannot be had
 */
export async function diagnose(options: PatientOptions, bare: boolean): Promise<void> {
  const terminal = openTerminal(options);
  const patient = await findPatient(options, terminal, bare);
  const { network } = patient.model;
  const input = imageToInput(patient.pixels, network.card);
  const calibration = await calibrationInputs(patient.model, patient.dataset, terminal);
  const witness = narrator(terminal, patient.model, () => {
    const strange = unlikeTraining(input, network);
    if (strange) terminal.warn(strange.text);
    narrateImage(terminal, patient);
  });
  const session = await openSession(network, calibration, options, witness);
  try {
    const result = await session.diagnose(input, witness);
    const clear = interpret(network, input);
    const maxLogitError = largestError(result.logits, clear);
    const verdict = verdictOf(result.logits, network.card);
    const clearVerdict = verdictOf(clear, network.card);
    narrateVerdicts(terminal, patient, { ...result, verdict, clearVerdict, maxLogitError });
    if (!terminal.json) return;
    const { bits, logN, logQP } = session.plan.security;
    terminal.object({
      label: network.card.labels[verdict.verdict],
      probabilities: verdict.probabilities,
      clearProbabilities: clearVerdict.probabilities,
      maxLogitError,
      security: { bits, logN, logQP },
      encrypted: result.encrypted,
      depth: session.plan.depth,
      timingsMs: { ...session.timingsMs, ...result.timingsMs },
      bytes: { ...session.bytes, ...result.bytes },
      // Node gives kilobytes.
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      device: session.device.describe(),
      threads: session.device.threads,
    });
  } finally {
    await session.close();
  }
}
