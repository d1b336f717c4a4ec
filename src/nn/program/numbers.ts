/** The numbers of a program in throughput mode: slots are images, so that a weight is one number for all of them. */
import type { SumRow } from "../../ckks/linear-sums.js";
import { ParameterError } from "../../errors.js";
import type { CalibratedFactors } from "../calibrate.js";
import type { FoldedLayer, FoldedLinear, FoldedNetwork } from "../fold/folded.js";
import { foldedShapes } from "../fold/shapes.js";
import type { Shape } from "../graph/network.js";
import { elementOf } from "../layout/layout.js";
import { GUARD, INPUT_SCALE } from "../scales.js";
import { rowsOf } from "./combination.js";
import { poolSums } from "./linear-vectors.js";
import type { CombineStep, Program, Step } from "./program.js";

/**
 * What a step multiplies with and adds. Of "combine": a row and a constant for each output; of "quad" the constants a, b, c, of
 * "shift" the offset, no rows; of any other step nothing.
 */
export interface StepNumbers {
  /** In the order of the step's outputs; places count its inputs. */
  readonly rows: readonly SumRow[];
  /** In the order of the rows. */
  readonly constants: readonly number[];
}

const NONE: StepNumbers = Object.freeze({ rows: [], constants: [] });

/** The numbers of each step, by its index, for the weights of `folded`, calibrated. */
export function numbersFor(
  program: Program,
  folded: FoldedNetwork,
  { scales }: CalibratedFactors,
): (step: number) => StepNumbers {
  const shapes = foldedShapes(folded);
  const scaleOf = (value: number): number => (value === 0 ? INPUT_SCALE : scales[value - 1]);
  return (index) => {
    const step = program.steps[index];
    if (step.op === "combine") return combination(step, expect(folded.layers[step.layer], "linear"), shapes, scaleOf);
    if (step.op === "quad") {
      const { a, b, c, input } = expect(folded.layers[step.layer], "quad");
      const element = elementOf(program, step.outputs[0]);
      const [before, after] = [scaleOf(input), scaleOf(step.layer + 1)];
      const constants = [(a[element] * after) / before ** 2, (b[element] * after) / before, c[element] * after];
      return { rows: [], constants };
    }
    if (step.op === "shift") {
      const { offset } = expect(folded.layers[step.layer], "shift");
      return { rows: [], constants: [offset[elementOf(program, step.outputs[0])] * scaleOf(step.layer + 1)] };
    }
    return NONE;
  };
}

function combination(
  { layer: index, pools }: CombineStep,
  layer: FoldedLinear,
  shapes: readonly Shape[],
  scaleOf: (value: number) => number,
): StepNumbers {
  const after = scaleOf(index + 1);
  const factors = layer.terms.map((term) => after / scaleOf(term.input));
  const rows = rowsOf(layer, shapes, pools).map(({ of, sources }): SumRow => {
    const number = (k: number) =>
      sources[k].reduce((sum, { term, weight, element, output }) => {
        const { weights, inScale } = layer.terms[term];
        const scale = factors[term] * (layer.outScale?.[output] ?? 1) * (inScale?.[element] ?? 1);
        return sum + weights[weight] * scale;
      }, 0);
    return { of, factors: Float64Array.from(of, (_, k) => number(k)) };
  });
  const constants = Array.from(poolSums(layer.bias, shapes[index + 1], pools), (value) => value * after);
  return { rows, constants };
}

/** The rows and constants of a readout times GUARD: what the imaginary parts of its results hold. */
export function guardOf({ rows, constants }: StepNumbers): StepNumbers {
  const guard = ({ of, factors }: SumRow) => ({ of, factors: Float64Array.from(factors, (value) => value * GUARD) });
  return { rows: rows.map(guard), constants: constants.map((value) => value * GUARD) };
}

/** Whether these are as many numbers as the step takes, all of them finite. */
export function fits(step: Step, numbers: StepNumbers | undefined): boolean {
  const wanted = { combine: step.outputs.length, quad: 3, shift: 1 }[step.op as string] ?? 0;
  if (!Array.isArray(numbers?.rows) || !Array.isArray(numbers.constants)) return false;
  const { rows, constants } = numbers;
  if (constants.length !== wanted || rows.length !== (step.op === "combine" ? wanted : 0)) return false;
  const inside = (place: number) => Number.isInteger(place) && place >= 0 && place < step.inputs.length;
  const right = ({ of, factors }: SumRow) =>
    of.length === factors.length && of.every(inside) && Array.from(factors).every(Number.isFinite);
  return constants.every(Number.isFinite) && rows.every(right);
}

function expect<Op extends FoldedLayer["op"]>(layer: FoldedLayer, op: Op): Extract<FoldedLayer, { op: Op }> {
  if (layer?.op === op) return layer as Extract<FoldedLayer, { op: Op }>;
  const fix = "compile the network that you encrypt";
  throw new ParameterError(`a step of the program computes a ${op} layer, the network has ${layer?.op ?? "none"}`, fix);
}
