import type { Parameters } from "../../ckks/parameters.js";
import { DEFAULT_REACH, LOGIT_SHARE, reachAt } from "../calibrate.js";
import { INPUT_SCALE } from "../scales.js";
import { polynomialOf } from "./doubles.js";
import { operandLevels } from "./levels.js";
import { imagePair, summedSlots } from "./pairing.js";
import type { Program, Step } from "./program.js";
import { type Algebra, walk } from "./walk.js";

/** What is declared of the values of a vector. */
export interface ValueRange {
  /** The largest |value|. */
  readonly bound: number;
  /** The rms over the slots. */
  readonly size: number;
}

/** What is declared of a step. */
export interface StepRanges {
  /** Of its weights, then of its biases, in the order in which they are made. */
  readonly operands: readonly ValueRange[];
  /** Of what it gives. */
  readonly output: ValueRange;
}

/** What is declared of a program: see `Plan.ranges`. */
export interface ProgramRanges {
  /** Of the image as it is encrypted, at a quarter of its values. */
  readonly input: ValueRange;
  /** Of each step of the program. */
  readonly steps: readonly StepRanges[];
}

/** What that follows from. */
export interface Declaring {
  readonly program: Program;
  readonly parameters: Pick<Parameters, "headroomAt">;
  /** Largest |value| of an image as the network takes it. */
  readonly inputBound: number;
}

/**
 * What a plan says about the values of its program, for the estimate of noise: public, from the program, the parameters and what
 * calibration does by default. Nothing of it was measured from a network or an image.
 *
 * Of images the card says what pixels may become. What a layer gives is scaled to its `reach` over the margin, so that the reach
 * bounds it for images up to the margin beyond those of the calibration; a square follows from what enters it. Weights are
 * nobody's to know but their owner's: what is declared follows from how much a layer must enlarge to get from one reach to the
 * next, all terms alike. An owner who calibrates otherwise, or a network whose weights differ more than PEAK, makes the
 * estimate as much wrong; nothing else depends on it.
 */
export function declaredRanges({ program, parameters, inputBound }: Declaring): ProgramRanges {
  const input = { bound: inputBound * INPUT_SCALE, size: inputBound * INPUT_SCALE * IMAGE_FILL };
  const steps: StepRanges[] = [];
  const behind = layersBehind(program);
  const logit = { bound: LOGIT_SHARE * parameters.headroomAt(0), size: LOGIT_SPREAD };
  const reached = (index: number): ValueRange => {
    const reach = reachAt(DEFAULT_REACH, behind[index] - 1);
    return { bound: reach, size: reach * REACH_FILL };
  };
  const say = (step: Step, output: ValueRange, operands: readonly ValueRange[] = []): ValueRange[] => {
    steps.push({ operands, output });
    return step.outputs.map(() => output);
  };
  const pooled = ({ pools }: { pools: readonly (readonly number[])[] }) =>
    pools.reduce((product, kernel) => kernel.reduce((a, b) => a * b, product), 1);
  const algebra: Algebra<ValueRange> = {
    linear: (step, inputs, index) => {
      const output = step.guarded ? logit : reached(index);
      const count = operandLevels(program, step).length - step.outputs.length;
      const size = Math.max(...inputs.map((x) => x.size));
      const diagonals = step.pair === undefined ? 1 : 2;
      const one = weight(summedSlots(step.folds), size, output, (diagonals * count) / step.outputs.length);
      // (w − i·w′)/2.
      const half = Math.SQRT1_2;
      const each = step.pair === undefined ? one : { bound: half * one.bound, size: half * one.size };
      return say(step, output, [...Array<ValueRange>(count).fill(each), ...step.outputs.map(() => output)]);
    },
    combine: (step, _inputs, index) => say(step, step.readout ? logit : reached(index)),
    square: (step, [x]) => {
      const places = pooled(step);
      return say(step, { bound: x.bound ** 2 * places, size: SQUARE_FILL * x.size ** 2 * places });
    },
    multiply: (step, [x, y]) => {
      const places = pooled(step);
      return say(step, { bound: x.bound * y.bound * places, size: x.size * y.size * places });
    },
    quad: (step, [x], index) => {
      const output = reached(index);
      if (program.throughput) return say(step, output);
      const [a, b] = [SQUARE_FILL * x.size ** 2, x.size].map((size) =>
        weight(summedSlots(step.folds), size, output, 1),
      );
      return say(step, output, [a, b, output]);
    },
    polynomial: (step) => {
      const polynomial = polynomialOf(step);
      const [low, high] = step.interval;
      const samples = Array.from({ length: 65 }, (_, k) => Math.abs(polynomial.at(low + ((high - low) * k) / 64)));
      const bound = Math.max(...samples);
      return say(step, { bound, size: bound * IMAGE_FILL });
    },
    add: (step, inputs) => {
      const sum = (of: (x: ValueRange) => number) => inputs.reduce((total, x) => total + of(x), 0);
      return say(step, { bound: sum((x) => x.bound), size: Math.sqrt(sum((x) => x.size ** 2)) });
    },
    shift: (step, [x]) => say(step, { bound: 2 * x.bound, size: 2 * x.size }, program.throughput ? [] : [x]),
    lower: (step, [x]) => say(step, x),
  };
  const walking = walk(
    program,
    algebra,
    program.inputs.map(() => input),
  );
  while (!walking.next().done);
  // As it is encrypted: x + i·rotate(x, pair).
  const parts = Math.sqrt(imagePair(program) === undefined ? 1 : 2);
  return { input: { bound: parts * input.bound, size: parts * input.size }, steps };
}

/** rms of an image over its bound: pixels that are spread evenly have 0.58, and most are dark. */
const IMAGE_FILL = 1 / 2;
/** rms of what a layer gives over its reach: 2^−3.4 to 2^−5.7 in the layers of the published networks. */
const REACH_FILL = 1 / 20;
/** x² of values like a Gaussian's has √3 times the square of their rms. */
const SQUARE_FILL = Math.sqrt(3);
/** By how much a logit differs from image to image, on the rms; the rest of it is the same for all images. */
const LOGIT_SPREAD = 1;
/** No weight is this many times larger than the rms of its layer's; in the published networks 12 times at most. */
const PEAK = 32;

/** Of each step, the most steps with weights that stand one behind the other after it. */
function layersBehind({ steps, values }: Program): number[] {
  const needed = values.map(() => 0);
  const behind = steps.map(() => 0);
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index];
    behind[index] = Math.max(...step.outputs.map((value) => needed[value]));
    const own = behind[index] + Number(step.op === "linear" || step.op === "combine" || step.op === "quad");
    for (const value of step.inputs) needed[value] = Math.max(needed[value], own);
  }
  return behind;
}

/** Of `terms` products with values of an rms of `size` in a slot, summed over `slots`: as many as the rms of the sum says. */
function weight(slots: number, size: number, output: ValueRange, terms: number): ValueRange {
  const each = output.size / (size * Math.sqrt(terms * slots));
  return { bound: PEAK * each, size: each };
}
