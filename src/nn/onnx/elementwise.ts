import { sameShape } from "../graph/shapes.js";
import { computed } from "./arithmetic.js";
import { compressed, degreeOf, type List, type Polynomial, product, scaled, sum } from "./coefficients.js";
import { movedTensor } from "./moved.js";
import { broadcast, broadcastDims } from "./moves.js";
import type { OperatorNode } from "./node.js";
import { placedDims, unequal } from "./placed.js";
import { alreadySettled, expectExtents, joined, movedSignal, settle } from "./settle.js";
import { polynomialOf, type Signal, signalOf, type Value } from "./signal.js";
import { constantOf, type Tensor, Type } from "./tensor.js";

// Element-wise arithmetic, kept symbolic: a polynomial of the stage before it, per channel or per element.

/** Higher powers become layers at once. */
const MOST_DEGREE = 3;

type Operation = "add" | "multiply";

export function readAdd(node: OperatorNode): Value {
  return combine(node, "add", node.value(0), node.value(1));
}

export function readSub(node: OperatorNode): Value {
  const [left, right] = [node.value(0), node.value(1)];
  if (left.kind === "tensor" && right.kind === "tensor") return computed(node, left, right);
  return combine(node, "add", left, negative(node, right, 1));
}

export function readMul(node: OperatorNode): Value {
  return combine(node, "multiply", node.value(0), node.value(1));
}

export function readDiv(node: OperatorNode): Value {
  const left = node.value(0);
  const divisor = node.tensor(1);
  if (left.kind === "tensor") return computed(node, left, divisor);
  if (divisor.values.includes(0))
    throw node.unsupported("it divides by zero", "Divide by constants that are not zero.");
  return combine(node, "multiply", left, { ...divisor, values: divisor.values.map((value) => 1 / value) });
}

export function readNeg(node: OperatorNode): Value {
  return negative(node, node.value(0), 0);
}

export function readSum(node: OperatorNode): Value {
  const [first, ...rest] = node.inputs.map((_, input) => node.value(input));
  return rest.reduce((all, each) => combine(node, "add", all, each), first);
}

export function readMean(node: OperatorNode): Value {
  const total = readSum(node);
  const share = constantOf("1/n", Type.DOUBLE, [], Float64Array.of(1 / node.inputs.length));
  return combine(node, "multiply", total, share);
}

/** The sum or the product of two values, repeated as NumPy broadcasts. */
export function combine(node: OperatorNode, operation: Operation, left: Value, right: Value): Value {
  if (left.kind === "tensor" && right.kind === "tensor") {
    return computed(node, left, right, operation === "add" ? "Add" : "Mul");
  }
  const placed = placedDims(node, left, right);
  const dims = broadcastDims(left.dims, placed);
  if (!dims) throw unequal(node, left, right);
  const [first, second] = [operand(node, left, left.dims, dims, 0), operand(node, right, placed, dims, 1)];
  if (first.kind === "tensor") return withConstant(node, operation, second as Signal, first);
  if (second.kind === "tensor") return withConstant(node, operation, first, second);
  const symbolic =
    ofOneStage(operation, first, second) ??
    ofOneStage(operation, alreadySettled(first), second) ??
    ofOneStage(operation, first, alreadySettled(second));
  if (symbolic) return symbolic;
  const [settledLeft, settledRight] = [first, second].map((signal) => signalOf(settle(signal, node.label), dims));
  return ofOneStage(operation, settledLeft, settledRight) ?? joined(operation, settledLeft, settledRight, node.label);
}

/** p(value), where that is no power beyond those that stay symbolic. */
export function applied(node: OperatorNode, signal: Signal, power: number): Signal {
  const degree = Math.max(degreeOf(polynomialOf(signal)), 0);
  const plain = !signal.gated && degree * power <= MOST_DEGREE;
  const base: Signal = plain ? signal : { kind: "signal", stage: settle(signal, node.label), dims: signal.dims };
  let polynomial: Polynomial = [Float64Array.of(1)];
  for (let k = 0; k < power; k++) polynomial = product(polynomial, polynomialOf(base));
  return { ...base, polynomial };
}

/** A constant's numbers for the elements of a value of these dims. */
export function listFor(node: OperatorNode, tensor: Tensor, { dims, stage }: Signal): List {
  return compressed(movedTensor(node, tensor, broadcast(tensor.dims, dims)).values, stage.shape);
}

/** The value with each element multiplied. */
export function multiplied(signal: Signal, by: List): Signal {
  const { gated } = signal;
  return {
    ...signal,
    polynomial: scaled(polynomialOf(signal), by),
    ...(gated && { gated: { ...gated, factor: scaled(gated.factor, by) } }),
  };
}

function negative(node: OperatorNode, value: Value, input: number): Value {
  if (value.kind === "tensor") return { ...value, values: value.values.map((each) => -each) };
  return multiplied(node.asSignal(value, input), Float64Array.of(-1));
}

/** One side of an operation, repeated to the result's dims: constants are repeated later. */
function operand(
  node: OperatorNode,
  value: Value,
  placed: readonly number[],
  dims: readonly number[],
  input: number,
): Signal | Tensor {
  if (value.kind === "tensor") return { ...value, dims: placed };
  const signal = { ...node.asSignal(value, input), dims: placed };
  expectExtents(dims, node.label);
  return sameShape(placed, dims) ? signal : movedSignal(signal, broadcast(placed, dims), node.label, () => ({}));
}

function withConstant(node: OperatorNode, operation: Operation, signal: Signal, tensor: Tensor): Signal {
  const list = listFor(node, tensor, signal);
  if (operation === "multiply") return multiplied(signal, list);
  return { ...signal, polynomial: sum(polynomialOf(signal), [list]) };
}

/** Two polynomials of one stage, one of which may have a gate; undefined where it must become a layer. */
function ofOneStage(operation: Operation, left: Signal, right: Signal): Signal | undefined {
  if (left.stage !== right.stage) return undefined;
  const [p, q] = [polynomialOf(left), polynomialOf(right)];
  const gate = (left.gated ?? right.gated)?.gate;
  const [first, second] = [left.gated?.factor ?? [], right.gated?.factor ?? []];
  if (left.gated && right.gated && (operation === "multiply" || left.gated.gate !== right.gated.gate)) return undefined;
  const add = operation === "add";
  const polynomial = add ? sum(p, q) : product(p, q);
  const factor = add ? sum(first, second) : sum(product(first, q), product(p, second));
  if (degreeOf(polynomial) > MOST_DEGREE || degreeOf(factor) > MOST_DEGREE) return undefined;
  const { stage, dims } = left;
  return { kind: "signal", stage, dims, polynomial, ...(gate && { gated: { gate, factor } }) };
}
