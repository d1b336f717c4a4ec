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
  const exponent = node.tensor(1);
  const { values } = exponent;
  // Even equal exponents must not broadcast the features to more dimensions.
  constant(exponent, signal.stage, node);
  if (values.length > 0 && values.every((value) => value === 1)) return signal;
  if (values.length === 0 || values.some((value) => value !== 2)) {
    throw node.unsupported(
      `exponent ${values[0]}: only squares can be encrypted`,
      "Replace it by a quadratic a·x² + b·x + c per channel and fine-tune.",
    );
  }
  const { stage, polynomial = identity(stage, node) } = signal;
  return { kind: "signal", stage, polynomial: product(polynomial, polynomial, node) };
}

function combine(node: OperatorNode, operation: (p: Polynomial, q: Polynomial) => Polynomial): Signal {
  const [left, right] = [node.value(0), node.value(1)];
  const stage = commonStage(left, right, node);
  return {
    kind: "signal",
    stage,
    polynomial: operation(polynomialOf(left, stage, node), polynomialOf(right, stage, node)),
  };
}

function commonStage(left: Value, right: Value, node: OperatorNode): Stage {
  if (left.kind === "tensor" && right.kind === "tensor") {
    throw node.unsupported(
      "it computes with two constants",
      "Fold constants before exporting, e.g. with onnxsim model.onnx out.onnx.",
    );
  }
  const stages = [left, right].flatMap((value, input) => (value.kind === "tensor" ? [] : [node.signal(input).stage]));
  if (stages.length === 1 || stages[0] === stages[1]) return stages[0];
  throw node.unsupported("it joins two branches", "The network must be one chain of layers: no skip connections.");
}

function polynomialOf(value: Value, stage: Stage, node: OperatorNode): Polynomial {
  if (value.kind === "tensor") {
    const zero = new Float64Array(channelsOf(stage, node));
    return { a: zero, b: zero, c: constant(value, stage, node) };
  }
  return (value.kind === "signal" ? value.polynomial : undefined) ?? identity(stage, node);
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
  const dims = node.opset < 7 ? alignedByAttributes(tensor, features, node) : aligned(tensor.dims, features.length);
  const perChannel =
    dims.length === features.length && dims.every((dim, axis) => dim === 1 || (axis === 1 && dim === channels));
  if (!perChannel) {
    throw node.unsupported(
      `a constant of shape [${tensor.dims.join(", ")}] on features of shape [${features.join(", ")}]`,
      "Constants in element-wise arithmetic must be scalars or one number for each channel: [1, channels, 1, 1] on a feature map, " +
        "[channels] on features; [channels] on a feature map runs along the columns.",
    );
  }
  return tensor.values.length === 1 ? new Float64Array(channels).fill(tensor.values[0]) : tensor.values;
}

/** Dimensions of one in front. */
function aligned(dims: readonly number[], rank: number): number[] {
  return [...Array<number>(Math.max(0, rank - dims.length)).fill(1), ...dims];
}

/** Before opset 7 shapes are equal, unless `broadcast` puts the second one's at `axis`, or at the end. */
function alignedByAttributes({ dims }: Tensor, features: readonly number[], node: OperatorNode): number[] {
  const { opset } = node;
  if (node.integer("broadcast", 0) === 0) {
    // One number is the same by every rule, and exporters wrote it.
    const alike = dims.length === features.length && dims.every((dim, axis) => dim === features[axis]);
    if (alike || dims.every((dim) => dim === 1)) return aligned(dims, features.length);
    throw node.contradicts(
      `joins [${features.join(", ")}] and [${dims.join(", ")}], which operator set ${opset} does with broadcast = 1 only`,
    );
  }
  if (node.inputs[0]?.kind === "tensor") {
    throw node.contradicts(`broadcasts its first input, which operator set ${opset} does not do`);
  }
  const from = node.integer("axis", features.length - dims.length);
  const at = from < 0 ? from + features.length : from;
  if (at < 0 || at + dims.length > features.length) throw node.malformed(`has axis ${from}`);
  return aligned([...dims, ...Array<number>(features.length - at - dims.length).fill(1)], features.length);
}
