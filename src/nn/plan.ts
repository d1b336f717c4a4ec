/**
 * From the architecture of a folded network to a program: layouts, levels, rotations. No weight is read, so that a
 * plan is public.
 */

import { isPowerOfTwo } from "../ckks/slots.js";
import { LevelError, ParameterError, UnsupportedLayerError } from "../errors.js";
import type { FoldedNetwork } from "./graph.js";
import { checkLayout, type Layout } from "./layout.js";
import { MOST_SLOTS } from "./limits.js";
import { diagonalsOf, foldSteps } from "./matrix.js";
import { type CostModel, defaultCosts } from "./plan-cost.js";
import { type Choice, readoutFolds, searchLayouts } from "./plan-search.js";
import { type Split, split } from "./plan-split.js";
import { misfit, type Stages, stagesOf } from "./plan-stages.js";
import type { Program, Step } from "./program.js";
import { shapeText } from "./shapes.js";

export interface PlanOptions {
  /** Slots of a ciphertext, N/2; `chooseSlots(folded)` unless said. */
  readonly slots?: number;
  /** Levels that the parameters have. */
  readonly levelsLimit?: number;
  readonly costs?: Partial<CostModel>;
}

/**
 * Plans a network for one image a ciphertext. The image comes in at level `depth`, the logits come out at level 0.
 * @throws UnsupportedLayerError when the network does not end with a linear layer, or a map does not fit.
 * @throws LevelError when the network is deeper than `levelsLimit`.
 * @throws ParameterError when `slots` is not a power of two up to 2^15.
 */
export function planProgram(folded: FoldedNetwork, options: PlanOptions = {}): Program {
  const stages = stagesOf(folded);
  const slots = options.slots ?? chooseSlots(folded);
  if (!isPowerOfTwo(slots) || slots > MOST_SLOTS) {
    throw new ParameterError(`slots = ${slots} is not a power of two up to ${MOST_SLOTS}`, "Take N/2.");
  }
  expectFit(stages, slots);
  const { levelsLimit = Number.POSITIVE_INFINITY } = options;
  if (stages.depth > levelsLimit) {
    throw new LevelError(
      `the network needs ${stages.depth} levels, the parameters have ${levelsLimit}`,
      "Switch on every fold, take a larger N, or a network with fewer layers.",
    );
  }
  const costs = { ...defaultCosts, ...options.costs };
  const choices = searchLayouts(stages, slots, costs);
  const splits = shareRotations(choices, slots, costs);
  const steps = choices.map((choice, index) => stepOf(choice, splits[index]));
  for (const step of steps) checkLayout(step.input);
  return { slots, depth: stages.depth, classes: folded.classes, input: choices[0].input, steps };
}

/**
 * Levels that the network needs as it is planned. More than `depthOf` counts where a sum pool cannot be rotations: with
 * a window that is no power of two, or before any other layer, it is a matrix.
 * @throws UnsupportedLayerError as `planProgram`.
 */
export function programDepth(folded: FoldedNetwork): number {
  return stagesOf(folded).depth;
}

/**
 * The fewest slots, at least `least`, in which every map of the network fits.
 * @throws UnsupportedLayerError when not even 2^15 slots (N = 2^16) suffice.
 */
export function chooseSlots(folded: FoldedNetwork, least = 8192): number {
  const stages = stagesOf(folded);
  for (let slots = least; slots <= MOST_SLOTS; slots *= 2) if (!misfit(stages, slots)) return slots;
  expectFit(stages, MOST_SLOTS);
  throw new ParameterError(`${least} slots are more than ${MOST_SLOTS}`, "Ask for at most 2^15 slots.");
}

function expectFit(stages: Stages, slots: number): void {
  const shape = misfit(stages, slots);
  if (!shape) return;
  let larger = slots * 2;
  while (larger <= MOST_SLOTS && misfit(stages, larger)) larger *= 2;
  throw new UnsupportedLayerError(
    `a map of ${shapeText(shape)} on a grid of ${stages.grid}×${stages.grid} does not fit into ${slots} slots`,
    larger <= MOST_SLOTS
      ? `Take ${larger} slots (N = ${2 * larger}).`
      : `Make the image or the first layers smaller: ${MOST_SLOTS} slots (N = ${2 * MOST_SLOTS}) are the most there are.`,
  );
}

/**
 * One split for each linear stage. Keys are shared: each stage is split again with the others' rotations already
 * paid for, until nothing changes.
 */
function shareRotations(choices: readonly Choice[], slots: number, costs: CostModel): (Split | undefined)[] {
  const diagonals = choices.map(({ stage, input, target, period }) =>
    stage.kind === "linear" ? diagonalsOf(stage.geometry!, input, target, period) : undefined,
  );
  const splits = diagonals.map((set, i) => set && split(set, slots, choices[i].stage.level, costs));
  for (let round = 0, changed = true; changed && round < 4; round++) {
    changed = false;
    for (const [i, set] of diagonals.entries()) {
      if (!set) continue;
      const keys = new Map<number, number>();
      for (const [j, choice] of choices.entries()) {
        const own = foldsOf(choice).concat(j === i ? [] : (splits[j]?.rotations ?? []));
        const level = choice.stage.level - Number(choice.stage.kind === "quad");
        for (const step of own) keys.set(step, Math.max(level, keys.get(step) ?? 0));
      }
      const better = split(set, slots, choices[i].stage.level, costs, keys);
      changed ||= `${better.rotations}` !== `${splits[i]!.rotations}`;
      splits[i] = better;
    }
  }
  return splits;
}

function foldsOf({ stage, input, target, period }: Choice): number[] {
  if (stage.kind === "readout") return readoutFolds(input);
  return [...(stage.kind === "linear" ? foldSteps(input, period) : []), ...poolSteps(target, stage.pools)];
}

/** Rotations of sum pools, each applied as y += rotate(y, step): windows of 2^k add up in k rotations an axis. */
function poolSteps(target: Layout, pools: readonly (readonly [number, number])[]): number[] {
  const steps: number[] = [];
  let [vertical, horizontal] = target.gap;
  for (const [height, width] of pools) {
    for (let step = 1; step < width; step *= 2) steps.push(horizontal * step);
    for (let step = 1; step < height; step *= 2) steps.push(vertical * target.grid * step);
    [vertical, horizontal] = [vertical * height, horizontal * width];
  }
  return steps;
}

function stepOf(choice: Choice, split: Split | undefined): Step {
  const { stage, input, target, output, period } = choice;
  const base = { layer: stage.layer, level: stage.level, input, folds: foldsOf(choice), pools: stage.pools };
  switch (stage.kind) {
    case "linear":
      return { kind: "linear", ...base, groups: split!.groups, period, target, output };
    case "readout":
      return { kind: "readout", ...base, classes: stage.shape.channels };
    default:
      return { kind: stage.kind, ...base, output };
  }
}
