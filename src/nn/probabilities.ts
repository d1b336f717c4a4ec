import { kindOf } from "../ckks/copies.js";
import type { NetworkCard } from "./graph/network.js";

/**
 * Probabilities from the logits of a network: one for each class of its card. By softmax; by sigmoid, each by itself, where the
 * card says so (labels of which an image may have several); and of one logit z, two classes: 1 − sigmoid(z) and sigmoid(z).
 * Stays finite for any finite logits. This is the Softmax or Sigmoid that `importOnnx` drops from the end of a graph.
 */
export function probabilities(logits: Float64Array, card: Pick<NetworkCard, "activation"> = {}): Float64Array {
  requireLogits(logits);
  const independent = card.activation === "sigmoid" && logits.length > 1;
  return independent ? logits.map(sigmoid) : softmax(classLogits(logits));
}

/**
 * The class that an image is put into, as an index of the card's labels: of two, the positive one if its probability reaches the
 * card's threshold; else the likeliest. Labels with a sigmoid each are no such pair: an image may have both, or none, and the
 * likeliest is named.
 */
export function classOf(
  logits: Float64Array,
  card: Pick<NetworkCard, "positive" | "threshold" | "activation">,
): number {
  const shares = probabilities(logits, card);
  if (shares.length > 2 || (logits.length === 2 && card.activation === "sigmoid")) {
    return logits.indexOf(logits.reduce((most, logit) => Math.max(most, logit)));
  }
  return shares[card.positive] >= card.threshold ? card.positive : 1 - card.positive;
}

/** One logit for each class: of one logit z, 0 and z, whose softmax is 1 − sigmoid(z) and sigmoid(z). */
export function classLogits(logits: Float64Array): Float64Array {
  return logits.length === 1 ? Float64Array.of(0, logits[0]) : logits;
}

/**
 * Probabilities that sum up to one; stays finite for any finite logits.
 * @throws RangeError for one logit, of which it is always 1.
 */
export function softmax(logits: Float64Array): Float64Array {
  requireLogits(logits);
  if (logits.length === 1) {
    throw new RangeError(
      "softmax of one logit is always 1: use probabilities(logits, network.card), which is by sigmoid",
    );
  }
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function requireLogits(logits: Float64Array): void {
  if ((Array.isArray(logits) || ArrayBuffer.isView(logits)) && logits.length > 0) return;
  throw new TypeError(`logits: what \`await decrypt(result)\` gives was expected, not ${kindOf(logits)}`);
}

/** 1/(1 + e^−z), without an overflow on the way. */
function sigmoid(z: number): number {
  const power = Math.exp(-Math.abs(z));
  return z >= 0 ? 1 / (1 + power) : power / (1 + power);
}
