/**
 * The search for the layouts of a network: dynamic programming over its maps. The state after a stage is the layout of
 * its result (which sub-positions, which repetition); the price of a linear stage is that of its diagonals in the
 * cheapest way to fold them.
 */

import { UnsupportedLayerError } from "../errors.js";
import type { Shape } from "./graph.js";
import { groupsOf, type Layout, periodOf, pooled, powerOfTwoAtLeast } from "./layout.js";
import { MOST_VECTORS } from "./limits.js";
import { diagonalsOf, foldSteps } from "./matrix.js";
import { type CostModel, giantStep, rotation, weightVectors } from "./plan-cost.js";
import { splitTime } from "./plan-split.js";
import type { Gap, Stage, Stages } from "./plan-stages.js";

/** What the search decided about one stage. */
export interface Choice {
  readonly stage: Stage;
  readonly input: Layout;
  /** Layout before the pools; of a readout, the input. */
  readonly target: Layout;
  readonly output: Layout;
  /** Of a linear stage: block period of the folded product. */
  readonly period: number;
}

interface State {
  readonly layout: Layout;
  readonly cost: number;
  readonly choices: readonly Choice[];
}

/**
 * The cheapest chain of layouts; the caller has checked that one exists (`misfit`).
 * @throws UnsupportedLayerError for a layer with more than 2^12 weight vectors in every layout.
 */
export function searchLayouts(stages: Stages, slots: number, costs: CostModel): readonly Choice[] {
  let states = candidates(stages.input, stages.inputGap, slots, stages.grid).map(
    (layout): State => ({ layout, cost: 0, choices: [] }),
  );
  for (const stage of stages.stages) {
    if (stage.kind === "linear") states = throughMatrix(stage, states, costs);
    else states = states.map((state) => throughOther(stage, state, costs));
  }
  return states.reduce((best, state) => (state.cost < best.cost ? state : best)).choices;
}

/** Every layout for a map: power-of-two sub-positions, and every repetition that the slots allow. */
function candidates(shape: Shape, gap: Gap, slots: number, grid: number): Layout[] {
  const found: Layout[] = [];
  const blocks = slots / grid ** 2;
  for (let height = 1; height <= gap[0]; height *= 2) {
    for (let width = 1; width <= gap[1]; width *= 2) {
      if (height * width > powerOfTwoAtLeast(shape.channels)) continue;
      const layout: Layout = { ...shape, slots, grid, gap, sub: [height, width], shift: 0 };
      for (let shift = 0; groupsOf(layout) << shift <= blocks; shift++) found.push({ ...layout, shift });
    }
  }
  return found;
}

function throughMatrix(stage: Stage, states: readonly State[], costs: CostModel): State[] {
  const { layout: any } = states[0];
  const { level, geometry } = stage;
  const next: State[] = [];
  let fewest = Number.POSITIVE_INFINITY;
  // States in ascending order of cost, so that most transitions are dropped before they are priced.
  const ascending = [...states].sort((a, b) => a.cost - b.cost);
  for (const target of candidates(stage.shape, stage.gap, any.slots, any.grid)) {
    let best: { from: State; period: number; cost: number } | undefined;
    for (const from of ascending) {
      if (best && from.cost >= best.cost) break;
      for (const period of periods(from.layout, target)) {
        const diagonals = diagonalsOf(geometry!, from.layout, target, period);
        fewest = Math.min(fewest, diagonals.length);
        if (diagonals.length > MOST_VECTORS) continue;
        let cost = from.cost + weightVectors(costs, level, diagonals.length);
        cost += foldSteps(from.layout, period).length * rotation(costs, level);
        cost += giantStep(costs, level, false);
        if (best && cost >= best.cost) continue;
        cost += splitTime(diagonals, any.slots, level, costs) - giantStep(costs, level, false);
        if (!best || cost < best.cost) best = { from, period, cost };
      }
    }
    if (!best) continue;
    const { from, period, cost } = best;
    const output = stage.pools.reduce(pooled, target);
    const choice = { stage, input: from.layout, target, output, period };
    next.push({ layout: output, cost, choices: [...from.choices, choice] });
  }
  if (next.length > 0) return next;
  throw new UnsupportedLayerError(
    `layer ${stage.layer + 1} of the folded network needs ${fewest} weight vectors; ${MOST_VECTORS} are the most`,
    "give the layer a smaller kernel or fewer features, or reduce its input with strides and pools",
  );
}

/** Block periods that the product may be folded to: the input's own, or a part of it that still holds the target. */
function periods(input: Layout, target: Layout): number[] {
  const found = [periodOf(input)];
  for (let period = periodOf(input) / 2; period >= periodOf(target); period /= 2) found.push(period);
  return found;
}

/** Squares and quadratics leave everything where it is; a readout is the cheaper, the shorter its input's period. */
function throughOther(stage: Stage, state: State, costs: CostModel): State {
  const { layout } = state;
  const folds = stage.kind === "readout" ? stage.shape.channels * readoutFolds(layout).length : 0;
  const output = stage.pools.reduce(pooled, layout);
  const choice = { stage, input: layout, target: layout, output, period: periodOf(layout) };
  return {
    layout: output,
    cost: state.cost + folds * rotation(costs, stage.level),
    choices: [...state.choices, choice],
  };
}

/**
 * Rotations that sum a product over one block and over one block of each group: with the same weights in every copy of
 * a group, all slots then hold the whole sum.
 */
export function readoutFolds(input: Layout): number[] {
  const block = input.grid ** 2;
  const steps: number[] = [];
  for (let step = 1; step < block; step *= 2) steps.push(step);
  for (let step = block << input.shift; step < periodOf(input) * block; step *= 2) steps.push(step);
  return steps;
}
