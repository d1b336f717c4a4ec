import type { FoldStep } from "../../ckks/circuits/folds.js";
import type { LayerStep, Program, Step } from "./program.js";

/**
 * What the key holder pairs before it encrypts: the one step that takes the image then finds x + i·rotate(x, pair). Undefined where
 * several steps take it, or one that pairs nothing.
 */
export function imagePair({ steps, inputs }: Pick<Program, "steps" | "inputs">): number | undefined {
  // Of thousands of inputs in throughput mode, where nothing is paired, each would be looked for among all of them.
  if (!steps.some((step) => step.op === "linear" && step.pair !== undefined)) return undefined;
  const image = new Set(inputs);
  const takers = steps.filter((step) => step.inputs.some((value) => image.has(value)));
  const [only] = takers;
  const whole = takers.length === 1 && only.inputs.every((value) => image.has(value));
  return whole && only.op === "linear" ? only.pair : undefined;
}

/** The inputs that a step rotates to pair them. */
export function pairedBy(program: Pick<Program, "steps" | "inputs">, step: Step): readonly number[] {
  if (step.op !== "linear" || step.pair === undefined) return [];
  return imagePair(program) !== undefined && program.inputs.includes(step.inputs[0]) ? [] : step.inputs;
}

/** The folds of a step, the one by conjugation with them. */
export function foldsOfStep(step: LayerStep): readonly (readonly FoldStep[])[] {
  return "pair" in step && step.pair !== undefined ? [...step.folds, ["conjugate"]] : step.folds;
}

/** How many slots the folds of a step sum. */
export function summedSlots(folds: readonly (readonly unknown[])[]): number {
  return folds.reduce((slots, steps) => slots * (steps.length + 1), 1);
}
