/**
 * The numbers of a program: what the owner of the model encodes or encrypts. Vectors are made one at a time, when
 * asked for, so that a model never lies in memory as doubles.
 */
import type { SlotValues } from "../../ckks/encoder.js";
import { ParameterError } from "../../errors.js";
import type { CalibratedFactors } from "../calibrate.js";
import { requireOutputScale } from "../exchange-checks.js";
import type { FoldedLayer, FoldedNetwork } from "../fold/folded.js";
import { foldedShapes } from "../fold/shapes.js";
import type { ImageValues } from "../graph/image.js";
import type { Shape } from "../graph/network.js";
import { filledCiphertexts, pack } from "../layout/layout.js";
import { asPlanned, requireArchitecture } from "../plan/match.js";
import { GUARD, INPUT_SCALE } from "../scales.js";
import { realPart } from "./doubles.js";
import { encodeInput } from "./encode.js";
import { JunkCentre } from "./junk.js";
import { LinearVectors, poolSums } from "./linear-vectors.js";
import { numbersFor, type StepNumbers } from "./numbers.js";
import { imagesOf, type Program, type ProgramValue, type QuadStep, type ShiftStep } from "./program.js";

/** Weights for each step of a program, by its index. */
export interface ProgramWeights {
  /** The vectors of a step, in the order of `operandLevels`: `slots` numbers each. */
  vectors(step: number): Iterable<SlotValues>;
  /** The numbers of a step, in throughput mode: then no step has vectors. */
  readonly numbers?: (step: number) => StepNumbers;
  /** What the decrypted logits are multiplied by. */
  readonly outputScale: number;
}

/**
 * The weights of `folded` as `program` wants them, calibrated. `folded` may be any network with the architecture that
 * the program was planned for.
 * @param example an image of the calibration: biases take away what it makes of junk, see `JunkCentre`; without it junk stays what it is
 * @throws ParameterError when the program was planned for another architecture, or the factors are another network's.
 */
export function materialize(
  program: Program,
  folded: FoldedNetwork,
  factors: CalibratedFactors,
  example?: ImageValues,
): ProgramWeights {
  requireArchitecture(program, folded);
  requireFactors(folded, factors);
  if (program.throughput) {
    return { outputScale: factors.outputScale, vectors: () => [], numbers: numbersFor(program, folded, factors) };
  }
  const network = asPlanned(program, folded);
  const shapes = foldedShapes(network);
  /** Value k under encryption is scaleOf(k) times itself. */
  const scaleOf = (value: number): number => (value === 0 ? INPUT_SCALE : factors.scales[value - 1]);
  const vectors = function* (index: number): Generator<SlotValues> {
    const step = program.steps[index];
    const layer = "layer" in step ? network.layers[step.layer] : undefined;
    if (step.op === "linear") {
      const linear = new LinearVectors(program, step, expect(layer, "linear"), shapes, scaleOf);
      const all = centre && !step.guarded ? centre.centred(step, index, linear) : linear.all();
      yield* step.guarded ? guardedAll(all) : all;
    } else if (step.op === "quad") yield* quadVectors(program, step, expect(layer, "quad"), shapes, scaleOf);
    else if (step.op === "shift") yield shiftVector(program, step, expect(layer, "shift"), scaleOf);
  };
  const centre =
    example && new JunkCentre(program, encodeInput(program, repeatedly(example, imagesOf(program))), vectors);
  return { outputScale: factors.outputScale, vectors };
}

/** As a program of so many images takes it. */
function repeatedly(image: ImageValues, images: number): ImageValues | readonly ImageValues[] {
  return images === 1 ? image : Array<ImageValues>(images).fill(image);
}

function* quadVectors(
  { values, layouts }: Program,
  step: QuadStep,
  layer: Extract<FoldedLayer, { op: "quad" }>,
  shapes: readonly Shape[],
  scaleOf: (value: number) => number,
): Generator<Float64Array> {
  const [before, after] = [scaleOf(layer.input), scaleOf(step.layer + 1)];
  const input = values[step.inputs[0]];
  const output = values[step.outputs[0]];
  const at = ({ layout, ciphertext }: ProgramValue) => filledCiphertexts(layouts[layout]).indexOf(ciphertext);
  const times = (list: Float64Array, factor: number) => list.map((value) => value * factor);
  yield pack(layouts[input.layout], times(layer.a, after / before ** 2))[at(input)];
  yield pack(layouts[input.layout], times(layer.b, after / before))[at(input)];
  const constants = poolSums(times(layer.c, after), shapes[step.layer + 1], step.pools);
  yield pack(layouts[output.layout], constants)[at(output)];
}

function shiftVector(
  { values, layouts }: Program,
  step: ShiftStep,
  layer: Extract<FoldedLayer, { op: "shift" }>,
  scaleOf: (value: number) => number,
): Float64Array {
  const { layout, ciphertext } = values[step.outputs[0]];
  return pack(
    layouts[layout],
    layer.offset.map((value) => value * scaleOf(step.layer + 1)),
  )[ciphertext];
}

/** values·(1 + i·GUARD). */
function* guardedAll(vectors: Iterable<SlotValues>): Generator<SlotValues> {
  for (const values of vectors) {
    const real = realPart(values);
    yield { real, imaginary: real.map((value) => value * GUARD) };
  }
}

function requireFactors(folded: FoldedNetwork, { scales, outputScale }: CalibratedFactors): void {
  requireOutputScale(outputScale);
  if (scales.length === folded.layers.length && scales.every((scale) => scale > 0 && Number.isFinite(scale))) return;
  throw new ParameterError("the factors are not those of this network", "take what calibrate(folded, images) gives");
}

function expect<Op extends FoldedLayer["op"]>(
  layer: FoldedLayer | undefined,
  op: Op,
): Extract<FoldedLayer, { op: Op }> {
  if (layer?.op === op) return layer as Extract<FoldedLayer, { op: Op }>;
  throw new ParameterError(
    `a step of the program computes a ${op} layer, the network has ${layer?.op ?? "none"} there`,
    "compile the network that you encrypt",
  );
}
