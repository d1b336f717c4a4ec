import { pairedBy } from "./pairing.js";
import type { LinearStep, Program, Step } from "./program.js";

/** Level of what a step takes. */
export function levelBefore({ values }: Pick<Program, "values">, step: Step): number {
  return values[step.inputs[0]].level;
}

/** Level of what a step gives. */
export function levelAfter({ values }: Pick<Program, "values">, step: Step): number {
  return values[step.outputs[0]].level;
}

/** Levels of a step's operands, in the order in which they are made: weights, then biases. */
export function operandLevels(program: Pick<Program, "values" | "throughput">, step: Step): number[] {
  if (program.throughput) return [];
  const [before, after] = [levelBefore(program, step), levelAfter(program, step)];
  switch (step.op) {
    case "linear":
      return [...step.groups.flatMap(({ terms }) => terms.map(() => before)), ...step.outputs.map(() => after)];
    case "quad":
      return [before - 1, before - 1, after];
    case "shift":
      return [after];
    default:
      return [];
  }
}

/** Every level at which a step takes real parts, the highest first. */
export function conjugationLevels(program: Program): number[] {
  const levels = program.steps.flatMap((step) =>
    step.op === "linear" && step.pair !== undefined ? [levelBefore(program, step)] : [],
  );
  return [...new Set(levels)].sort((a, b) => b - a);
}

/** Every rotation step, in [1, slots), with each level at which the program rotates by it, the highest first. */
export function rotationLevels(program: Program): [step: number, level: number][] {
  const levels = new Map<number, Set<number>>();
  for (const step of program.steps) {
    if (!("folds" in step)) continue;
    const level = levelBefore(program, step) - Number(step.op === "quad");
    const own =
      step.op === "linear" ? step.groups.flatMap(({ giant, terms }) => [giant, ...terms.map(({ baby }) => baby)]) : [];
    const pairing = pairedBy(program, step).length > 0 ? [(step as LinearStep).pair!] : [];
    for (const by of [...own, ...pairing, ...step.folds.flat()]) {
      const normal = ((by % program.slots) + program.slots) % program.slots;
      if (normal === 0) continue;
      if (!levels.has(normal)) levels.set(normal, new Set());
      levels.get(normal)!.add(level);
    }
  }
  return [...levels]
    .sort(([a], [b]) => a - b)
    .flatMap(([step, at]) => [...at].sort((a, b) => b - a).map((level): [number, number] => [step, level]));
}

/** Every rotation step with the highest level at which the program rotates by it. */
export function rotations(program: Program): Map<number, number> {
  return new Map(rotationLevels(program).toReversed());
}
