import { classLogits, classOf, type NetworkCard, probabilities } from "../nn/index.js";

type Rule = Pick<NetworkCard, "positive" | "threshold" | "activation">;

export interface Verdict {
  /** Index of the class. */
  readonly verdict: number;
  /** One for each class: by softmax, of one logit by sigmoid, each by itself where the card says so. */
  readonly probabilities: readonly number[];
  /** The logarithm of each class's odds p/(1 − p): ranks images as its probability does, which becomes exactly 1 beyond 37. */
  readonly logOdds: readonly number[];
  /** Whether the positive class's probability was held against the card's threshold: where there are two classes. */
  readonly byThreshold: boolean;
}

/** The verdict on an image: see `classOf`. */
export function verdictOf(logits: Float64Array, card: Rule): Verdict {
  return {
    verdict: classOf(logits, card),
    probabilities: [...probabilities(logits, card)],
    logOdds: oddsOf(logits, card),
    byThreshold: arePair(logits, card),
  };
}

/**
 * How far the logits are from another verdict: with two classes the distance of their difference from the
 * threshold's logit, else that of the two largest. Errors of at most e in each logit cannot change a verdict whose
 * margin exceeds 2e.
 */
export function marginOf(logits: Float64Array, card: Rule): number {
  if (arePair(logits, card)) {
    const pair = classLogits(logits);
    const difference = pair[card.positive] - pair[1 - card.positive];
    return Math.abs(difference - Math.log(card.threshold / (1 - card.threshold)));
  }
  const [first, second = Number.NEGATIVE_INFINITY] = logits.slice().sort((a, b) => b - a);
  return first - second;
}

/** Largest absolute difference between two sets of logits. */
export function largestError(logits: Float64Array, clear: Float64Array): number {
  return logits.reduce((largest, logit, k) => Math.max(largest, Math.abs(logit - clear[k])), 0);
}

/** Two classes of which an image has one. */
function arePair(logits: Float64Array, { activation }: Rule): boolean {
  return logits.length === 1 || (logits.length === 2 && activation !== "sigmoid");
}

/** Of softmax: a logit less the logarithm of what the others sum up to. */
function oddsOf(logits: Float64Array, { activation }: Rule): number[] {
  if (logits.length > 1 && activation === "sigmoid") return [...logits];
  const all = classLogits(logits);
  return Array.from(all, (logit, k) => {
    const others = all.filter((_, j) => j !== k);
    const largest = Math.max(...others);
    return logit - largest - Math.log(others.reduce((sum, other) => sum + Math.exp(other - largest), 0));
  });
}
