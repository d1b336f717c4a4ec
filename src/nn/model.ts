import type { Ciphertext, Plaintext } from "../ckks/ciphertext.js";
import { COPY, kindOf, THIS_COPY } from "../ckks/copies.js";
import type { SlotValues } from "../ckks/encoder.js";
import type { Residency } from "../ckks/paging/residency.js";
import { type CalibratedFactors, type CalibrationOptions, calibrate, calibrationImages } from "./calibrate.js";
import { foldFor, type Plan } from "./compile.js";
import { requireIdentity, requireOutputScale } from "./exchange.js";
import type { Network } from "./graph.js";
import type { ImageValues } from "./image.js";
import { materialize, type ProgramWeights } from "./matrix-weights.js";
import { GUARD, levelAfter, type Step } from "./program.js";

/** What one step of a program multiplies with and adds: ciphertexts, or plaintexts. */
export type StepOperands<D> =
  | { readonly kind: "linear"; readonly groups: readonly OperandGroup<D>[]; readonly bias: D }
  | { readonly kind: "square" }
  | { readonly kind: "quad"; readonly a: D; readonly b: D; readonly c: D }
  | { readonly kind: "readout"; readonly weights: readonly D[]; readonly biases: readonly D[] };

export interface OperandGroup<D> {
  readonly giant: number;
  readonly terms: readonly { readonly baby: number; readonly diagonal: D }[];
}

/** A network as a server computes with it: the weights of every step at the step's level, and nothing in the clear but the output scale. */
export class Model<D extends Ciphertext | Plaintext> implements Disposable {
  /**
   * @throws TypeError for arguments of other types; ParameterError for an output scale that is none. Whether it is a model
   *   of some plan is looked at where it is loaded.
   */
  constructor(
    /** Of the plan that it was made for. */
    readonly identity: string,
    readonly steps: readonly StepOperands<D>[],
    /** Power of two that decrypted logits are multiplied by: the one number of the calibration that is told. */
    readonly outputScale: number,
    /** Key that the weights are encrypted for; absent when they are plain. */
    readonly fingerprint?: string,
  ) {
    requireIdentity(identity);
    if (!Array.isArray(steps)) throw new TypeError(`steps: an array was expected, not ${kindOf(steps)}`);
    requireOutputScale(outputScale);
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  get operands(): D[] {
    return this.steps.flatMap((step) => operandsOf(step));
  }

  /** Bytes on the wire: residues packed to each prime's width. */
  get packedBytes(): number {
    return this.operands.reduce((bytes, operand) => bytes + operand.packedBytes, 0);
  }

  [Symbol.dispose](): void {
    for (const operand of this.operands) operand[Symbol.dispose]();
  }
}

export type EncryptedModel = Model<Ciphertext>;
export type PlainModel = Model<Plaintext>;

export interface ModelOptions extends CalibrationOptions {
  /** Sample images as the network takes them: their ranges decide how weights are scaled. A few dozen will do. */
  readonly calibration: Iterable<ImageValues>;
  /** Called after each weight vector. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Logits may reach this at level 0, a quarter below what its modulus holds. */
const LOGIT_SHARE = 0.75;

/** The calibrated weights of a network, for `plan`. */
export function weightsFor(
  plan: Plan,
  network: Network,
  options: ModelOptions,
): { weights: ProgramWeights; factors: CalibratedFactors } {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options: { calibration: images } was expected, not ${kindOf(options)}`);
  }
  foldFor(plan, network); // before anything is asked of the images
  const images = calibrationImages(network.input, options.calibration);
  const folded = foldFor(plan, network, images);
  const factors = calibrate(folded, images, {
    margin: options.margin,
    reach: options.reach,
    logitBound: options.logitBound ?? LOGIT_SHARE * plan.parameters.headroomAt(0),
  });
  return { weights: materialize(plan.program, folded, factors), factors };
}

/** Makes each operand of a program with `make`, one vector after the other. */
export function makeOperands<D>(plan: Plan, weights: ProgramWeights, make: MakeOperand<D>): StepOperands<D>[] {
  return plan.program.steps.map((step, index) => makeStep(plan, weights, step, index, make));
}

/** The same outside of the device's memory, one step after the other: there is never more than one step in it. */
export async function pageOperands<D extends Ciphertext | Plaintext>(
  plan: Plan,
  weights: ProgramWeights,
  make: MakeOperand<D>,
  residency: Residency,
): Promise<StepOperands<D>[]> {
  const paged: StepOperands<D>[] = [];
  for (const [index, step] of plan.program.steps.entries()) {
    paged.push(await pageStep(makeStep(plan, weights, step, index, make), residency));
  }
  return paged;
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

function makeStep<D>(
  plan: Plan,
  weights: ProgramWeights,
  step: Step,
  index: number,
  make: MakeOperand<D>,
): StepOperands<D> {
  const after = levelAfter(step);
  switch (step.kind) {
    case "linear":
      return {
        kind: "linear",
        groups: step.groups.map(({ giant, babies }, g) => ({
          giant,
          terms: babies.map((baby, b) => ({ baby, diagonal: make(weights.diagonal(index, g, b), step.level) })),
        })),
        bias: make(weights.bias(index), after),
      };
    case "square":
      return { kind: "square" };
    case "quad": {
      const { a, b, c } = weights.quad(index);
      return { kind: "quad", a: make(a, step.level - 1), b: make(b, step.level - 1), c: make(c, after) };
    }
    case "readout": {
      const logits = Array.from({ length: step.classes }, (_, j) => weights.readout(index, j));
      return {
        kind: "readout",
        weights: logits.map((logit) => make(guarded(logit.weights), step.level)),
        biases: logits.map(({ bias }) => make(guarded(new Float64Array(plan.program.slots).fill(bias)), after)),
      };
    }
  }
}

/** values·(1 + i·GUARD). */
function guarded(values: Float64Array): SlotValues {
  return { real: values, imaginary: values.map((value) => value * GUARD) };
}

function mapOperands<D>(step: StepOperands<D>, change: (operand: D) => D): StepOperands<D> {
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
