import type { Parameters } from "../ckks/parameters.js";
import { DEFAULT_REACH, LOGIT_SHARE, reachAt } from "./calibrate.js";
import { INPUT_SCALE, operandLevels, type Program, type Step } from "./program.js";

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
  const { steps } = program;
  const input = { bound: inputBound * INPUT_SCALE, size: inputBound * INPUT_SCALE * IMAGE_FILL };
  let before: ValueRange = input;
  return {
    input,
    steps: steps.map((step, index) => {
      const output = outputOf(step, before, {
        reach: reachAt(DEFAULT_REACH, steps.slice(index + 1, -1).filter(({ kind }) => kind !== "square").length),
        logit: LOGIT_SHARE * parameters.headroomAt(0),
      });
      const operands = operandRanges(step, before, output);
      before = output;
      return { operands, output };
    }),
  };
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

function outputOf(step: Step, x: ValueRange, limits: { readonly reach: number; readonly logit: number }): ValueRange {
  switch (step.kind) {
    case "square": {
      const places = step.pools.reduce((product, [height, width]) => product * height * width, 1);
      return { bound: x.bound ** 2 * places, size: SQUARE_FILL * x.size ** 2 * places };
    }
    case "linear":
    case "quad":
      return { bound: limits.reach, size: limits.reach * REACH_FILL };
    case "readout":
      return { bound: limits.logit, size: LOGIT_SPREAD };
  }
}

function operandRanges(step: Step, x: ValueRange, output: ValueRange): ValueRange[] {
  const count = operandLevels(step).length;
  switch (step.kind) {
    case "square":
      return [];
    case "linear":
      return [...Array<ValueRange>(count - 1).fill(weight(step, x.size, output, count - 1)), output];
    case "quad":
      return [weight(step, SQUARE_FILL * x.size ** 2, output, 1), weight(step, x.size, output, 1), output];
    case "readout": {
      const weights = Array<ValueRange>(step.classes).fill(weight(step, x.size, output, 1));
      return [...weights, ...Array<ValueRange>(step.classes).fill(output)];
    }
  }
}

/** Of `terms` products with values of an rms of `size` in a slot, summed up in each fold: as many as the rms of the sum says. */
function weight({ folds }: Step, size: number, output: ValueRange, terms: number): ValueRange {
  const each = output.size / (size * Math.sqrt(terms * 2 ** folds.length));
  return { bound: PEAK * each, size: each };
}
