/**
 * The clear-text twin of an encrypted run: the same steps, rotations, diagonals and folds on vectors of doubles, junk
 * included. What it gives is what an encrypted run gives, but for the noise.
 */
import { ParameterError } from "../errors.js";
import { type ImageValues, imageValues } from "./image.js";
import { pack } from "./layout.js";
import type { ProgramWeights } from "./matrix-weights.js";
import { INPUT_SCALE, type LinearStep, levelAfter, type Program, type Step } from "./program.js";

/** What a program gives in the clear. */
export interface Simulation {
  /** As the network gives them: the output scale multiplied back. */
  readonly logits: Float64Array;
  /** Each result as it would be decrypted, all slots, output scale not yet multiplied back. */
  readonly results: readonly Float64Array[];
  /** Largest absolute value in any slot, junk included: of the image, then after each step. */
  readonly maxAbs: readonly number[];
}

/** All optional. */
export interface SimulateOptions {
  /** bounds[l]: what a slot may hold at level l, q_0·…·q_l / (2·Δ_l). Unchecked where it is missing. */
  readonly bounds?: readonly number[];
}

/**
 * Runs `program` in the clear. Costs some milliseconds a diagonal.
 * @param image as the network takes it
 * @throws TypeError, ParameterError as `imageValues`; ParameterError when a value leaves the bound of its level: the encrypted run would wrap around silently.
 */
export function simulate(
  program: Program,
  weights: ProgramWeights,
  image: ImageValues,
  options: SimulateOptions = {},
): Simulation {
  let x = encodeInput(program, image);
  const maxAbs = [expectHeadroom(x, "the image", program.depth, options)];
  let results: Float64Array[] = [];
  for (const [index, step] of program.steps.entries()) {
    const outputs = runStep(step, index, weights, x);
    const name = `step ${index} (${step.kind}, layer ${step.layer})`;
    maxAbs.push(Math.max(...outputs.map((output) => expectHeadroom(output, name, levelAfter(step), options))));
    x = outputs[0];
    results = outputs;
  }
  const logits = Float64Array.from(results, (result) => result[0] * weights.outputScale);
  return { logits, results, maxAbs };
}

/**
 * The slots that the key holder encrypts: the image times INPUT_SCALE, in every replica that the program's first layout has.
 * @throws TypeError, ParameterError as `imageValues`.
 */
export function encodeInput(program: Program, image: ImageValues): Float64Array {
  return pack(program.input, imageValues(program.input, image)).map((value) => value * INPUT_SCALE);
}

function runStep(step: Step, index: number, weights: ProgramWeights, x: Float64Array): Float64Array[] {
  switch (step.kind) {
    case "linear":
      return [add(fold(multiplyMatrix(step, index, weights, x), step.folds), weights.bias(index))];
    case "square": {
      const squares = x.map((value) => value * value);
      return [fold(squares, step.folds)];
    }
    case "quad": {
      const { a, b, c } = weights.quad(index);
      const sums = x.map((value, i) => (a[i] * value + b[i]) * value);
      return [add(fold(sums, step.folds), c)];
    }
    case "readout":
      return Array.from({ length: step.classes }, (_, logit) => {
        const readout = weights.readout(index, logit);
        const products = x.map((value, i) => value * readout.weights[i]);
        return fold(products, step.folds).map((sum) => sum + readout.bias);
      });
  }
}

/** Σ_g rotate(Σ_b u[g][b] ⊙ rotate(x, b), g). */
function multiplyMatrix(step: LinearStep, index: number, weights: ProgramWeights, x: Float64Array): Float64Array {
  const mask = x.length - 1;
  const sum = new Float64Array(x.length);
  for (const [g, group] of step.groups.entries()) {
    const inner = new Float64Array(x.length);
    for (const [b, baby] of group.babies.entries()) {
      const diagonal = weights.diagonal(index, g, b);
      for (let i = 0; i < inner.length; i++) inner[i] += diagonal[i] * x[(i + baby) & mask];
    }
    for (let j = 0; j < sum.length; j++) sum[j] += inner[(j + group.giant) & mask];
  }
  return sum;
}

/** y += rotate(y, step) for one step after another. */
function fold(values: Float64Array, steps: readonly number[]): Float64Array {
  const mask = values.length - 1;
  return steps.reduce((y, step) => y.map((value, j) => value + y[(j + step) & mask]), values);
}

function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]);
}

function expectHeadroom(values: Float64Array, what: string, level: number, { bounds }: SimulateOptions): number {
  let largest = 0;
  for (const value of values) if (!(Math.abs(value) <= largest)) largest = Math.abs(value);
  const bound = bounds?.[level] ?? Number.MAX_VALUE;
  if (largest <= bound) return largest;
  throw new ParameterError(
    `${what} reaches ${largest.toPrecision(3)}; level ${level} holds ${bound.toPrecision(3)} at most`,
    "Calibrate with images like this one, with a larger margin, or take parameters with more headroom.",
  );
}
