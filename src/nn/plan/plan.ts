/**
 * From the architecture of a folded network to a program: layouts, levels, rotations. No weight is read, so that a
 * plan is public.
 */
import { isPowerOfTwo } from "../../ckks/slots.js";
import { LevelError, ParameterError, UnsupportedLayerError } from "../../errors.js";
import type { FoldedNetwork } from "../fold/folded.js";
import { withImages } from "../fold/images.js";
import { programmable } from "../fold/programmable.js";
import { shapeText, sizeOf } from "../graph/shapes.js";
import { MOST_CIPHERTEXTS, MOST_SLOTS } from "../largest.js";
import { bitsOf, checkLayout } from "../layout/layout.js";
import type { Program } from "../program/program.js";
import { assemble } from "./assemble.js";
import { type CostModel, defaultCosts } from "./cost.js";
import { foldSteps, foldsOf } from "./diagonals.js";
import { imageLayouts } from "./images.js";
import { type PairedSplit, pairingOf, splitInPairs } from "./pairs.js";
import { searchLayouts } from "./search.js";
import { type Stages, stagesOf } from "./stages.js";
import type { Choice } from "./states.js";
import { tapsOfFirst, withTaps } from "./taps.js";

export interface PlanOptions {
  /** Slots of a ciphertext, N/2; `chooseSlots(folded)` unless said. */
  readonly slots?: number;
  /** Levels that the parameters have. */
  readonly levelsLimit?: number;
  readonly costs?: Partial<CostModel>;
  /** Whether the key holder may lay the first layer's taps out; tried and compared unless false. */
  readonly taps?: boolean;
  /** Images at once; 1 unless said. */
  readonly images?: number;
}

/**
 * Plans a network for one image. The image comes in at level `depth`, the logits come out at level 0.
 * @throws UnsupportedLayerError when a map does not fit.
 * @throws LevelError when the network is deeper than `levelsLimit`.
 * @throws ParameterError when `slots` is not a power of two up to 2^15.
 */
export function planProgram(folded: FoldedNetwork, options: PlanOptions = {}): Program {
  const { images = 1 } = options;
  const single = programmable(folded);
  const whole = withImages(single, images);
  const slots = options.slots ?? chooseSlots(folded, undefined, images);
  if (!isPowerOfTwo(slots) || slots > MOST_SLOTS) {
    throw new ParameterError(`slots = ${slots} is not a power of two up to ${MOST_SLOTS}`, "Take N/2.");
  }
  const { levelsLimit = Number.POSITIVE_INFINITY } = options;
  const { depth } = stagesOf(whole);
  if (depth > levelsLimit) {
    throw new LevelError(
      `the network needs ${depth} levels, the parameters have ${levelsLimit}`,
      "Switch on every fold, take a larger N, or a network with fewer layers.",
    );
  }
  const costs = { ...defaultCosts, ...options.costs };
  const taps = options.taps === false ? undefined : tapsOfFirst(whole);
  const ways = taps ? [undefined, taps] : [undefined];
  const refusals: UnsupportedLayerError[] = [];
  const plans = ways.flatMap((way) => {
    const stages = stagesOf(way ? withTaps(whole, way) : whole);
    try {
      const { choices, cost } = searchLayouts(stages, imageLayouts(stages.folded.input, slots, images), costs, images);
      return [{ way, stages, choices, cost }];
    } catch (error) {
      if (!(error instanceof UnsupportedLayerError)) throw error;
      refusals.push(error);
      return [];
    }
  });
  if (plans.length === 0) throw refusals[0];
  const { way, stages, choices } = plans.reduce((best, plan) => (plan.cost < best.cost ? plan : best));
  const splits = shareRotations(stages, choices, slots, costs);
  const program = assemble(stages, choices, splits, {
    slots,
    input: single.input,
    images,
    classes: whole.classes,
    taps: way,
  });
  for (const layout of program.layouts) checkLayout(layout);
  return program;
}

/**
 * Levels that the network needs as it is planned. More than `depthOf` counts where a sum pool cannot be rotations.
 * @throws UnsupportedLayerError as `planProgram`.
 */
export function programDepth(folded: FoldedNetwork): number {
  return stagesOf(programmable(folded)).depth;
}

/** The fewest slots, at least `least`, in which every map of the network fits into one ciphertext; 2^15 where none suffice. */
export function chooseSlots(folded: FoldedNetwork, least = 8192, images = 1): number {
  const { shapes, stages } = stagesOf(withImages(programmable(folded), images));
  const maps = [shapes[0], ...stages.map(({ output }) => shapes[output])];
  const most = maps.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a));
  if (sizeOf(most) > MOST_SLOTS * MOST_CIPHERTEXTS) {
    throw new UnsupportedLayerError(
      `a map of ${shapeText(most)} needs more than ${MOST_CIPHERTEXTS} ciphertexts`,
      `${images > 1 ? "take fewer images at once, or " : ""}make the image or the first layers smaller`,
    );
  }
  const bits = Math.max(...maps.map((shape) => shape.reduce((sum, extent) => sum + bitsOf(extent), 0)));
  return Math.min(MOST_SLOTS, Math.max(least, 2 ** bits));
}

/**
 * One split for each linear stage. Keys are shared: each stage is split again with the others' rotations already
 * paid for, until nothing changes.
 */
function shareRotations(
  stages: Stages,
  choices: readonly Choice[],
  slots: number,
  costs: CostModel,
): (PairedSplit | undefined)[] {
  const pairings = choices.map((choice) => pairingOf(stages, choice, costs));
  const splits = choices.map(({ stage, sets }, i) =>
    sets.length > 0 ? splitInPairs(sets, slots, stage.level, costs, pairings[i]) : undefined,
  );
  for (let round = 0, changed = true; changed && round < 4; round++) {
    changed = false;
    for (const [i, choice] of choices.entries()) {
      if (choice.sets.length === 0) continue;
      const keys = new Map<number, number>();
      for (const [j, other] of choices.entries()) {
        const folds = foldsOf([...foldSteps(other.folds), ...other.poolFolds]).flat();
        const own = [...folds, ...(j === i ? [] : (splits[j]?.rotations ?? []))];
        const level = other.stage.level - Number(other.stage.op === "quad");
        for (const step of own) keys.set(step, Math.max(level, keys.get(step) ?? 0));
      }
      const better = splitInPairs(choice.sets, slots, choice.stage.level, costs, pairings[i], keys);
      changed ||= `${better.rotations}` !== `${splits[i]!.rotations}`;
      splits[i] = better;
    }
  }
  return splits;
}
