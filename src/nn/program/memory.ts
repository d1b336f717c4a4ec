import { extendedLimbs } from "../../ckks/costs.js";
import type { Parameters } from "../../ckks/parameters.js";
import { modelSize } from "./counts.js";
import { levelBefore, type Program, type Step } from "./program.js";
import type { Worked } from "./work.js";

/** Bytes of a device's memory that a server takes which holds all of it at once: `Server.withMemoryLimit` takes less. */
export interface ServerMemory {
  /** Evaluation keys, both halves. */
  readonly keys: number;
  /** Weights and biases. */
  readonly model: number;
  /** Ciphertexts of one image, and what the largest step needs beside them. */
  readonly image: number;
}

/** @param keyLimbs of all evaluation keys, both halves */
export function memoryOf(plan: Worked, keyLimbs: number): ServerMemory {
  const { program, parameters } = plan;
  const limb = 4 * 2 ** parameters.logN;
  const limbs = (value: number) => 2 * parameters.primesAt(program.values[value].level).length;
  const last = lastUses(program);
  const live = new Set(program.inputs);
  let most = 0;
  for (const [index, step] of program.steps.entries()) {
    const held = [...live, ...step.outputs].reduce((sum, value) => sum + limbs(value), 0);
    most = Math.max(most, held + working(step, levelBefore(program, step), parameters));
    for (const value of step.outputs) live.add(value);
    for (const value of [...live]) if ((last[value] ?? -1) <= index) live.delete(value);
  }
  return { keys: keyLimbs * limb, model: modelSize(plan).limbs * limb, image: most * limb };
}

/** Limbs that a step holds beside what it takes and gives: rotated inputs, digits, and sums modulo QP. */
function working(step: Step, level: number, parameters: Parameters): number {
  const limbs = parameters.primesAt(level).length;
  const { special, digitPrimes } = parameters.gadgetAt(level);
  const whole = limbs + special.length;
  const extended = extendedLimbs(limbs, special.length, digitPrimes);
  const babies =
    step.op === "linear" ? step.groups.flatMap(({ terms }) => terms.map((t) => `${t.input} ${t.baby}`)) : [];
  return 2 * limbs * new Set(babies).size + 3 * limbs + 2 * extended + 6 * whole;
}

function lastUses({ steps, outputs, values }: Program): number[] {
  const last = values.map(() => -1);
  for (const [index, step] of steps.entries()) for (const value of step.inputs) last[value] = index;
  for (const value of outputs) last[value] = steps.length;
  return last;
}
