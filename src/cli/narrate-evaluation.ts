import type { Evaluation } from "./evaluation.js";
import { notADevice, timeOf } from "./narrate.js";
import type { Interval } from "./statistics.js";
import type { Terminal } from "./terminal.js";

/** An evaluation as a table for people. */
export function narrateEvaluation(terminal: Terminal, evaluation: Evaluation, encryptedModel: boolean): void {
  const { accuracy, auc, clearAccuracy, clearAuc, reluAccuracy, reluAuc, undecided } = evaluation;
  const say = (text: string) => terminal.say(text);
  const line = (head: string, first: string, second: string) =>
    say(`  ${head.padEnd(28)}${first.padEnd(24)}${second}`.trimEnd());
  say("");
  line("", "accuracy", "AUC");
  line(
    encryptedModel ? "image and model encrypted" : "image encrypted",
    share(accuracy, evaluation.accuracyInterval),
    share(auc, evaluation.aucInterval),
  );
  line("in the clear", share(clearAccuracy), share(clearAuc));
  line("its ReLU twin, in the clear", share(reluAccuracy), share(reluAuc));
  say("  95 % intervals: Wilson for the accuracy, DeLong for the AUC\n");
  say(`  equal verdicts: ${(100 * evaluation.agreement).toFixed(2)} % of ${evaluation.images} images`);
  const which =
    undecided.length > 0 ? ` (${undecided.slice(0, 10).join(", ")}${undecided.length > 10 ? ", …" : ""})` : "";
  say(`  too close to call: ${undecided.length}${which}, nearer to the threshold than twice the largest error`);
  say(`  largest logit error: ${evaluation.maxLogitError.toExponential(1)}`);
  say(`  server: ${timeOf(evaluation.serverMsPerImage)} an image\n`);
  say(notADevice);
}

function share(value: number | null, interval?: Interval | null): string {
  if (value === null) return "–";
  return interval ? `${value.toFixed(3)} (${interval[0].toFixed(3)}–${interval[1].toFixed(3)})` : value.toFixed(3);
}
