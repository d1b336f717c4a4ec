import { sizeOf } from "../graph/shapes.js";
import { applied, multiplied } from "./elementwise.js";
import { moved } from "./moved.js";
import { permutation } from "./moves.js";
import type { OperatorNode } from "./node.js";
import { materialized } from "./settle.js";
import { type Signal, signalOf, type Value } from "./signal.js";
import { append, type Stage } from "./stage.js";
import { constantOf, isFloat, type Tensor } from "./tensor.js";

// Sums, means and what else makes one number of all along some axes.

/** How constants are put together, two at a time. */
const OF_CONSTANTS: Readonly<Record<string, (x: number, y: number) => number>> = {
  ReduceMax: Math.max,
  ReduceMean: (x, y) => x + y,
  ReduceMin: Math.min,
  ReduceProd: (x, y) => x * y,
  ReduceSum: (x, y) => x + y,
};

export function readReduceMean(node: OperatorNode): Value {
  return reduced(node, true);
}

export function readReduceSum(node: OperatorNode): Value {
  return reduced(node, false);
}

export function readReduceSumSquare(node: OperatorNode): Value {
  return reduced(node, false, applied(node, node.signal(0), 2));
}

/** The largest, the smallest, the product: of constants only. */
export function readReduceConstant(node: OperatorNode): Value {
  if (node.value(0).kind !== "tensor") throw node.unread();
  return reduced(node, false);
}

/** Axes are an attribute before opset 18 (a sum's before 13), an input since. */
function reduced(node: OperatorNode, mean: boolean, value: Value = node.value(0)): Value {
  const inputSince = node.operator === "ReduceSum" ? 13 : 18;
  const given = node.opset < inputSince ? node.list("axes") : node.wholeNumbers(1);
  if (!given?.length && node.flag("noop_with_empty_axes", false)) return value;
  const { dims } = value;
  const axes = node.axes(given?.length ? given : [...dims.keys()], dims.length);
  const keep = node.flag("keepdims", true);
  const result = dims.flatMap((extent, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [extent]));
  if (value.kind === "tensor") return reducedTensor(node, value, axes, result, mean);
  const signal = node.asSignal(value, 0);
  const long = axes.filter((axis) => dims[axis] > 1);
  if (long.length === 0) return { ...signal, dims: result };
  return { ...summed(node, signal, long, mean), dims: result };
}

function summed(node: OperatorNode, signal: Signal, axes: readonly number[], mean: boolean): Signal {
  const stage = materialized(signal, node.label);
  const offset = signal.dims.length - stage.shape.length;
  const along = stage.shape.map((_, axis) => axes.includes(axis + offset));
  const kernel = stage.shape.slice(1).map((extent, axis) => (along[axis + 1] ? extent : 1));
  const count = axes.reduce((product, axis) => product * signal.dims[axis], 1);
  if (along[0]) return signalOf(acrossChannels(node, stage, kernel, mean ? 1 / count : 1));
  const whole = kernel.every((taps, axis) => taps === stage.shape[axis + 1]);
  const layer = whole ? ({ op: "globalAvgPool" } as const) : ({ op: "avgPool", kernel, stride: kernel } as const);
  const pooled = signalOf(append([stage], layer, node.label));
  return mean ? pooled : multiplied(pooled, Float64Array.of(count));
}

/** One channel of all: a convolution over windows of `kernel` whose weights are equal, or a row of them. */
function acrossChannels(node: OperatorNode, stage: Stage, kernel: readonly number[], weight: number): Stage {
  const weights = new Float64Array(stage.shape[0] * sizeOf(kernel)).fill(weight);
  const bias = new Float64Array(1);
  if (weights.length === sizeOf(stage.shape)) {
    return append([stage], { op: "linear", inFeatures: weights.length, outFeatures: 1, weights, bias }, node.label);
  }
  const none = kernel.map(() => 0);
  const conv = {
    op: "conv",
    inChannels: stage.shape[0],
    outChannels: 1,
    kernel,
    stride: kernel,
    dilation: kernel.map(() => 1),
    padding: { before: none, after: none },
    groups: 1,
    weights,
    bias,
  } as const;
  return append([stage], conv, node.label);
}

function reducedTensor(
  node: OperatorNode,
  tensor: Tensor,
  axes: readonly number[],
  result: readonly number[],
  mean: boolean,
): Tensor {
  const rest = [...tensor.dims.keys()].filter((axis) => !axes.includes(axis));
  const ordered = moved(node, tensor, (dims) => permutation(dims, [...rest, ...axes])) as Tensor;
  const run = axes.reduce((product, axis) => product * tensor.dims[axis], 1);
  if (run === 0) throw node.malformed(`puts nothing together along axes ${axes.join(", ")}`);
  const operation = OF_CONSTANTS[node.operator] ?? OF_CONSTANTS["ReduceSum"];
  const values = Float64Array.from({ length: sizeOf(result) }, (_, i) => {
    const all = ordered.values.subarray(i * run, (i + 1) * run);
    return all.reduce((x, y) => operation(x, y)) / (mean ? run : 1);
  });
  const exact = isFloat(tensor.type) ? Number.isFinite : Number.isSafeInteger;
  if (!values.every(exact)) throw node.malformed("computes of constants what their type does not hold");
  return constantOf(tensor.name, tensor.type, result, values);
}
