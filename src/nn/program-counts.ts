/** What a program costs, in counts that follow from the plan alone, and the table of them for people. */
import { kindOf } from "../ckks/copies.js";
import type { Parameters } from "../ckks/parameters.js";
import { describeLayout } from "./layout.js";
import { levelAfter, type Program, rotations, type Step } from "./program.js";

/** What decides the counts of a plan. */
export interface Counted {
  readonly program: Program;
  /** Those of the plan: how many primes a level has. */
  readonly parameters: Pick<Parameters, "primesAt">;
  /** Whether the weights are ciphertexts or plaintexts. */
  readonly model: "encrypted" | "plain";
}

/** What a step costs, in counts. */
export interface StepCounts {
  /** Weight vectors multiplied with the image, at level `weightLevel`. */
  readonly weights: number;
  readonly weightLevel: number;
  /** Bias vectors, at the level after the step. */
  readonly biases: number;
  /** Rotations of one decomposed input, rotation 0 not counted. */
  readonly babies: number;
  /** Rotations of inner sums, the one at rotation 0 not counted. */
  readonly giants: number;
  /** Rotations that fold, over all results. */
  readonly folds: number;
  /** From three parts to two: of every square, and of every sum of products with encrypted weights. */
  readonly relinearizations: number;
}

export function countStep(step: Step, model: Counted["model"]): StepCounts {
  const sums = model === "encrypted" ? 1 : 0;
  const none = { weights: 0, weightLevel: step.level, biases: 0, babies: 0, giants: 0, folds: step.folds.length };
  switch (step.kind) {
    case "linear": {
      const babies = new Set(step.groups.flatMap((group) => group.babies));
      babies.delete(0);
      const weights = step.groups.reduce((sum, group) => sum + group.babies.length, 0);
      const giants = step.groups.filter(({ giant }) => giant !== 0).length;
      const relinearizations = sums * step.groups.length;
      return { ...none, weights, biases: 1, babies: babies.size, giants, relinearizations };
    }
    case "square":
      return { ...none, relinearizations: 1 };
    case "quad":
      return { ...none, weights: 2, weightLevel: step.level - 1, biases: 1, relinearizations: 1 + sums };
    case "readout": {
      const { classes } = step;
      const folds = classes * step.folds.length;
      return { ...none, weights: classes, biases: classes, folds, relinearizations: sums * classes };
    }
  }
}

/** Rotations and relinearisations of a step: nearly all of its time. */
export function keySwitches({ babies, giants, folds, relinearizations }: StepCounts): number {
  return babies + giants + folds + relinearizations;
}

/** Vectors of a model, and their limbs: one for each prime of the vector's level, twice that of an encrypted one. */
export function modelSize(plan: Counted): { vectors: number; limbs: number } {
  requireCounted(plan);
  const { program, parameters, model } = plan;
  const limbsAt = (level: number) => (model === "encrypted" ? 2 : 1) * parameters.primesAt(level).length;
  let vectors = 0;
  let limbs = 0;
  for (const step of program.steps) {
    const { weights, weightLevel, biases } = countStep(step, model);
    vectors += weights + biases;
    limbs += weights * limbsAt(weightLevel) + biases * limbsAt(levelAfter(step));
  }
  return { vectors, limbs };
}

/** A table for people: one line a step, then the totals. */
export function describe(plan: Counted): string {
  requireCounted(plan);
  const { program, model } = plan;
  const counts = program.steps.map((step) => countStep(step, model));
  const lines = program.steps.map((step, index) => {
    const { weights, babies, giants, folds } = counts[index];
    const facts = [
      `${index}: ${step.kind} (layer ${step.layer})`,
      `level ${step.level} → ${levelAfter(step)}`,
      step.kind === "linear" ? `${weights} diagonals = ${babies} babies, ${giants} giants` : "",
      step.kind !== "linear" && weights > 0 ? `${weights} vectors` : "",
      folds > 0 ? `${folds} folds` : "",
      step.kind === "readout" ? `${step.classes} logits` : describeLayout(step.output),
    ];
    return facts.filter((fact) => fact !== "").join("; ");
  });
  const { vectors, limbs } = modelSize(plan);
  const switches = counts.reduce((sum, step) => sum + keySwitches(step), 0);
  return [
    `input: ${describeLayout(program.input)}, in ${program.slots} slots`,
    ...lines,
    `model: ${vectors} weight vectors, ${model} (${limbs} limbs); ${rotations(program).size} rotation keys; ` +
      `${switches} key switches an image; depth ${program.depth}`,
  ].join("\n");
}

/** Both took a program once: JavaScript has no compiler that says so. */
function requireCounted(plan: Counted): void {
  if (Array.isArray(plan?.program?.steps)) return;
  throw new TypeError(`plan: what compile(network) gives was expected, not ${kindOf(plan)}`);
}
