import { extendedLimbs } from "../../ckks/costs.js";
import type { Parameters } from "../../ckks/parameters.js";
import { modelSize } from "./counts.js";
import { levelBefore } from "./levels.js";
import { pairedBy } from "./pairing.js";
import type { Program, Step } from "./program.js";
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
  const { limbs } = mostHeld(program, parameters, (step) => working(program, step, parameters));
  return { keys: keyLimbs * limb, model: modelSize(plan).limbs * limb, image: limbs * limb };
}

/** The most limbs of values that a run holds at a time, with what a step needs beside them, and the step at which. */
export function mostHeld(
  { values, steps, inputs, outputs }: Program,
  parameters: Parameters,
  beside: (step: Step) => number = () => 0,
): { readonly limbs: number; readonly step: number } {
  const limbsOf = (value: number) => 2 * parameters.primesAt(values[value].level).length;
  const left = new Map<number, number>();
  for (const value of [...steps.flatMap((step) => step.inputs), ...outputs])
    left.set(value, (left.get(value) ?? 0) + 1);
  let held = inputs.reduce((sum, value) => sum + limbsOf(value), 0);
  let most = { limbs: held, step: 0 };
  for (const [index, step] of steps.entries()) {
    for (const value of step.outputs) held += limbsOf(value);
    const limbs = held + beside(step);
    if (limbs > most.limbs) most = { limbs, step: index };
    for (const value of step.inputs) {
      const uses = left.get(value)! - 1;
      left.set(value, uses);
      // The images are their owner's: a run does not free them.
      if (uses === 0 && !inputs.includes(value)) held -= limbsOf(value);
    }
  }
  return most;
}

/** Limbs that a step holds beside what it takes and gives: rotated inputs, digits, and sums modulo QP. */
function working(program: Program, step: Step, parameters: Parameters): number {
  const level = levelBefore(program, step);
  const limbs = parameters.primesAt(level).length;
  const { special, digitPrimes } = parameters.gadgetAt(level);
  const whole = limbs + special.length;
  const extended = extendedLimbs(limbs, special.length, digitPrimes);
  const pairs = pairedBy(program, step).length;
  const babies =
    step.op === "linear" ? step.groups.flatMap(({ terms }) => terms.map((t) => `${t.input} ${t.baby}`)) : [];
  return 2 * limbs * (new Set(babies).size + pairs) + 3 * limbs + 2 * extended + 6 * whole;
}
