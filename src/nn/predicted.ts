import { type Noise, NoiseModel } from "../ckks/noise.js";
import { NoisyEvaluator, type NoisyOperand, NoisyValue } from "../ckks/noisy.js";
import { ParameterError } from "../errors.js";
import { around, freshNoise } from "./declared.js";
import { type Plan, requirePlan } from "./plan.js";
import { operandLevels } from "./program/levels.js";
import { type NoisyRun, noisyRun } from "./program/noisy-run.js";
import { foldsOfStep, summedSlots } from "./program/pairing.js";
import type { Step } from "./program/program.js";
import { hasProductKey } from "./program/work.js";

/** How far the slots of a ciphertext will be from what they should hold, in the units of the slots, before anything is encrypted. */
export interface PredictedError {
  /** rms of |error| over the slots; the real part, which is what is read, has 1/√2 of it, or all where imaginary parts were folded away. */
  readonly rms: number;
  /** No slot errs by more, but for a chance of 2^−40 for each slot and operation. */
  readonly worst: number;
}

/** Of what a step gives. Ciphertexts of one step have one prediction, the largest. */
export interface PredictedStep extends PredictedError {
  /** rms of what this step itself adds, its operands' errors included, to what its inputs brought: in each slot before its folds, and after. */
  readonly added: { readonly beforeFolds: number; readonly afterFolds: number };
}

/** What the estimator of noise says of a plan: see `predictedErrors`. */
export interface PredictedErrors {
  /** Of the encrypted image, which holds a quarter of its values. */
  readonly input: PredictedError;
  /** Of each step of the program, in order. */
  readonly steps: readonly PredictedStep[];
  /** Of a result's slots: of the logits, before the output scale is multiplied back. */
  readonly logits: PredictedError;
}

const known = new WeakMap<Plan, PredictedErrors>();

/**
 * The errors of an encrypted run, step by step, predicted from the plan alone: the numbers that its ciphertexts will carry, within
 * a few bits of what is measured. For images as the card says and weights as calibration leaves them: of images far beyond the
 * calibration the errors grow with the values. Public, as the plan is; some milliseconds, once a plan.
 * @throws ParameterError for a plan for throughput, whose weights are numbers
 */
export function predictedErrors(plan: Plan): PredictedErrors {
  requirePlan(plan);
  if (plan.program.throughput) {
    throw new ParameterError(
      "errors of a plan for throughput follow from its network's numbers, not from the plan",
      'compile with optimize: "latency", or read ciphertexts\' own estimates (explain)',
    );
  }
  let errors = known.get(plan);
  if (!errors) known.set(plan, (errors = predict(plan)));
  return errors;
}

function predict(plan: Plan): PredictedErrors {
  const { program, ranges } = plan;
  let before = 0;
  const beforeFolds = ({ noise }: NoisyValue) => {
    before = Math.max(before, noise.rms);
  };
  const algebra = noisyRun(program, { ...noisyRunOf(plan), beforeFolds }) as unknown as ByName;
  const { slots, depth } = program;
  const fresh = freshNoise(new NoiseModel(plan.parameters), ranges.input, { level: depth, slots }, "secret");
  const values: NoisyValue[] = [];
  for (const value of program.inputs) values[value] = new NoisyValue(depth, "canonical", slots, fresh);
  const steps = program.steps.map((step, index): PredictedStep => {
    const inputs = step.inputs.map((value) => values[value]);
    const exact = new Map(inputs.map((input) => [input, withoutError(input)]));
    before = 0;
    const own = largest(
      algebra[step.op](
        step,
        inputs.map((input) => exact.get(input)!),
        index,
      ),
    );
    const foldings = "folds" in step ? summedSlots(foldsOfStep(step)) : 1;
    const added = { beforeFolds: before, afterFolds: Math.sqrt(Math.max(0, own.rms ** 2 - foldings * before ** 2)) };
    const results = algebra[step.op](step, inputs, index).map((result) =>
      result.withNoise(around(result.noise, ranges.steps[index].output)),
    );
    for (const [i, value] of step.outputs.entries()) values[value] = results[i];
    return { ...largest(results), added };
  });
  return { input: errorOf(fresh), steps, logits: largest(program.outputs.map((value) => values[value])) };
}

/** A plan's weights as their owner encrypts or encodes them, and the keys that it names. */
function noisyRunOf({ program, parameters, ranges, productRotations, model }: Plan): NoisyRun {
  const { slots } = program;
  const evaluator = new NoisyEvaluator(parameters);
  const operands = program.steps.map((step, index) =>
    operandLevels(program, step).map((level, i): NoisyOperand => {
      const made = model === "encrypted" ? "public" : "plain";
      const noise = freshNoise(evaluator.model, ranges.steps[index].operands[i], { level, slots }, made);
      return made === "plain" ? { slots, noise } : new NoisyValue(level, "canonical", slots, noise);
    }),
  );
  const productKey = (giant: number, level: number): boolean => {
    return hasProductKey({ productRotations, parameters }, ((giant % slots) + slots) % slots, level);
  };
  return { evaluator, operands, productKey };
}

type ByName = Record<Step["op"], (step: Step, inputs: readonly NoisyValue[], index: number) => readonly NoisyValue[]>;

function withoutError(value: NoisyValue): NoisyValue {
  return value.withNoise({ ...value.noise, rms: 0, worst: 0, ringRms: 0, ringWorst: 0 });
}

function largest(values: readonly NoisyValue[]): PredictedError {
  const errors = values.map(({ noise }) => errorOf(noise));
  return { rms: Math.max(...errors.map(({ rms }) => rms)), worst: Math.max(...errors.map(({ worst }) => worst)) };
}

function errorOf({ rms, worst }: Noise): PredictedError {
  return { rms, worst };
}
