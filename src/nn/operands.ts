import type { Ciphertext, Plaintext } from "../ckks/ciphertext.js";
import type { SlotValues } from "../ckks/encoder.js";
import { allOrNothing } from "../ckks/limbs.js";
import type { Residency } from "../ckks/paging/residency.js";
import { operandLevels } from "./program/levels.js";
import type { StepNumbers } from "./program/numbers.js";
import type { Program } from "./program/program.js";
import type { ProgramWeights } from "./program/weights.js";

/** What each step of a program multiplies with and adds, in the order of `operandLevels`: ciphertexts, or plaintexts. */
export type Operands<D> = readonly (readonly D[])[];

/** Makes each operand of a program with `make`, one vector after the other. */
export function makeOperands<D>(program: Program, weights: ProgramWeights, make: MakeOperand<D>): Operands<D> {
  return program.steps.map((step, index) => {
    const levels = operandLevels(program, step);
    return Array.from(weights.vectors(index), (values, i) => make(values, levels[i]));
  });
}

/** The numbers of each step, where the program takes numbers. */
export function numbersOf({ steps }: Program, { numbers }: ProgramWeights): StepNumbers[] | undefined {
  return numbers && steps.map((_, index) => numbers(index));
}

/** Vectors that are made while earlier ones are packed. */
const AHEAD = 2;

/** The same outside of the device's memory, which holds few vectors at a time. */
export async function pageOperands<D extends Ciphertext | Plaintext>(
  program: Program,
  weights: ProgramWeights,
  make: MakeOperand<D>,
  residency: Residency,
): Promise<Operands<D>> {
  const pending: Promise<D>[] = [];
  try {
    return await allOrNothing(async (keep) => {
      const paged: D[] = [];
      const next = async () => paged.push(keep(await pending.shift()!));
      for (const [index, step] of program.steps.entries()) {
        const levels = operandLevels(program, step);
        let at = 0;
        for (const values of weights.vectors(index)) {
          const page = make(values, levels[at++]).page(residency) as Promise<D>;
          page.catch(() => {}); // heard of where it is waited for
          pending.push(page);
          if (pending.length > AHEAD) await next();
        }
      }
      while (pending.length > 0) await next();
      return byStep(program, paged);
    });
  } finally {
    // After an error only: those that were under way.
    for (const late of await Promise.allSettled(pending)) {
      if (late.status === "fulfilled") late.value[Symbol.dispose]();
    }
  }
}

/** The same one after the other, each gone when the next is asked for: for files. */
export async function* passingOperands<D extends Ciphertext | Plaintext>(
  program: Program,
  weights: ProgramWeights,
  make: MakeOperand<D>,
): AsyncGenerator<D, void, undefined> {
  const waiting: D[] = [];
  try {
    for (const [index, step] of program.steps.entries()) {
      const levels = operandLevels(program, step);
      let at = 0;
      for (const values of weights.vectors(index)) {
        waiting.push(make(values, levels[at++]));
        if (waiting.length <= AHEAD) continue;
        using first = waiting.shift()!;
        yield first;
      }
    }
    while (waiting.length > 0) {
      using first = waiting.shift()!;
      yield first;
    }
  } finally {
    for (const late of waiting) late[Symbol.dispose]();
  }
}

/** Operands by step, from all of them one after the other. */
export function byStep<D>(program: Program, operands: readonly D[]): Operands<D> {
  let at = 0;
  return program.steps.map((step) => {
    const count = operandLevels(program, step).length;
    at += count;
    return operands.slice(at - count, at);
  });
}

/** Encodes or encrypts a vector at a level. */
type MakeOperand<D> = (values: SlotValues, level: number) => D;
