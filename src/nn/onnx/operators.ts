import { readAdd, readDiv, readMul, readNeg, readPow, readSub } from "./elementwise.js";
import { readFlatten, readGemm, readMatMul, readReshape } from "./linear.js";
import type { OperatorNode } from "./node.js";
import type { Value } from "./signal.js";
import { readAveragePool, readBatchNormalization, readConv, readGlobalAveragePool, readRelu } from "./spatial.js";
import { readTensor } from "./tensor.js";

/** What each operator makes of its inputs: its first output. `Softmax` is missing: only the last node may be one. */
const OPERATORS: ReadonlyMap<string, (node: OperatorNode) => Value> = new Map<string, (node: OperatorNode) => Value>([
  ["Add", readAdd],
  ["AveragePool", readAveragePool],
  ["BatchNormalization", readBatchNormalization],
  ["Constant", readConstant],
  ["Conv", readConv],
  ["Div", readDiv],
  ["Dropout", readDropout],
  ["Flatten", readFlatten],
  ["Gemm", readGemm],
  ["GlobalAveragePool", readGlobalAveragePool],
  ["Identity", (node) => node.value(0)],
  ["MatMul", readMatMul],
  ["Mul", readMul],
  ["Neg", readNeg],
  ["Pow", readPow],
  ["Relu", readRelu],
  ["Reshape", readReshape],
  ["Sub", readSub],
]);

/**
 * Reads one node.
 * @throws UnsupportedLayerError naming the operator and the node, or what of it is not supported.
 * @throws FormatError when the node contradicts itself.
 */
export function readOperator(node: OperatorNode): Value {
  const read = OPERATORS.get(node.operator);
  if (read) return read(node);
  throw node.unsupported(
    "this operator is not supported",
    `Use only ${[...OPERATORS.keys()].join(", ")}, and Softmax as the last node.`,
  );
}

function readConstant(node: OperatorNode): Value {
  const tensor = node.tensorAttribute("value");
  if (tensor) return readTensor(tensor, tensor.name || node.output);
  for (const name of ["value_float", "value_int", "value_floats", "value_ints"]) {
    const numbers = node.numbers(name);
    if (!numbers) continue;
    if (!numbers.every(Number.isFinite)) throw node.malformed("holds NaN or infinity");
    const dims = name.endsWith("s") ? [numbers.length] : [];
    return { kind: "tensor", name: node.output, dims, values: Float64Array.from(numbers) };
  }
  throw node.unsupported("it holds no dense numbers", "Use Constant with value, value_float(s) or value_int(s).");
}

function readDropout(node: OperatorNode): Value {
  const training = node.optionalTensor(2);
  if (training?.values.some((value) => value !== 0)) {
    throw node.unsupported("it is in training mode", "Export the model after model.eval().");
  }
  return node.value(0);
}
