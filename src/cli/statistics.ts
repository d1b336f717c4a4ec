export type Interval = readonly [low: number, high: number];

/** Two-sided 95 % of a normal distribution. */
const z95 = 1.959963984540054;

/**
 * Wilson's 95 % interval for a share of `hits` among `total`.
 * Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
 */
export function wilsonInterval(hits: number, total: number): Interval {
  const share = hits / total;
  const scale = 1 + (z95 * z95) / total;
  const centre = (share + (z95 * z95) / (2 * total)) / scale;
  const half = (z95 / scale) * Math.sqrt((share * (1 - share)) / total + (z95 * z95) / (4 * total * total));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

export interface AreaUnderCurve {
  readonly auc: number;
  /** DeLong's 95 % interval, cut at 0 and 1. */
  readonly interval: Interval;
}

/**
 * Area under the ROC curve: the chance that a positive image scores above a negative one, ties counting half.
 * @returns undefined when one of the two classes has no image; the interval is [0, 1] when one has a single image.
 * Source: DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated ROC curves",
 * Biometrics 1988.
 */
export function areaUnderCurve(scores: readonly number[], positive: readonly boolean[]): AreaUnderCurve | undefined {
  const positives = scores.filter((_, k) => positive[k]);
  const negatives = scores.filter((_, k) => !positive[k]);
  if (positives.length === 0 || negatives.length === 0) return undefined;
  const above = positives.map((score) => mean(negatives.map((other) => wins(score, other))));
  const below = negatives.map((score) => mean(positives.map((other) => wins(other, score))));
  const auc = mean(above);
  if (positives.length === 1 || negatives.length === 1) return { auc, interval: [0, 1] };
  const half = z95 * Math.sqrt(variance(above) / above.length + variance(below) / below.length);
  return { auc, interval: [Math.max(0, auc - half), Math.min(1, auc + half)] };
}

/**
 * The area under the curve of a classifier from its scores, one for each class (probabilities, or anything that grows with
 * them): of the positive class where there are two, else the mean over the classes, each against the rest (without an interval).
 */
export function classifierArea(
  scores: readonly (readonly number[])[],
  labels: readonly number[],
  positive: number,
): { readonly auc?: number; readonly interval?: Interval } {
  const classes = scores[0].length;
  const against = (one: number) =>
    areaUnderCurve(
      scores.map((row) => row[one]),
      labels.map((label) => label === one),
    );
  if (classes === 2) return against(positive) ?? {};
  const areas = Array.from({ length: classes }, (_, one) => against(one)?.auc);
  return areas.every((area) => area !== undefined) ? { auc: mean(areas) } : {};
}

function wins(score: number, other: number): number {
  return score > other ? 1 : score === other ? 0.5 : 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}
