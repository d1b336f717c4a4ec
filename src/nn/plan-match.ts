import { ParameterError } from "../errors.js";
import type { FoldedNetwork } from "./graph.js";
import { diagonalsOf } from "./matrix.js";
import { type Stage, type Stages, stagesOf } from "./plan-stages.js";
import type { Program, Step } from "./program.js";

/**
 * That a program was planned for the architecture of `folded`, by everything that the program's rotations depend on:
 * weights of another one would be multiplied with the wrong pixels, and the logits be wrong without an error.
 * @throws ParameterError otherwise.
 */
export function requireArchitecture(program: Program, folded: FoldedNetwork): void {
  const stages = attempt(() => stagesOf(folded));
  const { steps, input } = program;
  const fits =
    stages !== undefined &&
    stages.stages.length === steps.length &&
    folded.classes === program.classes &&
    sameShape(stages.input, input) &&
    steps.every((step, index) => matches(step, stages.stages[index]));
  if (fits) return;
  throw new ParameterError(
    "the program was planned for another network",
    "compile the network that you encrypt, or give the one that was compiled; weights may differ, the architecture may not",
  );
}

function matches(step: Step, stage: Stage): boolean {
  const alike =
    step.kind === stage.kind &&
    step.layer === stage.layer &&
    step.level === stage.level &&
    JSON.stringify(step.pools) === JSON.stringify(stage.pools);
  if (!alike) return false;
  if (step.kind === "readout")
    return sameShape(stage.geometry!.input, step.input) && step.classes === stage.shape.channels;
  if (step.kind !== "linear") return sameShape(stage.shape, step.input);
  const { geometry } = stage;
  if (!geometry || !sameShape(geometry.input, step.input) || !sameShape(stage.shape, step.target)) return false;
  const { slots } = step.input;
  const planned = step.groups.flatMap(({ giant, babies }) => babies.map((baby) => (giant + baby) % slots));
  const needed = diagonalsOf(geometry, step.input, step.target, step.period);
  return `${planned.sort((a, b) => a - b)}` === `${needed}`;
}

function sameShape(a: Stages["input"], b: Stages["input"]): boolean {
  return a.channels === b.channels && a.height === b.height && a.width === b.width;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
