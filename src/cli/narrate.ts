import { drawImage } from "../data/terminal-picture.js";
import { luma } from "../picture/picture.js";
import type { LoadedModel } from "./models.js";
import type { Patient } from "./patient.js";
import type { EncryptedDiagnosis, Witness } from "./session.js";
import type { Terminal } from "./terminal.js";
import type { Verdict } from "./verdict.js";

export const notADevice = "Research software, not a medical device: never use it to decide about a patient.";

/** The picture as it will be encrypted, and what it is. */
export function narrateImage(terminal: Terminal, { model, pixels, title }: Patient): void {
  const [channels, height, width] = model.network.input;
  const plane = height * width;
  const shown =
    channels === 3
      ? Array.from({ length: plane }, (_, k) => luma(pixels[k], pixels[plane + k], pixels[2 * plane + k]))
      : pixels;
  const picture = drawImage(shown, width, height, { color: terminal.color });
  terminal.say(`\nDiagnosing ${title} without seeing it\n`);
  terminal.say(picture.replace(/^/gm, "  "));
}

/**
 * A witness that tells a person what was planned, who did what, how long it took and what was sent.
 * @param introduce called first, once the network is known to be plannable: before, an error should be all that is said
 */
export function narrator(terminal: Terminal, { network }: LoadedModel, introduce: () => void): Witness {
  return {
    terminal,
    onPlan({ security, depth }, device) {
      introduce();
      const level = security.bits > 0 ? `${security.bits} bits` : "NONE";
      terminal.say("");
      terminal.say(row("model", `${network.card.name}, ${network.layers.length} layers`));
      terminal.say(row("security", `${level}: N = 2^${security.logN}, log2(QP) = ${security.logQP.toFixed(1)}`));
      terminal.say(row("depth", `${depth.used} levels, ${depth.withoutFolding} without folding`));
      terminal.say(row("device", device.describe()));
      terminal.say("");
    },
    onStage({ who, what, milliseconds, bytes }) {
      const size = bytes === undefined ? "" : sizeOf(bytes).padStart(12);
      terminal.say(row(who, `${what.padEnd(46)}${timeOf(milliseconds).padStart(9)}${size}`));
    },
  };
}

/** The encrypted verdict beside the clear one. */
export function narrateVerdicts(
  terminal: Terminal,
  { model, label }: Patient,
  outcome: Pick<EncryptedDiagnosis, "encrypted"> & { verdict: Verdict; clearVerdict: Verdict; maxLogitError: number },
): void {
  const { labels, threshold, positive } = model.network.card;
  const { verdict, clearVerdict, encrypted } = outcome;
  const width = Math.max(...labels.map((text) => text.length), 12);
  terminal.say(`\n${sentenceOn(encrypted)}\n`);
  terminal.say(`  ${"probability".padEnd(width)}  encrypted   in the clear`);
  for (const [k, text] of labels.entries()) {
    const [mine, clear] = [verdict.probabilities[k], clearVerdict.probabilities[k]].map(percent);
    terminal.say(`  ${text.padEnd(width)}  ${mine.padStart(9)}   ${clear.padStart(12)}`);
  }
  const rule = verdict.byThreshold ? ` ("${labels[positive]}" from ${percent(threshold)})` : "";
  terminal.say(`\n  verdict: ${labels[verdict.verdict]}; in the clear: ${labels[clearVerdict.verdict]}${rule}`);
  if (label !== undefined) terminal.say(`  the image's label says: ${labels[label] ?? `class ${label}`}`);
  terminal.say(`  largest logit error: ${outcome.maxLogitError.toExponential(1)}\n`);
  terminal.say(notADevice);
}

/** 12.3 MB: powers of ten, as networks and disks count. */
export function sizeOf(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${digits(bytes / 1e3)} kB` : `${digits(bytes / 1e6)} MB`;
}

export function timeOf(milliseconds: number): string {
  return milliseconds < 1000 ? `${digits(milliseconds)} ms` : `${digits(milliseconds / 1000)} s`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** One row of a list: who or what, and the rest. */
function row(head: string, text: string): string {
  return `  ${head.padEnd(13)}${text}`;
}

function sentenceOn({ image, model }: EncryptedDiagnosis["encrypted"]): string {
  if (image && model) return "The image and the model were both encrypted: the server saw neither.";
  return image
    ? "The image was encrypted: the server did not see it. The model was not (--plain-model)."
    : "Nothing was encrypted.";
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
