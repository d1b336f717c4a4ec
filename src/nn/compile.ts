import { type Prices, withinBudgets, withinMemory } from "./budgets.js";
import { type CompileOptions, checkedOptions, NO_FOLDS } from "./compile-options.js";
import type { ChannelRanges } from "./fold/curvature.js";
import { fold, quadRanges } from "./fold/fold.js";
import type { FoldedNetwork, FoldOptions } from "./fold/folded.js";
import { planCard } from "./graph/card.js";
import type { Network } from "./graph/network.js";
import { parametersOf } from "./parameters.js";
import { costsOf } from "./plan/cost.js";
import { productKeys } from "./plan/keys.js";
import { requireArchitecture } from "./plan/match.js";
import { chooseSlots, planProgram } from "./plan/plan.js";
import { planThroughput, requireMemory } from "./plan/throughput.js";
import { Plan, requirePlan } from "./plan.js";

/** N = 2^12: the smallest ring in use. */
const FEWEST_SLOTS = 2048;
/**
 * Plans a network: folds it, chooses the smallest ring at 128 bits that is deep and wide enough, lays its maps into
 * slots and chooses every rotation. Reads no weight but to fold them away.
 * @throws UnsupportedLayerError for a network that cannot be encrypted; its `fix` names the way out. TypeError for what is no
 *   network or no such option. ParameterError where no plan keeps to the budgets.
 */
export function compile(network: Network, options: CompileOptions = {}): Plan {
  const { model, fold: folds, images, optimize, ...budgets } = checkedOptions(options);
  if (optimize === "throughput") return withinMemory(compileThroughput(network, folds, images), budgets);
  const { folded } = fold(network, folds);
  const parameters = parametersOf(folded, chooseSlots(folded, FEWEST_SLOTS, images));
  const withoutFolding = depthWithoutFolding(network);
  const card = planCard(network.card, network.classes);
  const planFor = (prices: Prices): Plan => {
    const costs = { ...costsOf(parameters, model, prices.maxKeyBytes > 0), weightLimb: prices.weightLimb };
    const program = planProgram(folded, { slots: parameters.slots, levelsLimit: parameters.maxLevel, costs, images });
    const depth = { used: program.depth, withoutFolding };
    const content = { program, parameters, model, fold: folds, depth, card };
    const plan = new Plan(content);
    if (model === "plain") return plan;
    const products = productKeys(program, parameters, costs, prices.maxKeyBytes - plan.evaluationKeyBytes);
    return products.length === 0 ? plan : new Plan({ ...content, productRotations: products });
  };
  return withinBudgets(planFor, costsOf(parameters, model).weightLimb, budgets);
}

function compileThroughput(network: Network, folds: Partial<FoldOptions>, images: number): Plan {
  const { folded } = fold(network, folds);
  const slots = Math.max(FEWEST_SLOTS, 2 ** Math.ceil(Math.log2(images)));
  const parameters = parametersOf(folded, slots);
  const program = planThroughput(folded, parameters.slots);
  requireMemory(program, parameters);
  const depth = { used: program.depth, withoutFolding: depthWithoutFolding(network) };
  const card = planCard(network.card, network.classes);
  return new Plan({ program, parameters, model: "plain", fold: folds, depth, card });
}

/**
 * The network as the plan's folds leave it.
 * @param images of the calibration: quadratics that are nearly straight over them keep their precision under encryption
 * @throws ParameterError for a network of another architecture; TypeError, UnsupportedLayerError as `compile`.
 */
export function foldFor(plan: Plan, network: Network, images: readonly Float64Array[] = []): FoldedNetwork {
  return foldWith(plan, network, () => (images.length > 0 ? quadRanges(network, images) : undefined));
}

/** The same with ranges of what the quadratics are given, which are asked for when the network is known to be the plan's. */
export function foldWith(
  plan: Plan,
  network: Network,
  ranges: () => readonly ChannelRanges[] | undefined,
): FoldedNetwork {
  requirePlan(plan);
  const { folded } = fold(network, plan.fold);
  requireArchitecture(plan.program, folded);
  const known = ranges();
  return known ? fold(network, plan.fold, known).folded : folded;
}

function depthWithoutFolding(network: Network): number {
  return fold(network, NO_FOLDS).depth;
}
