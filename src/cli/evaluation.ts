import type { LabelledImage } from "../data/dataset.js";
import { interpret, type Network } from "../nn/index.js";
import { classifierArea, type Interval, wilsonInterval } from "./statistics.js";
import { inputOf } from "./subject.js";
import { largestError, marginOf, type Verdict, verdictOf } from "./verdict.js";

/**
 * The object of `evaluate --json`. Null: an area without images of both classes, an interval of more than two classes,
 * a twin that is not there.
 */
export interface Evaluation {
  readonly images: number;
  readonly accuracy: number;
  readonly auc: number | null;
  readonly accuracyInterval: Interval;
  readonly aucInterval: Interval | null;
  readonly clearAccuracy: number;
  readonly clearAuc: number | null;
  readonly reluAccuracy: number | null;
  readonly reluAuc: number | null;
  readonly agreement: number;
  readonly undecided: readonly number[];
  /**
   * Of the logits as the key holder tells them, rounded to the plan's grid (2^−13 of it is rounding, times the output scale):
   * the error of exact ones, beside the clear logits, would be the noise itself, and with it the secret key.
   */
  readonly maxLogitError: number;
  readonly serverMsPerImage: number;
}

/** What came of one image. */
export interface Run {
  readonly logits: Float64Array;
  /** Logits of the original network in the clear. */
  readonly clear: Float64Array;
  readonly serverMs: number;
}

/** Sums up the runs of `images`, and lets the ReLU twin judge the same images in the clear. */
export function summarise(
  runs: readonly Run[],
  images: readonly LabelledImage[],
  { card }: Network,
  twin: Network | undefined,
): Evaluation {
  const labels = images.map(({ label }) => label);
  const encrypted = runs.map(({ logits }) => verdictOf(logits, card));
  const clear = runs.map((run) => verdictOf(run.clear, card));
  const maxLogitError = Math.max(...runs.map((run) => largestError(run.logits, run.clear)));
  const equal = encrypted.filter(({ verdict }, k) => verdict === clear[k].verdict).length;
  const mine = score(encrypted, labels, card.positive);
  const theirs = score(clear, labels, card.positive);
  const relu =
    twin &&
    score(
      images.map(({ pixels }) => verdictOf(interpret(twin, inputOf(pixels, twin)), twin.card)),
      labels,
      twin.card.positive,
    );
  return {
    images: images.length,
    accuracy: mine.hits / images.length,
    auc: mine.auc ?? null,
    accuracyInterval: wilsonInterval(mine.hits, images.length),
    aucInterval: mine.interval ?? null,
    clearAccuracy: theirs.hits / images.length,
    clearAuc: theirs.auc ?? null,
    reluAccuracy: relu ? relu.hits / images.length : null,
    reluAuc: relu?.auc ?? null,
    agreement: equal / images.length,
    undecided: runs.flatMap((run, index) => (marginOf(run.clear, card) < 2 * maxLogitError ? [index] : [])),
    maxLogitError,
    serverMsPerImage: runs.reduce((sum, { serverMs }) => sum + serverMs, 0) / runs.length,
  };
}

function score(verdicts: readonly Verdict[], labels: readonly number[], positive: number) {
  const hits = verdicts.filter(({ verdict }, k) => verdict === labels[k]).length;
  const scores = verdicts.map((each) => each.logOdds);
  return { hits, ...classifierArea(scores, labels, positive) };
}
