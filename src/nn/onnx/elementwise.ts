import type { OperatorNode } from "./node.js";
import { dimsOf, type Polynomial, type Signal, type Stage, type Value } from "./signal.js";
import type { Tensor } from "./tensor.js";

// Element-wise arithmetic, kept symbolic: a per-channel polynomial of degree two at most of the stage before it.

/** A polynomial is three arrays of this length for each node: without a bound, a small hostile file fills the memory. */
const MOST_CHANNELS = 2 ** 14;

export function readAdd(node: OperatorNode): Signal {
  return combine(node, (p, q) => zip(p, q, (x, y) => x + y));
}

export function readSub(node: OperatorNode): Signal {
  return combine(node, (p, q) => zip(p, q, (x, y) => x - y));
}

export function readMul(node: OperatorNode): Signal {
  return combine(node, (p, q) => product(p, q, node));
}

export function readDiv(node: OperatorNode): Signal {
  const divisor = node.tensor(1);
  if (divisor.values.includes(0))
    throw node.unsupported("it divides by zero", "Divide by constants that are not zero.");
  return combine(node, (p, q) => zip(p, { a: q.c, b: q.c, c: q.c }, (x, y) => x / y));
}

export function readNeg(node: OperatorNode): Signal {
  const { stage, polynomial = identity(stage, node) } = node.signal(0);
  const minus = (values: Float64Array) => values.map((value) => -value);
  return {
    kind: "signal",
    stage,
    polynomial: { a: minus(polynomial.a), b: minus(polynomial.b), c: minus(polynomial.c) },
  };
}

export function readPow(node: OperatorNode): Signal {
  const signal = node.signal(0);
  const { values } = node.tensor(1);
  if (values.length > 0 && values.every((value) => value === 1)) return signal;
  if (values.length === 0 || values.some((value) => value !== 2)) {
    throw node.unsupported(
      `exponent ${values[0]}: only squares can be encrypted`,
      "Use polynomials of degree 2 at most.",
    );
  }
  // The exponents must not broadcast the features to more dimensions either.
  constant(node.tensor(1), signal.stage, node);
  const { stage, polynomial = identity(stage, node) } = signal;
  return { kind: "signal", stage, polynomial: product(polynomial, polynomial, node) };
}

function combine(node: OperatorNode, operation: (p: Polynomial, q: Polynomial) => Polynomial): Signal {
  if (node.opset < 7 && (node.has("broadcast") || node.has("axis"))) {
    throw node.unsupported("it broadcasts by the rules before opset 7", "Export with opset 7 or newer.");
  }
  const [left, right] = [node.value(0), node.value(1)];
  const stage = commonStage(left, right, node);
  return {
    kind: "signal",
    stage,
    polynomial: operation(polynomialOf(left, stage, node), polynomialOf(right, stage, node)),
  };
}

function commonStage(left: Value, right: Value, node: OperatorNode): Stage {
  if (left.kind === "signal") {
    if (right.kind === "tensor" || right.stage === left.stage) return left.stage;
    throw node.unsupported("it joins two branches", "The network must be one chain of layers: no skip connections.");
  }
  if (right.kind === "signal") return right.stage;
  throw node.unsupported(
    "it computes with two constants",
    "Fold constants before exporting, e.g. with onnx-simplifier.",
  );
}

function polynomialOf(value: Value, stage: Stage, node: OperatorNode): Polynomial {
  if (value.kind === "signal") return value.polynomial ?? identity(stage, node);
  const zero = new Float64Array(channelsOf(stage, node));
  return { a: zero, b: zero, c: constant(value, stage, node) };
}

function identity(stage: Stage, node: OperatorNode): Polynomial {
  const channels = channelsOf(stage, node);
  return { a: new Float64Array(channels), b: new Float64Array(channels).fill(1), c: new Float64Array(channels) };
}

function channelsOf({ shape: { channels } }: Stage, node: OperatorNode): number {
  if (channels <= MOST_CHANNELS) return channels;
  throw node.unsupported(`it acts on ${channels} channels`, `Use at most ${MOST_CHANNELS} channels or features.`);
}

function zip(p: Polynomial, q: Polynomial, operation: (x: number, y: number) => number): Polynomial {
  const both = (x: Float64Array, y: Float64Array) => x.map((value, index) => operation(value, y[index]));
  return { a: both(p.a, q.a), b: both(p.b, q.b), c: both(p.c, q.c) };
}

function product(p: Polynomial, q: Polynomial, node: OperatorNode): Polynomial {
  for (let channel = 0; channel < p.a.length; channel++) {
    const quartic = p.a[channel] * q.a[channel];
    const cubic = p.a[channel] * q.b[channel] + p.b[channel] * q.a[channel];
    if (quartic === 0 && cubic === 0) continue;
    throw node.unsupported(
      `it makes a polynomial of degree ${quartic === 0 ? 3 : 4}`,
      "Activations must be polynomials of degree 2 at most, a·x² + b·x + c per channel.",
    );
  }
  return {
    a: p.a.map((a, i) => a * q.c[i] + p.b[i] * q.b[i] + p.c[i] * q.a[i]),
    b: p.b.map((b, i) => b * q.c[i] + p.c[i] * q.b[i]),
    c: p.c.map((c, i) => c * q.c[i]),
  };
}

/** The tensor as one number for each channel of the stage. */
function constant(tensor: Tensor, stage: Stage, node: OperatorNode): Float64Array {
  const features = dimsOf(stage);
  const channels = channelsOf(stage, node);
  const dims = [...features.slice(tensor.dims.length).map(() => 1), ...tensor.dims];
  const perChannel =
    dims.length === features.length && dims.every((dim, axis) => dim === 1 || (axis === 1 && dim === channels));
  if (!perChannel) {
    throw node.unsupported(
      `a constant of shape [${tensor.dims.join(", ")}] on features of shape [${features.join(", ")}]`,
      "Constants in element-wise arithmetic must be scalars or one number for each channel, e.g. [1, channels, 1, 1].",
    );
  }
  return tensor.values.length === 1 ? new Float64Array(channels).fill(tensor.values[0]) : tensor.values;
}
