import { type NetworkCard, softmax } from "../nn/index.js";

export interface Verdict {
  /** Index of the class. */
  readonly verdict: number;
  readonly probabilities: readonly number[];
}

/**
 * The verdict on an image: with two classes the positive one if its probability reaches the card's threshold, else
 * the likeliest class.
 */
export function verdictOf(logits: Float64Array, card: Pick<NetworkCard, "positive" | "threshold">): Verdict {
  const probabilities = [...softmax(logits)];
  if (logits.length !== 2) return { verdict: probabilities.indexOf(Math.max(...probabilities)), probabilities };
  const reached = probabilities[card.positive] >= card.threshold;
  return { verdict: reached ? card.positive : 1 - card.positive, probabilities };
}

/**
 * How far the logits are from another verdict: with two classes the distance of their difference from the
 * threshold's logit, else that of the two largest. Errors of at most e in each logit cannot change a verdict whose
 * margin exceeds 2e.
 */
export function marginOf(logits: Float64Array, card: Pick<NetworkCard, "positive" | "threshold">): number {
  if (logits.length === 2) {
    const difference = logits[card.positive] - logits[1 - card.positive];
    return Math.abs(difference - Math.log(card.threshold / (1 - card.threshold)));
  }
  const [first, second = Number.NEGATIVE_INFINITY] = logits.slice().sort((a, b) => b - a);
  return first - second;
}

/** Largest absolute difference between two sets of logits. */
export function largestError(logits: Float64Array, clear: Float64Array): number {
  return logits.reduce((largest, logit, k) => Math.max(largest, Math.abs(logit - clear[k])), 0);
}
