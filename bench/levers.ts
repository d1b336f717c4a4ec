/** Plans without one of the planner's levers: what each gives, beside all others. */

import { fold } from "../src/nn/fold/fold.js";
import { compile, type Network, Plan } from "../src/nn/index.js";
import { parametersFor } from "../src/nn/parameters.js";
import { costsOf } from "../src/nn/plan/cost.js";
import { productKeys } from "../src/nn/plan/keys.js";
import { planProgram } from "../src/nn/plan/plan.js";

/** What can be left out: the key holder's taps, two diagonals a product, keys of rotated products, keys by level. */
export const LEVERS = ["taps", "pairs", "products", "levels"] as const;
export type Lever = (typeof LEVERS)[number];

export interface PlanSettings {
  readonly model: "encrypted" | "plain";
  readonly images: number;
  readonly maxKeyBytes: number;
}

/** What `compile` gives, or without a lever what it would give. */
export function planWithout(network: Network, lever: Lever | undefined, settings: PlanSettings): Plan {
  const usual = compile(network, settings);
  if (lever === undefined) return usual;
  const { model, images } = settings;
  const maxKeyBytes = lever === "products" ? 0 : settings.maxKeyBytes;
  const { folded } = fold(network, usual.fold);
  const { slots, maxLevel: levelsLimit } = usual.parameters;
  const parameters = lever === "levels" ? parametersFor(levelsLimit, slots, "one") : usual.parameters;
  const costs = { ...costsOf(parameters, model, maxKeyBytes > 0), pairs: lever !== "pairs" };
  const program = planProgram(folded, {
    slots,
    levelsLimit,
    costs,
    images,
    taps: lever === "taps" ? false : undefined,
  });
  const plan = new Plan({ ...usual, program, parameters, model, productRotations: [] });
  const products =
    model === "plain" ? [] : productKeys(program, parameters, costs, maxKeyBytes - plan.evaluationKeyBytes);
  return new Plan({ ...usual, program, parameters, model, productRotations: products });
}
