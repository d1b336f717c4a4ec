import { planPolynomials } from "../../ckks/circuits/polynomial-plan.js";
import { extendedLimbs } from "../../ckks/costs.js";
import type { Parameters } from "../../ckks/parameters.js";
import type { UnitCosts } from "../../ckks/unit-costs.js";
import { polynomialOf } from "./doubles.js";
import { levelAfter, levelBefore } from "./levels.js";
import { foldsOfStep, pairedBy } from "./pairing.js";
import type { Program, Step } from "./program.js";

/** What a step is made of, in limbs: see `UnitCosts`. */
export type StepWork = { readonly [Part in keyof UnitCosts]: number };

/** What of a plan decides its work. */
export interface Worked {
  /** Its steps. */
  readonly program: Program;
  /** Their primes, digits and P. */
  readonly parameters: Parameters;
  /** Whether the weights are encrypted. */
  readonly model: "encrypted" | "plain";
  /** Giant steps that have both keys: see `Plan`. */
  readonly productRotations: readonly (readonly [step: number, level: number])[];
}

/** What the server does for a step; sums, permutations and encodings are left aside, a tenth or so. */
export function workOf(plan: Worked, step: Step): StepWork {
  const { program, parameters, model } = plan;
  const level = levelBefore(program, step);
  const encrypted = model === "encrypted";
  const work = new Work(parameters);
  switch (step.op) {
    case "linear": {
      for (const _ of pairedBy(program, step)) work.rotations(level, 1);
      const babies = new Map<number, Set<number>>();
      for (const { input, baby } of step.groups.flatMap(({ terms }) => terms)) {
        if (baby !== 0) babies.set(input, (babies.get(input) ?? new Set()).add(baby));
      }
      for (const steps of babies.values()) work.rotations(level, steps.size);
      for (const { giant, terms } of step.groups) {
        work.products(level, terms.length, encrypted);
        if (encrypted) work.switches(level, 1);
        if (giant !== 0) work.switches(level, 1);
        if (giant !== 0 && encrypted && !hasProductKey(plan, giant, level)) work.divisions(level, 1);
      }
      for (const _ of step.outputs) work.finish(level, foldsOfStep(step));
      break;
    }
    case "square":
    case "multiply":
      work.products(level, 1, true);
      work.switches(level, 1);
      work.finish(level, step.folds);
      break;
    case "quad":
      work.products(level, 1, true);
      work.switches(level, 1);
      work.divisions(level, 1);
      work.products(level - 1, 2, encrypted);
      if (encrypted) work.switches(level - 1, 1);
      work.finish(level - 1, step.folds);
      break;
    case "polynomial": {
      const { relinearizations } = planPolynomials([polynomialOf(step)], {}).cost;
      // Products are spread over the levels that it takes.
      const levels = level - levelAfter(program, step);
      for (let k = 0; k < relinearizations; k++) {
        const at = level - Math.floor((k * levels) / relinearizations);
        work.products(at, 1, true);
        work.switches(at, 1);
        work.divisions(at, 1);
      }
      break;
    }
    case "lower":
      work.lowering(level);
      break;
    default:
  }
  return work.parts;
}

/** Milliseconds that a step will take on a device of these costs. */
export function predictedMs(work: StepWork, costs: UnitCosts): number {
  const parts = Object.keys(costs) as (keyof UnitCosts)[];
  return parts.reduce((sum, part) => sum + work[part] * costs[part], 0) / 1000;
}

/** Whether a product is rotated at once: the lowest key that reaches the level is taken, and must have the gadget of the rotation's. */
export function hasProductKey(
  { productRotations, parameters }: Pick<Worked, "productRotations" | "parameters">,
  giant: number,
  level: number,
): boolean {
  const reaching = productRotations.filter(([step, reached]) => step === giant && reached >= level);
  const lowest = Math.min(...reaching.map(([, reached]) => reached));
  return reaching.length > 0 && parameters.gadgetAt(lowest) === parameters.gadgetAt(level);
}

class Work {
  readonly parts = { decompose: 0, divide: 0, keyProduct: 0, product: 0, plainProduct: 0 };

  constructor(private readonly parameters: Parameters) {}

  /** Polynomials that are taken apart, each for one key. */
  switches(level: number, count: number): void {
    this.parts.decompose += count * this.extended(level);
    this.parts.keyProduct += count * this.extended(level);
  }

  /** Rotations of one ciphertext, hoisted. */
  rotations(level: number, count: number): void {
    this.parts.decompose += this.extended(level);
    this.parts.keyProduct += count * this.extended(level);
    this.divisions(level, count);
  }

  divisions(level: number, count: number): void {
    const { special } = this.parameters.gadgetAt(level);
    this.parts.divide += count * 2 * (this.limbs(level) + special.length);
  }

  products(level: number, count: number, encrypted: boolean): void {
    this.parts[encrypted ? "product" : "plainProduct"] += count * this.limbs(level);
  }

  /** Folds, and the division at the end. */
  finish(level: number, folds: readonly (readonly unknown[])[]): void {
    for (const steps of folds) {
      this.divisions(level, 1);
      this.parts.decompose += this.extended(level);
      this.parts.keyProduct += steps.length * this.extended(level);
    }
    this.divisions(level, 1);
  }

  /** To a lower level: of one prime more than those below. */
  lowering(level: number): void {
    this.parts.divide += 2 * this.limbs(level);
  }

  private limbs(level: number): number {
    return this.parameters.primesAt(level).length;
  }

  private extended(level: number): number {
    const { special, digitPrimes } = this.parameters.gadgetAt(level);
    return extendedLimbs(this.limbs(level), special.length, digitPrimes);
  }
}
