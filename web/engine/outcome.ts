import { classOf, type Plan, type PlanCard, probabilities } from "blindsight/nn";
import type { Card, Outcome } from "./messages.js";

/** What a user is told of a network. */
export function cardOf({ name, labels, positive, threshold }: PlanCard): Card {
  return { name, labels, positive, threshold };
}

/** The verdict on decrypted logits. */
export function outcomeOf(
  logits: Float64Array,
  { card, identity }: Plan,
  rest: Omit<Outcome, "card" | "verdict" | "scores" | "plan">,
): Outcome {
  return {
    card: cardOf(card),
    verdict: classOf(logits, card),
    scores: [...probabilities(logits, card)],
    plan: identity,
    ...rest,
  };
}
