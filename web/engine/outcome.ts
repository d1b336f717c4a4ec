import { classOf, type Plan, type PlanCard, probabilities } from "blindsight/nn";
import type { Card, Outcome } from "./messages.js";

/** A text from elsewhere, as it may stand in a sentence: no control characters, nothing that turns its direction, and short. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, "").slice(0, 80);
}

/**
 * What a user is told of a network.
 * @param logits how many it has: one speaks for two classes
 */
export function cardOf({ name, labels, positive, threshold, activation }: PlanCard, logits: number): Card {
  const classes = Math.max(2, logits);
  // A single label is what the one logit speaks for.
  const known = labels.length < classes ? [undefined, ...labels] : labels;
  const each = activation === "sigmoid" && logits > 1;
  return {
    name: plainText(name),
    labels: Array.from({ length: classes }, (_, k) => plainText(known[k] ?? `class ${k}`)),
    ...(classes === 2 && !each && { decision: { positive, threshold } }),
  };
}

/** The verdict on decrypted logits. */
export function outcomeOf(
  logits: Float64Array,
  { card, identity }: Plan,
  rest: Omit<Outcome, "card" | "verdict" | "scores" | "plan">,
): Outcome {
  const each = card.activation === "sigmoid" && logits.length > 1;
  return {
    card: cardOf(card, logits.length),
    verdict: each ? undefined : classOf(logits, card),
    scores: [...probabilities(logits, card)],
    plan: identity,
    ...rest,
  };
}
