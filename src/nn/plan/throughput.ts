/**
 * Throughput mode: every element of a value is a ciphertext of its own, whose slots are that element in as many images as there are
 * slots. Weights are then numbers, nothing is ever rotated, and a batch takes as long for one image as for all of them.
 *
 * Source: Gilad-Bachrach et al., "CryptoNets", ICML 2016.
 */
import type { Parameters } from "../../ckks/parameters.js";
import { UnsupportedLayerError } from "../../errors.js";
import type { FoldedLinear, FoldedNetwork, FoldedPolynomial } from "../fold/folded.js";
import { programmable } from "../fold/programmable.js";
import type { Shape } from "../graph/network.js";
import { shapeText, sizeOf } from "../graph/shapes.js";
import { bitsOf, type Layout, type Role } from "../layout/layout.js";
import { rowsOf } from "../program/combination.js";
import { mostHeld } from "../program/memory.js";
import type { Program, Step } from "../program/program.js";
import { Draft } from "./assemble.js";
import { poolWindows } from "./pool-windows.js";
import { type Stage, type Stages, stagesOf } from "./stages.js";

/** Ciphertexts of one value: at N = 2^12 they take 2 GiB at the least. */
const MOST_ELEMENTS = 2 ** 15;
/** Of all values that are held at once: beside what they are made of they have to fit into the 4 GiB of a device. */
const MOST_BYTES = 3.5 * 2 ** 30;

const WAY_OUT = 'make the image or the layers smaller, or compile with optimize: "latency"';

/**
 * The program of a network for as many images as there are slots. Follows from the architecture alone.
 * @throws UnsupportedLayerError for a value of more than 2^15 elements
 */
export function planThroughput(folded: FoldedNetwork, slots: number): Program {
  const single = programmable(folded);
  const stages = stagesOf(single);
  const { shapes, depth } = stages;
  for (const shape of [shapes[0], ...stages.stages.map((stage) => stage.shape)]) {
    if (sizeOf(shape) <= MOST_ELEMENTS) continue;
    const message = `${shapeText(shape)} would take ${sizeOf(shape)} ciphertexts, one for each element`;
    throw new UnsupportedLayerError(`${message}; ${MOST_ELEMENTS} are the most`, WAY_OUT);
  }
  const draft = new Draft();
  const inputs = draft.make(elementLayout(shapes[0], slots), depth, 0);
  let outputs: readonly number[] = inputs;
  for (const [index, stage] of stages.stages.entries()) {
    const last = index === stages.stages.length - 1;
    outputs = stage.op === "linear" ? combine(draft, stages, stage, slots, last) : each(draft, stages, stage, slots);
  }
  const { layouts, values, steps } = draft;
  const { input, classes } = single;
  return { slots, input, classes, throughput: true, depth, layouts, values, inputs, steps, outputs };
}

/** All slots are images; the bits above them say which element. */
function elementLayout(shape: Shape, slots: number): Layout {
  const bits: Role[] = Array<Role>(Math.log2(slots)).fill("image");
  // The last axis lowest, so that ciphertexts in their order are elements in theirs.
  for (let d = shape.length - 1; d >= 0; d--) for (let bit = 0; bit < bitsOf(shape[d]); bit++) bits.push([d, bit]);
  return { shape, slots, bits };
}

/** A linear layer, the pools behind it in its numbers. */
function combine(draft: Draft, { folded, shapes }: Stages, stage: Stage, slots: number, readout: boolean) {
  const { layer, level, after, output, pools } = stage;
  const linear = folded.layers[layer] as FoldedLinear;
  const taken = [...new Set(linear.terms.map((term) => term.input))].flatMap((value) => draft.at(value, level));
  const outputs = draft.make(elementLayout(shapes[output], slots), after, output);
  const products = rowsOf(linear, shapes, pools).reduce((sum, { of }) => sum + of.length, 0);
  draft.steps.push({ op: "combine", layer, inputs: taken, outputs, products, pools, readout });
  return outputs;
}

/** Any other layer, a step for each element; pools behind it are sums of its elements. */
function each(draft: Draft, { folded, shapes }: Stages, stage: Stage, slots: number): readonly number[] {
  const { layer, level, after, output, pools, shape } = stage;
  const taken = stage.inputs.map((value) => draft.at(value, level));
  const windows = pools.length > 0 ? poolWindows(shape, pools) : undefined;
  const layout = elementLayout(shape, slots);
  const elements = windows ? draft.fresh(layout, after) : draft.make(layout, after, output);
  // A rest at the border that no window takes is not computed.
  const needed = windows && new Set(windows.flat());
  for (const [element, value] of elements.entries()) {
    if (needed && !needed.has(element)) continue;
    const assignment = { layer, inputs: taken.map((values) => values[element]), outputs: [value] };
    draft.steps.push(stepOf(stage, assignment, folded));
  }
  if (!windows) return elements;
  const sums = draft.make(elementLayout(shapes[output], slots), after, output);
  for (const [place, window] of windows.entries()) {
    const inputs = window.map((element) => elements[element]);
    draft.steps.push({ op: "add", layer, inputs, outputs: [sums[place]] });
  }
  return sums;
}

function stepOf(
  { op }: Stage,
  assignment: { layer: number; inputs: number[]; outputs: number[] },
  folded: FoldedNetwork,
): Step {
  switch (op) {
    case "add":
    case "shift":
      return { op, ...assignment };
    case "polynomial": {
      const { basis, coefficients, interval } = (folded.layers[assignment.layer] as FoldedPolynomial).polynomial;
      return { op, ...assignment, basis, coefficients, interval };
    }
    case "square":
    case "multiply":
    case "quad":
      return { op, ...assignment, folds: [], pools: [] };
    case "linear":
      throw new TypeError("a linear stage is one step for all of its elements");
  }
}

/** @throws UnsupportedLayerError for a program whose values do not fit into a device's memory at once. */
export function requireMemory(program: Program, parameters: Parameters): void {
  const { limbs, step: at } = mostHeld(program, parameters);
  const most = limbs * 4 * 2 ** parameters.logN;
  if (most <= MOST_BYTES) return;
  const gigabytes = (most / 2 ** 30).toFixed(1);
  const where = `${program.slots} images at once take ${gigabytes} GiB at step ${at} (${program.steps[at].op})`;
  throw new UnsupportedLayerError(`${where}; ${MOST_BYTES / 2 ** 30} are the most`, WAY_OUT);
}
