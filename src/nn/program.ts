/**
 * A program: what is done to one encrypted image, step by step, as plain data. It serialises (JSON), prints
 * (`describe` in program-counts.ts), runs encrypted and runs in the clear (`simulate`). It is public: it says the architecture and the
 * rotations, and holds no weight; each step names the folded layer that its weights come from.
 */
import type { Layout } from "./layout.js";

/**
 * Images are encrypted at this share of their values, and the first layer's weights are as much larger. An image comes
 * from the secret key and is nearly free of noise; a weight comes from the public key, thirty times as noisy, and its
 * noise is multiplied with the image. Over RL-3's steps the weights of the first layer were the largest source of all.
 */
export const INPUT_SCALE = 1 / 4;

/**
 * A readout's weights and biases are multiplied by 1 + i·GUARD, so a logit z comes back as z + i·GUARD·z in every slot. A
 * z that wraps around level 0 does so in all slots alike and would look like any other number; the imaginary part, a
 * thousand times smaller, does not wrap with it and gives it away. Costs nothing: slots are complex. Not a power of two,
 * so that a wrapped z (shifted by a multiple of 2^11) matches its imaginary part by chance only, 2^−12.
 */
export const GUARD = 1.618033988749895 / 1024;

/** What the server does with an image in `slots` slots, step by step, until it has one logit for each of `classes`. */
export interface Program {
  readonly slots: number;
  /** Levels used up: the level of the first step; the results are at level 0. */
  readonly depth: number;
  readonly classes: number;
  /** How the image must be laid into slots. */
  readonly input: Layout;
  /** In the order in which they run. */
  readonly steps: readonly Step[];
}

/** One step of a program. */
export type Step = LinearStep | SquareStep | QuadStep | ReadoutStep;

interface StepBase {
  /** Index of the folded layer that this step computes. */
  readonly layer: number;
  /** Level of the step's input. */
  readonly level: number;
  /** Where the values lie that the step takes. */
  readonly input: Layout;
  /**
   * Rotations applied one after another as y += rotate(y, step) before the step's last drop, at the unrescaled scale:
   * first what completes the product, then the sum pools. The bias is added after the drop.
   */
  readonly folds: readonly number[];
  /** Windows of the sum pools that came into this step, in order. */
  readonly pools: readonly (readonly [height: number, width: number])[];
}

/**
 * y = Σ_g rotate(Σ_b u[g][b] ⊙ rotate(x, b), giant_g), then the folds, one drop, and the bias. With encrypted weights
 * each inner sum is relinearised before its rotation. One level.
 */
export interface LinearStep extends StepBase {
  readonly kind: "linear";
  /** Rotations normalised to [0, slots). */
  readonly groups: readonly DiagonalGroup[];
  /** Blocks after which the product repeats once its folds are done. */
  readonly period: number;
  /** Where the product lies, before the pools. */
  readonly target: Layout;
  /** Where the result lies; the bias is laid out like this. */
  readonly output: Layout;
}

/** Products that are rotated together: those of `babies`, by `giant`. */
export interface DiagonalGroup {
  readonly giant: number;
  readonly babies: readonly number[];
}

/** y = x², relinearised, folded, dropped. One level. */
export interface SquareStep extends StepBase {
  readonly kind: "square";
  /** Where the squares lie, after the pools. */
  readonly output: Layout;
}

/** y = a ⊙ x² + b ⊙ x + c: the square drops to level − 1, the sum is folded there and drops to level − 2. Two levels. */
export interface QuadStep extends StepBase {
  readonly kind: "quad";
  /** Where the result lies, after the pools. */
  readonly output: Layout;
}

/**
 * For each class: x ⊙ w with w in every replica of the input, then cyclic folds over a block and over the groups, so
 * that every slot holds the full logit and none a partial sum; one drop; the bias, the same in all slots. One
 * ciphertext for each class. One level.
 */
export interface ReadoutStep extends StepBase {
  readonly kind: "readout";
  /** Logits that it gives. */
  readonly classes: number;
}

/** Level of what a step gives. */
export function levelAfter(step: Step): number {
  return step.level - (step.kind === "quad" ? 2 : 1);
}

/** Levels of a step's operands, in the order in which they are made: weights, then biases. */
export function operandLevels(step: Step): number[] {
  const after = levelAfter(step);
  switch (step.kind) {
    case "linear":
      return [...step.groups.flatMap(({ babies }) => babies.map(() => step.level)), after];
    case "square":
      return [];
    case "quad":
      return [step.level - 1, step.level - 1, after];
    case "readout":
      return [...Array(step.classes).fill(step.level), ...Array(step.classes).fill(after)];
  }
}

/** Every rotation step, in [1, slots), with the highest level at which the program rotates by it: the keys to make. */
export function rotations(program: Program): Map<number, number> {
  const levels = new Map<number, number>();
  for (const step of program.steps) {
    const level = step.kind === "quad" ? step.level - 1 : step.level;
    const steps = step.kind === "linear" ? step.groups.flatMap(({ giant, babies }) => [giant, ...babies]) : [];
    for (const by of [...steps, ...step.folds]) {
      const normal = ((by % program.slots) + program.slots) % program.slots;
      if (normal !== 0) levels.set(normal, Math.max(level, levels.get(normal) ?? 0));
    }
  }
  return new Map([...levels].sort(([a], [b]) => a - b));
}
