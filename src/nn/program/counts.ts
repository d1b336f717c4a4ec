/** What a program costs, in counts that follow from the plan alone, and the table of them for people. */
import { planPolynomials } from "../../ckks/circuits/polynomial-plan.js";
import { kindOf } from "../../ckks/copies.js";
import type { Parameters } from "../../ckks/parameters.js";
import { describeLayout } from "../layout/layout.js";
import { polynomialOf } from "./doubles.js";
import { levelAfter, levelBefore, operandLevels, rotations } from "./levels.js";
import { pairedBy } from "./pairing.js";
import type { Program, Step } from "./program.js";

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
  /** Vectors of the model: weights that are multiplied with the image, and biases. */
  readonly weights: number;
  readonly biases: number;
  /** Rotations of decomposed inputs, rotation 0 not counted. */
  readonly babies: number;
  /** Rotations of inner sums, those by 0 not counted. */
  readonly giants: number;
  /** Rotations that fold, over all results: those of one fold are hoisted. */
  readonly folds: number;
  /** Rotations of inputs that are paired, and folds by conjugation: see `LinearStep`. */
  readonly pairings: number;
  readonly conjugations: number;
  /** From three parts to two: of every product, and of every sum of products with encrypted weights. */
  readonly relinearizations: number;
}

export function countStep(program: Program, step: Step, model: Counted["model"]): StepCounts {
  const sums = model === "encrypted" ? 1 : 0;
  const folds = "folds" in step ? step.folds.flat().length * step.outputs.length : 0;
  const none = {
    weights: 0,
    biases: 0,
    babies: 0,
    giants: 0,
    folds,
    pairings: 0,
    conjugations: 0,
    relinearizations: 0,
  };
  switch (step.op) {
    case "combine":
      return { ...none, weights: step.products, biases: step.outputs.length };
    case "linear": {
      const babies = new Set(
        step.groups.flatMap(({ terms }) => terms.filter(({ baby }) => baby !== 0).map((t) => `${t.input} ${t.baby}`)),
      );
      const weights = step.groups.reduce((sum, { terms }) => sum + terms.length, 0);
      const giants = step.groups.filter(({ giant }) => giant !== 0).length;
      const relinearizations = sums * step.groups.length;
      const pairings = pairedBy(program, step).length;
      const conjugations = step.pair === undefined ? 0 : step.outputs.length;
      const biases = step.outputs.length;
      return { ...none, weights, biases, babies: babies.size, giants, pairings, conjugations, relinearizations };
    }
    case "square":
    case "multiply":
      return { ...none, relinearizations: 1 };
    case "quad":
      return { ...none, weights: 2, biases: 1, relinearizations: 1 + sums };
    case "polynomial":
      return { ...none, relinearizations: planPolynomials([polynomialOf(step)], {}).cost.relinearizations };
    case "shift":
      return { ...none, biases: 1 };
    default:
      return none;
  }
}

/** Rotations and relinearisations of a step: nearly all of its time. */
export function keySwitches({ relinearizations, ...counts }: StepCounts): number {
  return rotationsOf(counts) + counts.conjugations + relinearizations;
}

/** All rotations of a step. */
export function rotationsOf({ babies, giants, folds, pairings }: Omit<StepCounts, "relinearizations">): number {
  return babies + giants + folds + pairings;
}

/** Vectors of a model, and their limbs: one for each prime of the vector's level, twice that of an encrypted one. */
export function modelSize(plan: Counted): { vectors: number; limbs: number } {
  requireCounted(plan);
  const { program, parameters, model } = plan;
  const levels = program.steps.flatMap((step) => operandLevels(program, step));
  const parts = model === "encrypted" ? 2 : 1;
  const limbs = levels.reduce((sum, level) => sum + parts * parameters.primesAt(level).length, 0);
  return { vectors: levels.length, limbs };
}

/** About what packed limbs take in a file: nearly all primes have 30 bits. */
export function packedBytes(limbs: number, logN: number): number {
  return (limbs * 30 * 2 ** logN) / 8;
}

/** What a program takes in all, in a line. */
export function describeTotals({ program, parameters, model }: Counted): string {
  const { vectors, limbs } = modelSize({ program, parameters, model });
  const switches = program.steps.reduce((sum, step) => sum + keySwitches(countStep(program, step, model)), 0);
  return (
    `model: ${vectors} weight vectors, ${model} (${limbs} limbs); ${rotations(program).size} rotation keys; ` +
    `${switches} key switches an image; depth ${program.depth}`
  );
}

/** What comes in, in a line. */
export function describeInput({ values, layouts, inputs, slots, taps }: Program): string {
  const { layout } = values[inputs[0]];
  return `input: ${describeLayout(layouts[layout])}, in ${slots} slots${taps ? ", laid out by taps" : ""}`;
}

/** A table for people: one line a step, then the totals. */
export function describe(plan: Counted): string {
  requireCounted(plan);
  const { program, model } = plan;
  const { layouts, values } = program;
  if (program.throughput) return describeThroughput(program);
  const lines = program.steps.map((step, index) => {
    const { weights, babies, giants, folds } = countStep(program, step, model);
    const facts = [
      `${index}: ${step.op}${"layer" in step ? ` (layer ${step.layer})` : ""}`,
      `level ${levelBefore(program, step)} → ${levelAfter(program, step)}`,
      step.op === "linear"
        ? `${weights} ${step.pair ? "pairs of " : ""}diagonals = ${babies} babies, ${giants} giants`
        : "",
      step.op === "quad" ? `${weights} vectors` : "",
      folds > 0 ? `${folds} folds` : "",
      describeLayout(layouts[values[step.outputs[0]].layout]),
    ];
    return facts.filter((fact) => fact !== "").join("; ");
  });
  return [describeInput(program), ...lines, describeTotals(plan)].join("\n");
}

/** Steps of one layer that do the same to each element are one line. */
function describeThroughput(program: Program): string {
  const { steps, layouts, values, inputs, slots, depth } = program;
  const layoutOf = (value: number) => describeLayout(layouts[values[value].layout]);
  const lines: string[] = [];
  for (let index = 0; index < steps.length; ) {
    const first = index;
    const step = steps[first];
    const layerOf = (other: Step) => ("layer" in other ? other.layer : undefined);
    while (index < steps.length && steps[index].op === step.op && layerOf(steps[index]) === layerOf(step)) index++;
    const count = index - first;
    const facts = [
      `${first}${count > 1 ? `-${index - 1}` : ""}: ${step.op}${"layer" in step ? ` (layer ${step.layer})` : ""}`,
      `level ${levelBefore(program, step)} → ${levelAfter(program, step)}`,
      step.op === "combine" ? `${step.products} products with numbers` : "",
      layoutOf(step.outputs[0]),
    ];
    lines.push(facts.filter((fact) => fact !== "").join("; "));
  }
  const switches = steps.reduce((sum, step) => sum + keySwitches(countStep(program, step, "plain")), 0);
  return [
    `input: ${layoutOf(inputs[0])}, in ${slots} slots: as many images`,
    ...lines,
    `model: numbers, plain; no rotation keys; ${switches} key switches for all images; depth ${depth}`,
  ].join("\n");
}

/** Both took a program once: JavaScript has no compiler that says so. */
function requireCounted(plan: Counted): void {
  if (Array.isArray(plan?.program?.steps)) return;
  throw new TypeError(`plan: what compile(network) gives was expected, not ${kindOf(plan)}`);
}
