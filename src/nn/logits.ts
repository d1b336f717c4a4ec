import type { ComplexVector } from "../ckks/embedding.js";
import { occupants } from "./layout/layout.js";
import type { Plan } from "./plan.js";
import { predictedErrors } from "./predicted.js";
import { imagesOf } from "./program/program.js";
import { GUARD } from "./scales.js";

/**
 * Puts the logits that one ciphertext of a result holds into `logits`, [class][image]: of each the mean of its slots, rounded to the plan's grid.
 * Whether all of them that are of the first so many `images` are readable: slots that hold the same logit agree, none stands out, and
 * its imaginary part says that it did not wrap.
 */
export function readLogits(
  plan: Plan,
  ciphertext: number,
  { real, imaginary }: ComplexVector,
  logits: Float64Array,
  exact: boolean,
  images = imagesOf(plan.program),
): boolean {
  const { program, logitGrid } = plan;
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
  const squares = logits.map(() => 0);
  const rounded = sums.map((sum, k) => toGrid(sum / counts[k], logitGrid));
  for (const [slot, logit] of holds.entries()) {
    if (logit < 0) continue;
    // Written so that NaN is kept, too.
    const off = Math.abs(real[slot] - sums[logit] / counts[logit]);
    if (!(off <= spreads[logit])) spreads[logit] = off;
    squares[logit] += off ** 2;
  }
  // For throughput each slot is a logit of its own: there is nothing that it could stand out from.
  const predicted = program.throughput ? 0 : predictedErrors(plan).logits.rms;
  let readable = true;
  for (const [k, count] of counts.entries()) {
    if (count === 0 || k % all >= images) continue;
    // Judged by values on the grid: nothing finer decides.
    const guardError = Math.abs(toGrid(guards[k] / count, logitGrid) - GUARD * rounded[k]);
    const spread = toGrid(spreads[k], logitGrid);
    const others = Math.max(predicted, Math.sqrt(squares[k] / count));
    const alone = spread > Math.max(logitGrid, toGrid(MOST_DEVIATIONS * others, logitGrid));
    readable = spread < mostSpread(rounded[k]) && !alone && guardError < MOST_GUARD_ERROR && readable;
    logits[k] = exact ? sums[k] / count : rounded[k];
  }
  return readable;
}

/**
 * No slot, where fewer than one in 64 do, stands out so far from its logit's others: noise is Gaussian and of one size in all of them, the largest of 2^15 slots
 * is within six deviations. In deviations of the plan's prediction, which a result cannot say anything about, or of the slots' own
 * where an image far from the calibration makes all of them err more. Steps of the grid are what is compared, one at least.
 */
const MOST_DEVIATIONS = 8;
/** Slots' noise: 2^−10 for images like those of the calibration, and a share of the logit far beyond them. */
const mostSpread = (logit: number): number => 0.1 + Math.abs(logit) / 128;
/** A wrap shifts the guard's difference by 3.2 (GUARD·2^11); noise stays far below, even near the bound. */
const MOST_GUARD_ERROR = 1 / 4;

function toGrid(value: number, grid: number): number {
  return Math.round(value / grid) * grid;
}
