/** Element-wise arithmetic on constants: what exporters leave to be folded, sizes above all. */
import { sizeOf } from "../graph/shapes.js";
import { expectNumbers } from "./budget.js";
import { movedTensor } from "./moved.js";
import { broadcast, broadcastDims } from "./moves.js";
import type { OperatorNode } from "./node.js";
import { placedDims } from "./placed.js";
import { constantOf, isFloat, type Tensor, Type } from "./tensor.js";

type Operation = (x: number, y: number) => number;

/** By operator; `whole` where integers are computed with otherwise. */
const BINARY: Readonly<Record<string, { real: Operation; whole?: Operation; type?: Type }>> = {
  Add: { real: (x, y) => x + y },
  Sub: { real: (x, y) => x - y },
  Mul: { real: (x, y) => x * y },
  Div: { real: (x, y) => x / y, whole: (x, y) => (y === 0 ? Number.NaN : Math.trunc(x / y)) },
  Mod: { real: (x, y) => x % y, whole: (x, y) => x - y * Math.floor(x / y) },
  Pow: { real: (x, y) => x ** y },
  Min: { real: Math.min },
  Max: { real: Math.max },
  Sum: { real: (x, y) => x + y },
  Equal: { real: (x, y) => Number(x === y), type: Type.BOOL },
  Less: { real: (x, y) => Number(x < y), type: Type.BOOL },
  LessOrEqual: { real: (x, y) => Number(x <= y), type: Type.BOOL },
  Greater: { real: (x, y) => Number(x > y), type: Type.BOOL },
  GreaterOrEqual: { real: (x, y) => Number(x >= y), type: Type.BOOL },
  And: { real: (x, y) => x * y, type: Type.BOOL },
  Or: { real: (x, y) => Math.max(x, y), type: Type.BOOL },
};

const UNARY: Readonly<Record<string, (x: number) => number>> = {
  Abs: Math.abs,
  Ceil: Math.ceil,
  Exp: Math.exp,
  Floor: Math.floor,
  Log: Math.log,
  Neg: (x) => -x,
  Not: (x) => 1 - x,
  Reciprocal: (x) => 1 / x,
  Sqrt: Math.sqrt,
};

/** Of two constants. */
export function computed(node: OperatorNode, left: Tensor, right: Tensor, operator = node.operator): Tensor {
  const { real, whole = real, type = left.type } = BINARY[operator];
  const [dims, x, y] = together(node, [left, { ...right, dims: placedDims(node, left, right) }]);
  const asReal = isFloat(left.type) || (operator === "Mod" && node.flag("fmod", false));
  const operation = asReal ? real : whole;
  return finite(
    node,
    constantOf(
      left.name,
      type,
      dims,
      x.map((value, i) => operation(value, y[i])),
    ),
    operator,
  );
}

/** Operators with two inputs that are read of constants only. */
export function readBinaryConstant(node: OperatorNode): Tensor {
  return constants(node).reduce((left, right) => computed(node, left, right));
}

export function readUnaryConstant(node: OperatorNode): Tensor {
  const [tensor] = constants(node);
  const values = tensor.values.map(UNARY[node.operator]);
  return finite(node, constantOf(tensor.name, tensor.type, tensor.dims, values), node.operator);
}

/** One constant where a third one is true, another where it is not. */
export function readWhere(node: OperatorNode): Tensor {
  const [condition, yes, no] = constants(node);
  const [dims, is, x, y] = together(node, [condition, yes, no]);
  return constantOf(
    yes.name,
    yes.type,
    dims,
    is.map((value, i) => (value !== 0 ? x[i] : y[i])),
  );
}

/** All inputs, which must be constants: these operators cannot be computed of features. */
export function constants(node: OperatorNode): Tensor[] {
  return node.inputs.map((_, input) => {
    const value = node.value(input);
    if (value.kind !== "tensor") throw node.unread();
    return value;
  });
}

function together(node: OperatorNode, tensors: readonly Tensor[]): [dims: number[], ...Float64Array[]] {
  const dims = tensors.reduce<number[] | undefined>((all, { dims }) => all && broadcastDims(all, dims), []);
  if (!dims) {
    const shapes = tensors.map((each) => `[${each.dims.join(", ")}]`);
    throw node.malformed(`joins constants of the shapes ${shapes.join(" and ")}`);
  }
  expectNumbers(sizeOf(dims), node.label);
  return [dims, ...tensors.map((tensor) => movedTensor(node, tensor, broadcast(tensor.dims, dims)).values)];
}

function finite(node: OperatorNode, tensor: Tensor, operator: string): Tensor {
  const exact = isFloat(tensor.type) ? Number.isFinite : Number.isSafeInteger;
  const wrong = tensor.values.find((value) => !exact(value));
  if (wrong === undefined) return tensor;
  throw node.malformed(`computes ${wrong} of constants by ${operator}`);
}
