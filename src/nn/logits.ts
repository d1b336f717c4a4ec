import type { ComplexVector } from "../ckks/embedding.js";
import type { Plan } from "./compile.js";
import { occupants } from "./layout/layout.js";
import { imagesOf } from "./program/program.js";
import { GUARD } from "./scales.js";

/**
 * Puts the logits that one ciphertext of a result holds into `logits`, [class][image]: of each the mean of its slots, rounded to the plan's grid.
 * Whether all of them that are of the first so many `images` are readable: slots that hold the same logit agree, and its imaginary part says that it did not wrap.
 */
export function readLogits(
  { program, logitGrid }: Plan,
  ciphertext: number,
  { real, imaginary }: ComplexVector,
  logits: Float64Array,
  exact: boolean,
  images = imagesOf(program),
): boolean {
  const { layouts, values, outputs } = program;
  const holds = program.throughput
    ? Int32Array.from({ length: program.slots }, (_, image) => ciphertext * program.slots + image)
    : occupants(layouts[values[outputs[ciphertext]].layout], ciphertext);
  const all = imagesOf(program);
  const sums = logits.map(() => 0);
  const guards = logits.map(() => 0);
  const counts = logits.map(() => 0);
  for (const [slot, logit] of holds.entries()) {
    if (logit < 0) continue;
    sums[logit] += real[slot];
    guards[logit] += imaginary[slot];
    counts[logit]++;
  }
  const spreads = logits.map(() => 0);
  const rounded = sums.map((sum, k) => toGrid(sum / counts[k], logitGrid));
  for (const [slot, logit] of holds.entries()) {
    if (logit < 0) continue;
    // Written so that NaN is kept, too.
    const off = Math.abs(real[slot] - rounded[logit]);
    if (!(off <= spreads[logit])) spreads[logit] = off;
  }
  let readable = true;
  for (const [k, count] of counts.entries()) {
    if (count === 0 || k % all >= images) continue;
    // Judged by values on the grid: nothing finer decides.
    const guardError = Math.abs(toGrid(guards[k] / count, logitGrid) - GUARD * rounded[k]);
    readable = toGrid(spreads[k], logitGrid) < mostSpread(rounded[k]) && guardError < MOST_GUARD_ERROR && readable;
    logits[k] = exact ? sums[k] / count : rounded[k];
  }
  return readable;
}

/** Slots' noise: 2^−10 for images like those of the calibration, and a share of the logit far beyond them. */
const mostSpread = (logit: number): number => 0.1 + Math.abs(logit) / 128;
/** A wrap shifts the guard's difference by 3.2 (GUARD·2^11); noise stays far below, even near the bound. */
const MOST_GUARD_ERROR = 1 / 4;

function toGrid(value: number, grid: number): number {
  return Math.round(value / grid) * grid;
}
