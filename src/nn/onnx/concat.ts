import { sizeOf } from "../graph/shapes.js";
import { expectNumbers } from "./budget.js";
import { compressed, isZero } from "./coefficients.js";
import type { OperatorNode } from "./node.js";
import { rearranged } from "./rearranged.js";
import { expectExtents, settle } from "./settle.js";
import { type Signal, shapeOf, type Value } from "./signal.js";
import type { Tensor } from "./tensor.js";

/** Values one behind the other along an axis, constants among them. */
export function readConcat(node: OperatorNode): Value {
  const values = Array.from({ length: node.inputCount }, (_, input) => node.value(input));
  const [first] = values;
  if (node.opset >= 4 && !node.has("axis")) throw node.malformed("says not along which axis");
  const [axis] = node.axes([node.integer("axis", 1)], first.dims.length);
  const rest = (dims: readonly number[]) => dims.with(axis, 0).join();
  if (values.some(({ dims }) => dims.length !== first.dims.length || rest(dims) !== rest(first.dims))) {
    const shapes = values.slice(0, 4).map(({ dims }) => `[${dims.join(", ")}]`);
    throw node.malformed(`joins ${shapes.join(" and ")} along axis ${axis}`);
  }
  const along = values.reduce((sum, each) => sum + each.dims[axis], 0);
  const dims = first.dims.with(axis, along);
  expectNumbers(sizeOf(dims), node.label);
  const outer = sizeOf(dims.slice(0, axis));
  const runs = values.map((each) => sizeOf(each.dims) / outer);
  const tensors = values.filter((value) => value.kind === "tensor");
  if (tensors.length < values.length) return concatenated(node, values, dims, runs);
  const all = new Float64Array(sizeOf(dims));
  const filled = tensors.filter(({ values }) => values.length > 0);
  let at = 0;
  for (let row = 0; row < outer; row++) {
    for (const { values: numbers } of filled) {
      const run = numbers.length / outer;
      all.set(numbers.subarray(row * run, (row + 1) * run), at);
      at += run;
    }
  }
  return { ...tensors[0], dims, values: all };
}

/** The constants one after the other, zeros for the rest. */
function laidOut(values: readonly Value[], dims: readonly number[]): Float64Array {
  const all = new Float64Array(sizeOf(dims));
  let at = 0;
  for (const value of values) {
    if (value.kind === "tensor") all.set(value.values, at);
    at += sizeOf(value.dims);
  }
  return all;
}

/** Of values laid one after the other, the order in which each of `outer` rows has its run of each value. */
function interleaved(runs: readonly number[], outer: number): Int32Array {
  const filled = runs.filter((run) => run > 0);
  const index = new Int32Array(outer * filled.reduce((sum, run) => sum + run, 0));
  let at = 0;
  for (let row = 0; row < outer; row++) {
    let start = 0;
    for (const run of filled) {
      for (let k = 0; k < run; k++) index[at++] = start + row * run + k;
      start += outer * run;
    }
  }
  return index;
}

/** Constants among what depends on the image are zeros first, and added behind. */
function concatenated(
  node: OperatorNode,
  values: readonly Value[],
  dims: readonly number[],
  runs: readonly number[],
): Signal {
  expectExtents(dims, node.label);
  const isConstant = (value: Value): value is Tensor => value.kind === "tensor";
  const sources = values.flatMap((value, input) =>
    isConstant(value) ? [] : [settle(node.asSignal(value, input), node.label)],
  );
  // Where each element is among the sources; −1 for constants.
  const places = new Int32Array(sizeOf(dims)).fill(-1);
  let [at, place] = [0, 0];
  for (const value of values) {
    for (const end = at + sizeOf(value.dims); at < end; at++) if (!isConstant(value)) places[at] = place++;
  }
  const order = interleaved(runs, sizeOf(dims) / runs.reduce((sum, run) => sum + run, 0));
  const numbers = laidOut(values, dims);
  const added = Float64Array.from(order, (from) => numbers[from]);
  const index = order.map((from) => places[from]);
  const stage = rearranged(sources, index, shapeOf(dims), node.label);
  const signal: Signal = { kind: "signal", stage, dims };
  return isZero(added) ? signal : { ...signal, polynomial: [compressed(added, stage.shape), Float64Array.of(1)] };
}
