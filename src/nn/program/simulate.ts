/**
 * The clear-text twin of an encrypted run: the same steps, rotations, diagonals and folds on vectors of doubles, junk
 * included. What it gives is what an encrypted run gives, but for the noise; with `noise`, as much of it as is predicted.
 */
import type { SlotValues } from "../../ckks/encoder.js";
import { Randomness } from "../../ckks/randomness.js";
import { ParameterError } from "../../errors.js";
import type { ImageValues } from "../graph/image.js";
import { unpack } from "../layout/layout.js";
import { add, doubles, fold } from "./doubles.js";
import { encodeInput } from "./encode.js";
import { imagesOf, ofImage, type Program, type Step } from "./program.js";
import { walk } from "./walk.js";
import type { ProgramWeights } from "./weights.js";

/** What a program gives in the clear. */
export interface Simulation {
  /** As the network gives them: the output scale multiplied back. Of the first image, where the program takes several. */
  readonly logits: Float64Array;
  /** Of each image that the program takes. */
  readonly all: readonly Float64Array[];
  /** Each ciphertext of the result as it would be decrypted, all slots, output scale not yet multiplied back. */
  readonly results: readonly Float64Array[];
  /** Largest absolute value in any slot, junk included: of the image, then after each step. */
  readonly maxAbs: readonly number[];
}

/** All optional. */
export interface SimulateOptions {
  /** bounds[l]: what a slot may hold at level l, q_0·…·q_l / (2·Δ_l). Unchecked where it is missing. */
  readonly bounds?: readonly number[];
  /**
   * Errors of an encrypted run: `predictedErrors(plan)` of the plan whose program it is. Gaussian, of the rms that each step is
   * predicted to add, and carried on by the steps after it: logits then spread as they will, of run after run.
   */
  readonly noise?: SimulatedNoise;
  /** What the errors are drawn from; the system's unless said. Seeded, the same errors come again. */
  readonly randomness?: Randomness;
}

/** What `simulate` needs to know of errors: `predictedErrors(plan)` is that. */
export interface SimulatedNoise {
  /** Of the encrypted image. */
  readonly input: { readonly rms: number };
  /** Of each step: what it adds, see `PredictedStep`. */
  readonly steps: readonly { readonly added: { readonly beforeFolds: number; readonly afterFolds: number } }[];
}

/**
 * Runs `program` in the clear. Costs some milliseconds a diagonal; `weights` made by `rememberVectors` are made once for many images.
 * @param image as the network takes it; a list for a program of several images
 * @throws TypeError, ParameterError as `imageValues`; ParameterError for errors of another plan, and when a value leaves the bound of its level: the encrypted run would wrap around silently.
 */
export function simulate(
  program: Program,
  weights: ProgramWeights,
  image: ImageValues | readonly ImageValues[],
  options: SimulateOptions = {},
): Simulation {
  using system = options.noise && !options.randomness ? Randomness.system() : undefined;
  const erring = options.noise && erringBy(options.noise, program, options.randomness ?? system!);
  const inputs = encodeInput(program, image);
  if (erring) for (const values of inputs) erring.image(values);
  const maxAbs = [Math.max(...inputs.map((x) => expectHeadroom(x, "the image", program.depth, options)))];
  const made = (exact: readonly Float64Array[], step: Step, index: number) => {
    const values = erring ? exact.map((each) => erring.step(each, step, index)) : exact;
    const name = `step ${index} (${step.op}${"layer" in step ? `, layer ${step.layer}` : ""})`;
    const level = (k: number) => program.values[step.outputs[k]].level;
    maxAbs.push(Math.max(...values.map((value, k) => expectHeadroom(value, name, level(k), options))));
    return values;
  };
  const walking = walk(
    program,
    doubles((index) => weights.vectors(index), weights.numbers),
    inputs,
    { made },
  );
  let turn = walking.next();
  while (!turn.done) turn = walking.next();
  const results = turn.value;
  const found = read(program, results).map((value) => value * weights.outputScale);
  const count = imagesOf(program);
  const all = Array.from({ length: count }, (_, k) => ofImage(found, k, count));
  return { logits: all[0], all, results, maxAbs };
}

/** All results, [class][image]. */
function read({ throughput, values, layouts, outputs, slots, classes }: Program, results: readonly Float64Array[]) {
  if (!throughput) return unpack(layouts[values[outputs[0]].layout], results);
  const found = new Float64Array(classes * slots);
  for (const [k, slotsOf] of results.entries()) found.set(slotsOf, k * slots);
  return found;
}

/** The same weights, their vectors kept: for many images. Memory: 8 bytes a slot and vector. */
export function rememberVectors(weights: ProgramWeights): ProgramWeights {
  const known = new Map<number, readonly SlotValues[]>();
  return {
    ...weights,
    vectors(step) {
      if (!known.has(step)) known.set(step, [...weights.vectors(step)]);
      return known.get(step)!;
    },
  };
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

/** Adds to slots what they err by. What a step adds before its folds is folded with its values: slots then err alike. */
function erringBy({ input, steps }: SimulatedNoise, program: Program, randomness: Randomness) {
  if (steps.length !== program.steps.length) {
    throw new ParameterError(
      `errors of ${steps.length} steps were given, the program has ${program.steps.length}`,
      "give predictedErrors(plan) of the plan whose program it is",
    );
  }
  return {
    image(values: Float64Array): void {
      values.set(add(values, gaussians(values.length, input.rms, randomness)));
    },
    step(values: Float64Array, step: Step, index: number): Float64Array {
      const { beforeFolds, afterFolds } = steps[index].added;
      const after = add(values, gaussians(values.length, afterFolds, randomness));
      if (!("folds" in step)) return after;
      const before = fold(gaussians(values.length, beforeFolds, randomness), step.folds);
      // Conjugation brings both halves of an error into the real part.
      const twice = step.op === "linear" && step.pair !== undefined ? 2 : 1;
      return add(
        after,
        before.map((error) => twice * error),
      );
    },
  };
}

/** Real parts of complex Gaussians of that rms (Box and Muller, 1958). */
function gaussians(count: number, rms: number, randomness: Randomness): Float64Array {
  const words = randomness.words(2 * count);
  return Float64Array.from({ length: count }, (_, i) => {
    const [radius, angle] = [(words[2 * i] + 1) / 2 ** 32, words[2 * i + 1] / 2 ** 32];
    return rms * Math.sqrt(-Math.log(radius)) * Math.cos(2 * Math.PI * angle);
  });
}
