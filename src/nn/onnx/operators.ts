import {
  readCelu,
  readClip,
  readElu,
  readErf,
  readGelu,
  readHardSigmoid,
  readHardSwish,
  readLeakyRelu,
  readMish,
  readPRelu,
  readRelu,
  readSelu,
  readSigmoid,
  readSoftplus,
  readSwish,
  readTanh,
} from "./activations.js";
import { readBinaryConstant, readUnaryConstant, readWhere } from "./arithmetic.js";
import { readConcat } from "./concat.js";
import { readCast, readConstant, readConstantOfShape, readRange, readShape, readSize } from "./constants.js";
import { readAdd, readDiv, readMean, readMul, readNeg, readSub, readSum } from "./elementwise.js";
import { readGemm, readMatMul } from "./linear.js";
import type { OperatorNode } from "./node.js";
import { readPad } from "./padding.js";
import { readAveragePool, readGlobalAveragePool } from "./pooling.js";
import { readPow } from "./power.js";
import {
  readDepthToSpace,
  readFlatten,
  readReshape,
  readSpaceToDepth,
  readSqueeze,
  readTranspose,
  readUnsqueeze,
} from "./rearrange.js";
import { readReduceConstant, readReduceMean, readReduceSum, readReduceSumSquare } from "./reduce.js";
import { readExpand, readGather, readSlice, readSplit, readTile } from "./selection.js";
import type { Value } from "./signal.js";
import { expectSignature } from "./signatures.js";
import { readBatchNormalization, readConv } from "./spatial.js";
import { readArgMax, readSoftmax } from "./tails.js";

type Reader = (node: OperatorNode) => Value | readonly Value[];

/** What each operator makes of its inputs: its first output, or as many as it has. */
const OPERATORS: Readonly<Record<string, Reader>> = {
  Add: readAdd,
  ArgMax: readArgMax,
  AveragePool: readAveragePool,
  BatchNormalization: readBatchNormalization,
  Cast: readCast,
  Celu: readCelu,
  Clip: readClip,
  Concat: readConcat,
  Constant: readConstant,
  ConstantOfShape: readConstantOfShape,
  Conv: readConv,
  DepthToSpace: readDepthToSpace,
  Div: readDiv,
  Dropout: readDropout,
  Elu: readElu,
  Erf: readErf,
  Expand: readExpand,
  Flatten: readFlatten,
  Gather: readGather,
  Gelu: readGelu,
  Gemm: readGemm,
  GlobalAveragePool: readGlobalAveragePool,
  HardSigmoid: readHardSigmoid,
  HardSwish: readHardSwish,
  Identity: (node) => node.value(0),
  LeakyRelu: readLeakyRelu,
  LogSoftmax: readSoftmax,
  MatMul: readMatMul,
  Mean: readMean,
  Mish: readMish,
  Mul: readMul,
  Neg: readNeg,
  PRelu: readPRelu,
  Pad: readPad,
  Pow: readPow,
  Range: readRange,
  ReduceMean: readReduceMean,
  ReduceSum: readReduceSum,
  ReduceSumSquare: readReduceSumSquare,
  Relu: readRelu,
  Reshape: readReshape,
  Selu: readSelu,
  Shape: readShape,
  Sigmoid: readSigmoid,
  Size: readSize,
  Slice: readSlice,
  Softmax: readSoftmax,
  Softplus: readSoftplus,
  SpaceToDepth: readSpaceToDepth,
  Split: readSplit,
  Squeeze: readSqueeze,
  Sub: readSub,
  Sum: readSum,
  Swish: readSwish,
  Tanh: readTanh,
  Tile: readTile,
  Transpose: readTranspose,
  Unsqueeze: readUnsqueeze,
  Where: readWhere,
  ...group("Abs Ceil Exp Floor Log Not Reciprocal Sqrt", readUnaryConstant),
  ...group("And Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mod Or", readBinaryConstant),
  ...group("ReduceMax ReduceMin ReduceProd", readReduceConstant),
};

/** Those that are read of constants only, as sizes are computed. */
function group(operators: string, reader: Reader): Record<string, Reader> {
  return Object.fromEntries(operators.split(" ").map((operator) => [operator, reader]));
}

/**
 * Reads one node: its outputs, as far as they are read.
 * @throws UnsupportedLayerError naming the operator and the node, or what of it is not supported.
 * @throws FormatError when the node contradicts itself or its operator set.
 */
export function readOperator(node: OperatorNode): readonly Value[] {
  if (!Object.hasOwn(OPERATORS, node.operator)) throw node.unread();
  expectSignature(node);
  const made = OPERATORS[node.operator](node);
  return Array.isArray(made) ? made : [made as Value];
}

/** Before opset 7 a node that says nothing drops at random; since 12 an input says so, and a ratio of 0 drops nothing. */
function readDropout(node: OperatorNode): Value {
  const training =
    node.opset < 7
      ? !node.flag("is_test", false)
      : (node.optionalTensor(2)?.values.some((value) => value !== 0) ?? false);
  const ratio = node.opset < 12 ? node.float("ratio", 0.5) : (node.optionalTensor(1)?.values[0] ?? 0.5);
  if (training && ratio !== 0) {
    throw node.unsupported("it is in training mode", "Export the model after model.eval().");
  }
  return node.value(0);
}
