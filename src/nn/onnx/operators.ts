import { readAdd, readDiv, readMul, readNeg, readPow, readSub } from "./elementwise.js";
import { readGemm, readMatMul } from "./linear.js";
import type { OperatorNode } from "./node.js";
import { readPad } from "./padding.js";
import { readAveragePool, readGlobalAveragePool, readReduceMean } from "./pooling.js";
import { readFlatten, readReshape, readSqueeze, readTranspose, readUnsqueeze } from "./rearrange.js";
import type { Value } from "./signal.js";
import { expectSignature } from "./signatures.js";
import { readBatchNormalization, readConv, readRelu } from "./spatial.js";
import { readSigmoid, readSoftmax } from "./tails.js";
import { castTensor, readTensor, Type } from "./tensor.js";
import { wayOutOf } from "./ways-out.js";

/** What each operator makes of its inputs: its first output. */
const OPERATORS: ReadonlyMap<string, (node: OperatorNode) => Value> = new Map<string, (node: OperatorNode) => Value>([
  ["Add", readAdd],
  ["AveragePool", readAveragePool],
  ["BatchNormalization", readBatchNormalization],
  ["Cast", readCast],
  ["Constant", readConstant],
  ["Conv", readConv],
  ["Div", readDiv],
  ["Dropout", readDropout],
  ["Flatten", readFlatten],
  ["Gemm", readGemm],
  ["GlobalAveragePool", readGlobalAveragePool],
  ["Identity", (node) => node.value(0)],
  ["LogSoftmax", readSoftmax],
  ["MatMul", readMatMul],
  ["Mul", readMul],
  ["Neg", readNeg],
  ["Pad", readPad],
  ["Pow", readPow],
  ["ReduceMean", readReduceMean],
  ["Relu", readRelu],
  ["Reshape", readReshape],
  ["Sigmoid", readSigmoid],
  ["Softmax", readSoftmax],
  ["Squeeze", readSqueeze],
  ["Sub", readSub],
  ["Transpose", readTranspose],
  ["Unsqueeze", readUnsqueeze],
]);

/**
 * Reads one node.
 * @throws UnsupportedLayerError naming the operator and the node, or what of it is not supported.
 * @throws FormatError when the node contradicts itself or its operator set.
 */
export function readOperator(node: OperatorNode): Value {
  const read = OPERATORS.get(node.operator);
  if (!read) {
    // A Relu can be read, and run in the clear; nobody who is told what to use instead should take one.
    const readable = [...OPERATORS.keys()].filter((operator) => operator !== "Relu");
    throw node.unsupported("this operator is not supported", wayOutOf(node.operator, readable));
  }
  expectSignature(node);
  return read(node);
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

/** Before opset 7 a node that says nothing drops at random; since 12 an input says so, and a ratio of 0 drops nothing. */
function readDropout(node: OperatorNode): Value {
  const training =
    node.opset < 7
      ? node.integer("is_test", 0) === 0
      : (node.optionalTensor(2)?.values.some((value) => value !== 0) ?? false);
  const ratio = node.opset < 12 ? node.float("ratio", 0.5) : (node.optionalTensor(1)?.values[0] ?? 0.5);
  if (training && ratio !== 0) {
    throw node.unsupported("it is in training mode", "Export the model after model.eval().");
  }
  return node.value(0);
}

function readCast(node: OperatorNode): Value {
  const value = node.value(0);
  const { FLOAT, DOUBLE } = Type;
  // The type is a name before opset 6.
  const to = node.opset < 6 ? Type[node.text("to", "") as keyof typeof Type] : node.integer("to", 0);
  if (to !== FLOAT && to !== DOUBLE) {
    throw node.unsupported(`it casts to ${Type[to] ?? to}`, "Export the model in float32 (in PyTorch: model.float()).");
  }
  return value.kind === "tensor" ? castTensor(value, to) : value;
}
