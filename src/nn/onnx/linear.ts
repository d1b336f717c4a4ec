import type { OperatorNode } from "./node.js";
import { append, type Signal, type Stage, signalOf } from "./signal.js";
import type { Tensor } from "./tensor.js";

// Matrices on features: Gemm and MatMul.

/** alpha·x·B + beta·C. */
export function readGemm(node: OperatorNode): Signal {
  if (node.integer("transA", 0) !== 0) throw node.unsupported("transA 1", "Use transA 0: features by rows.");
  const stage = matrixInput(node);
  const alpha = node.float("alpha", 1);
  const beta = node.float("beta", 1);
  const bias = node.optionalTensor(2);
  const layer = linear(node, node.integer("transB", 0) !== 0);
  const weights = alpha === 1 ? layer.weights : layer.weights.map((weight) => alpha * weight);
  const offsets = bias ? rowOf(node, bias, layer.outFeatures).map((value) => beta * value) : layer.bias;
  return signalOf(append(stage, { ...layer, weights, bias: offsets }, node.label));
}

export function readMatMul(node: OperatorNode): Signal {
  const stage = matrixInput(node);
  return signalOf(append(stage, linear(node, false), node.label));
}

function matrixInput(node: OperatorNode): Stage {
  const stage = node.stage(0);
  if (stage.flat) return stage;
  throw node.unsupported("it acts on a feature map", "Put Flatten before it.");
}

function linear(node: OperatorNode, transposed: boolean) {
  const { dims, values } = node.tensor(1);
  if (dims.length !== 2)
    throw node.unsupported(`its weights have ${dims.length} dimensions`, "Weights must be a matrix.");
  const [outFeatures, inFeatures] = transposed ? dims : [dims[1], dims[0]];
  if (outFeatures < 1 || inFeatures < 1) throw node.malformed(`has weights of shape [${dims.join(", ")}]`);
  const weights = transposed
    ? values
    : values.map((_, index) => values[(index % inFeatures) * outFeatures + Math.floor(index / inFeatures)]);
  return { op: "linear", inFeatures, outFeatures, weights, bias: new Float64Array(outFeatures) } as const;
}

/** C of a Gemm, broadcast to one row of `length` numbers. */
function rowOf(node: OperatorNode, { dims, values }: Tensor, length: number): Float64Array {
  const last = dims[dims.length - 1] ?? 1;
  if (dims.length > 2 || values.length !== last || (last !== 1 && last !== length)) {
    throw node.unsupported(`its C has shape [${dims.join(", ")}]`, `Use one number for each of the ${length} outputs.`);
  }
  return last === length ? values : new Float64Array(length).fill(values[0]);
}
