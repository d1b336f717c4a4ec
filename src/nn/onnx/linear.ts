import { sizeOf } from "../graph/shapes.js";
import { expectNumbers } from "./budget.js";
import { combine, multiplied as scaledBy } from "./elementwise.js";
import { movedTensor } from "./moved.js";
import { broadcast, broadcastDims, type Move, permutation } from "./moves.js";
import type { OperatorNode } from "./node.js";
import { expectExtents, materialized, movedSignal } from "./settle.js";
import { type Signal, signalOf, type Value } from "./signal.js";
import { append, type Stage } from "./stage.js";
import type { Tensor } from "./tensor.js";

// Matrices on features: Gemm and MatMul, one side of which is a constant.

/** alpha·A·B + beta·C, A and B transposed where the node says so. */
export function readGemm(node: OperatorNode): Value {
  const [a, b] = [sideOf(node, 0, node.flag("transA", false)), sideOf(node, 1, node.flag("transB", false))];
  if (a.dims.length !== 2 || b.dims.length !== 2) {
    throw node.unsupported(
      `it acts on [${a.dims.join(", ")}] and [${b.dims.join(", ")}], which are no matrices`,
      "Put Flatten before it.",
    );
  }
  const product = matrixProduct(node, a, b, node.float("alpha", 1));
  const c = node.inputs[2];
  if (!c) return product;
  const beta = node.float("beta", 1);
  const added =
    c.kind === "tensor"
      ? { ...c, values: c.values.map((value) => beta * value) }
      : scaledBy(node.asSignal(c, 2), Float64Array.of(beta));
  const sum = combine(node, "add", product, added);
  if (sum.dims.join() === product.dims.join()) return sum;
  throw node.malformed(`adds [${c.dims.join(", ")}] to [${product.dims.join(", ")}]`);
}

function sideOf(node: OperatorNode, input: number, transposed: boolean): Signal | Tensor {
  const value = node.value(input);
  const side = value.kind === "tensor" ? node.weights(input) : node.asSignal(value, input);
  if (!transposed || side.dims.length !== 2) return side;
  const move = permutation(side.dims, [1, 0]);
  return side.kind === "tensor" ? movedTensor(node, side, move) : movedSignal(side, move, node.label, () => ({}));
}

export function readMatMul(node: OperatorNode): Value {
  return matrixProduct(node, sideOf(node, 0, false), sideOf(node, 1, false), 1);
}

function matrixProduct(node: OperatorNode, left: Signal | Tensor, right: Signal | Tensor, alpha: number): Signal {
  if (left.kind === right.kind) {
    const both = left.kind === "tensor" ? "constants" : "values that depend on the image";
    throw node.unsupported(
      `it multiplies two ${both}`,
      left.kind === "tensor"
        ? "Fold constants before exporting, e.g. with onnxsim model.onnx out.onnx."
        : "Weights must be initializers of the graph or Constant nodes: attention cannot be read.",
    );
  }
  // A vector is a row on the left and a column on the right; the axis that this adds goes again.
  const a = left.dims.length === 1 ? [1, ...left.dims] : [...left.dims];
  const b = right.dims.length === 1 ? [...right.dims, 1] : [...right.dims];
  const [rows, inner, columns] = [a[a.length - 2], a[a.length - 1], b[b.length - 1]];
  const lead = broadcastDims(a.slice(0, -2), b.slice(0, -2));
  if (!lead || left.dims.length === 0 || right.dims.length === 0 || inner !== b[b.length - 2]) {
    throw node.malformed(`multiplies [${left.dims.join(", ")}] by [${right.dims.join(", ")}]`);
  }
  const dims = [...lead, ...(left.dims.length > 1 ? [rows] : []), ...(right.dims.length > 1 ? [columns] : [])];
  expectExtents([...dims, inner], node.label);
  const product =
    left.kind === "signal"
      ? fromRight(node, { ...left, dims: a }, weightsOf(right as Tensor, b, alpha), lead)
      : fromLeft(node, weightsOf(left, a, alpha), { ...(right as Signal), dims: b }, lead);
  return { ...product, dims };
}

function weightsOf(tensor: Tensor, dims: readonly number[], alpha: number): Tensor {
  return { ...tensor, dims, values: alpha === 1 ? tensor.values : tensor.values.map((weight) => alpha * weight) };
}

/** x·B: over the last axis of x, which becomes the channels of a convolution with a window of one. */
function fromRight(node: OperatorNode, x: Signal, b: Tensor, lead: readonly number[]): Signal {
  const [inner, columns] = b.dims.slice(-2);
  const rows = x.dims[x.dims.length - 2];
  const shared = sizeOf(b.dims) === inner * columns;
  const groups = shared ? 1 : sizeOf(lead);
  const matrices = movedTensor(
    node,
    matricesOf(node, b, shared ? [] : lead),
    permutation([groups, inner, columns], [0, 2, 1]),
  );
  const spread = repeated(node, x, shared ? x.dims : [...lead, rows, inner]);
  const along = sizeOf(spread.dims) / (groups * inner);
  const swapped = reordered(node, { ...spread, dims: [groups, along, inner] }, [0, 2, 1]);
  const made = multiplied(node, swapped, matrices.values, groups, inner, columns, along);
  return reordered(node, { ...made, dims: [groups, columns, along] }, [0, 2, 1]);
}

/** A·x: over the last axis but one of x. */
function fromLeft(node: OperatorNode, a: Tensor, x: Signal, lead: readonly number[]): Signal {
  const [rows, inner] = a.dims.slice(-2);
  const columns = x.dims[x.dims.length - 1];
  const shared = sizeOf(a.dims) === rows * inner;
  const groups = shared ? 1 : sizeOf(lead);
  const matrices = matricesOf(node, a, shared ? [] : lead);
  const spread = repeated(node, x, shared ? x.dims : [...lead, inner, columns]);
  const apart = sizeOf(spread.dims) / (groups * inner * columns);
  // With one matrix for all, the axes before are as good as columns.
  const front = reordered(node, { ...spread, dims: [groups, apart, inner, columns] }, [0, 2, 1, 3]);
  const made = multiplied(node, front, matrices.values, groups, inner, rows, apart * columns);
  return reordered(node, { ...made, dims: [groups, rows, apart, columns] }, [0, 2, 1, 3]);
}

/** A constant's matrices, one for each of the axes before. */
function matricesOf(node: OperatorNode, tensor: Tensor, lead: readonly number[]): Tensor {
  const matrix = tensor.dims.slice(-2);
  if (lead.length === 0) return { ...tensor, dims: matrix };
  expectNumbers(sizeOf(lead) * sizeOf(matrix), node.label);
  return movedTensor(node, tensor, broadcast(tensor.dims, [...lead, ...matrix]));
}

/** Matrices [groups][out][in] on channels [groups][in] of so many elements each; one vector is a matrix's own. */
function multiplied(
  node: OperatorNode,
  signal: Signal,
  weights: Float64Array,
  groups: number,
  inner: number,
  outer: number,
  along: number,
): Signal {
  const { label } = node;
  const [inChannels, outChannels] = [groups * inner, groups * outer];
  if (groups === 1 && along === 1) {
    const stage = materialized({ ...signal, dims: [1, inner] }, label);
    const bias = new Float64Array(outer);
    return signalOf(append([stage], { op: "linear", inFeatures: inner, outFeatures: outer, weights, bias }, label));
  }
  const stage: Stage = materialized({ ...signal, dims: [1, inChannels, along] }, label);
  const none = [0];
  const one = [1];
  const layer = {
    op: "conv",
    inChannels,
    outChannels,
    kernel: one,
    stride: one,
    dilation: one,
    padding: { before: none, after: none },
    groups,
    weights,
    bias: new Float64Array(outChannels),
  } as const;
  return signalOf(append([stage], layer, label));
}

function repeated(node: OperatorNode, signal: Signal, dims: readonly number[]): Signal {
  expectExtents(dims, node.label);
  return movedSignal(signal, broadcast(signal.dims, dims), node.label, () => ({}));
}

function reordered(node: OperatorNode, signal: Signal, order: readonly number[]): Signal {
  const move: Move = permutation(signal.dims, order);
  return movedSignal(signal, move, node.label, () => ({}));
}
