import type { Ciphertext, Plaintext } from "../ckks/ciphertext.js";
import type { SlotValues } from "../ckks/encoder.js";
import { allOrNothing } from "../ckks/limbs.js";
import type { Residency } from "../ckks/paging/residency.js";
import type { Plan } from "./compile.js";
import type { ProgramWeights } from "./matrix-weights.js";
import { GUARD, levelAfter, operandLevels, type Step } from "./program.js";

/** What one step of a program multiplies with and adds: ciphertexts, or plaintexts. */
export type StepOperands<D> =
  | { readonly kind: "linear"; readonly groups: readonly OperandGroup<D>[]; readonly bias: D }
  | { readonly kind: "square" }
  | { readonly kind: "quad"; readonly a: D; readonly b: D; readonly c: D }
  | { readonly kind: "readout"; readonly weights: readonly D[]; readonly biases: readonly D[] };

/** The diagonals of one giant step: `terms` by baby step, rotated together by `giant`. */
export interface OperandGroup<D> {
  readonly giant: number;
  readonly terms: readonly { readonly baby: number; readonly diagonal: D }[];
}

/** Makes each operand of a program with `make`, one vector after the other. */
export function makeOperands<D>(plan: Plan, weights: ProgramWeights, make: MakeOperand<D>): StepOperands<D>[] {
  return plan.program.steps.map((step, index) => {
    const operands = [...vectorsOf(plan, weights, step, index)].map(({ values, level }) => make(values, level));
    return assemble(step, operands);
  });
}

/** Vectors that are made while earlier ones are packed. */
const AHEAD = 2;

/** The same outside of the device's memory, which holds few vectors at a time. */
export async function pageOperands<D extends Ciphertext | Plaintext>(
  plan: Plan,
  weights: ProgramWeights,
  make: MakeOperand<D>,
  residency: Residency,
): Promise<StepOperands<D>[]> {
  const pending: Promise<D>[] = [];
  try {
    return await allOrNothing(async (keep) => {
      const paged: D[] = [];
      const next = async () => paged.push(keep(await pending.shift()!));
      for (const [index, step] of plan.program.steps.entries()) {
        for (const { values, level } of vectorsOf(plan, weights, step, index)) {
          const page = make(values, level).page(residency) as Promise<D>;
          page.catch(() => {}); // heard of where it is waited for
          pending.push(page);
          if (pending.length > AHEAD) await next();
        }
      }
      while (pending.length > 0) await next();
      return assembleAll(plan, paged);
    });
  } finally {
    // After an error only: those that were under way.
    for (const late of await Promise.allSettled(pending)) {
      if (late.status === "fulfilled") late.value[Symbol.dispose]();
    }
  }
}

/** Operands by step, from all of them in the order of `operandsOf`, step after step. */
export function assembleAll<D>({ program }: Plan, operands: readonly D[]): StepOperands<D>[] {
  let at = 0;
  return program.steps.map((step) => {
    const count = operandLevels(step).length;
    at += count;
    return assemble(step, operands.slice(at - count, at));
  });
}

/** The step's operands outside of the device's memory; those given are disposed of. */
export async function pageStep<D extends Ciphertext | Plaintext>(
  operands: StepOperands<D>,
  residency: Residency,
): Promise<StepOperands<D>> {
  const paged = new Map<D, D>();
  for (const operand of operandsOf(operands)) paged.set(operand, (await operand.page(residency)) as D);
  return mapOperands(operands, (operand) => paged.get(operand)!);
}

/** Encodes or encrypts a vector at a level. */
type MakeOperand<D> = (values: SlotValues, level: number) => D;

/** The vectors of a step in the order of `operandsOf`, each with its level. */
function* vectorsOf(
  plan: Plan,
  weights: ProgramWeights,
  step: Step,
  index: number,
): Generator<{ values: SlotValues; level: number }> {
  const after = levelAfter(step);
  switch (step.kind) {
    case "linear":
      for (const [g, { babies }] of step.groups.entries()) {
        for (const b of babies.keys()) yield { values: weights.diagonal(index, g, b), level: step.level };
      }
      yield { values: weights.bias(index), level: after };
      return;
    case "square":
      return;
    case "quad": {
      const { a, b, c } = weights.quad(index);
      yield { values: a, level: step.level - 1 };
      yield { values: b, level: step.level - 1 };
      yield { values: c, level: after };
      return;
    }
    case "readout": {
      const logits = Array.from({ length: step.classes }, (_, j) => weights.readout(index, j));
      for (const logit of logits) yield { values: guarded(logit.weights), level: step.level };
      for (const { bias } of logits) {
        yield { values: guarded(new Float64Array(plan.program.slots).fill(bias)), level: after };
      }
    }
  }
}

/** A step's operands from their list: the inverse of `operandsOf`. */
function assemble<D>(step: Step, operands: readonly D[]): StepOperands<D> {
  let at = 0;
  const next = () => operands[at++];
  switch (step.kind) {
    case "linear": {
      const groups = step.groups.map(({ giant, babies }) => ({
        giant,
        terms: babies.map((baby) => ({ baby, diagonal: next() })),
      }));
      return { kind: "linear", groups, bias: next() };
    }
    case "square":
      return { kind: "square" };
    case "quad":
      return { kind: "quad", a: next(), b: next(), c: next() };
    case "readout":
      return { kind: "readout", weights: operands.slice(0, step.classes), biases: operands.slice(step.classes) };
  }
}

/** values·(1 + i·GUARD). */
function guarded(values: Float64Array): SlotValues {
  return { real: values, imaginary: values.map((value) => value * GUARD) };
}

/** The same step with other operands, changed in the order of `operandsOf`. */
export function mapOperands<D>(step: StepOperands<D>, change: (operand: D) => D): StepOperands<D> {
  switch (step.kind) {
    case "linear": {
      const groups = step.groups.map(({ giant, terms }) => ({
        giant,
        terms: terms.map(({ baby, diagonal }) => ({ baby, diagonal: change(diagonal) })),
      }));
      return { kind: "linear", groups, bias: change(step.bias) };
    }
    case "square":
      return step;
    case "quad":
      return { kind: "quad", a: change(step.a), b: change(step.b), c: change(step.c) };
    case "readout":
      return { kind: "readout", weights: step.weights.map(change), biases: step.biases.map(change) };
  }
}

/** In the order in which a step's vectors are made. */
export function operandsOf<D>(step: StepOperands<D>): D[] {
  switch (step.kind) {
    case "linear":
      return [...step.groups.flatMap((group) => group.terms.map(({ diagonal }) => diagonal)), step.bias];
    case "square":
      return [];
    case "quad":
      return [step.a, step.b, step.c];
    case "readout":
      return [...step.weights, ...step.biases];
  }
}
