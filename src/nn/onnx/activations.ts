import type { ActivationName } from "../graph/network.js";
import { listFor, multiplied } from "./elementwise.js";
import { broadcastDims } from "./moves.js";
import type { OperatorNode } from "./node.js";
import { joined, settle } from "./settle.js";
import { type GateName, pureGate, type Signal, signalOf, type Value } from "./signal.js";
import { append } from "./stage.js";
import type { Tensor } from "./tensor.js";

// Functions of single elements. They stay what they are: fitting polynomials to them is another's work.

export const readRelu = (node: OperatorNode): Signal => active(node, node.signal(0), "relu");
export const readSoftplus = (node: OperatorNode): Signal => gate(node, "softplus");
export const readSigmoid = (node: OperatorNode): Signal => gate(node, "sigmoid");
export const readErf = (node: OperatorNode): Signal => gate(node, "erf");
export const readHardSwish = (node: OperatorNode): Signal => active(node, node.signal(0), "hardSwish");
export const readMish = (node: OperatorNode): Signal => active(node, node.signal(0), "mish");

export function readLeakyRelu(node: OperatorNode): Signal {
  return active(node, node.signal(0), "leakyRelu", [node.float("alpha", 0.01)]);
}

export function readElu(node: OperatorNode): Signal {
  return active(node, node.signal(0), "elu", [node.float("alpha", 1)]);
}

/** gamma·elu(x). */
export function readSelu(node: OperatorNode): Signal {
  const alpha = node.float("alpha", Math.fround(1.6732631921768188));
  const gamma = node.float("gamma", Math.fround(1.0507010221481323));
  return multiplied(active(node, node.signal(0), "elu", [alpha]), Float64Array.of(gamma));
}

/** alpha·elu(x/alpha). */
export function readCelu(node: OperatorNode): Signal {
  const alpha = node.float("alpha", 1);
  if (alpha === 0) throw node.malformed("has alpha 0");
  const inner = multiplied(node.signal(0), Float64Array.of(1 / alpha));
  return multiplied(active(node, inner, "elu", [1]), Float64Array.of(alpha));
}

/** slope·x + (1 − slope)·relu(x). */
export function readPRelu(node: OperatorNode): Value {
  const signal = node.signal(0);
  const slope = slopeOf(node, signal.dims);
  if (slope.values.length === 1) return active(node, signal, "leakyRelu", [slope.values[0]]);
  const dims = broadcastDims(signal.dims, slope.dims);
  if (dims?.join() !== signal.dims.join()) {
    throw node.malformed(`has slopes of shape [${slope.dims.join(", ")}] for [${signal.dims.join(", ")}]`);
  }
  const list = listFor(node, slope, signal);
  const bent = multiplied(
    active(node, signal, "relu"),
    list.map((value) => 1 - value),
  );
  return joined("add", multiplied(signalOf(settle(signal, node.label), signal.dims), list), bent, node.label);
}

/** Before opset 7 one slope is for each channel, since then it is broadcast. */
function slopeOf(node: OperatorNode, dims: readonly number[]): Tensor {
  const slope = node.weights(1);
  if (node.opset >= 7 || slope.dims.length !== 1) return slope;
  return { ...slope, dims: [...slope.dims, ...Array<number>(Math.max(0, dims.length - 2)).fill(1)] };
}

export function readGelu(node: OperatorNode): Signal {
  const approximate = node.text("approximate", "none");
  if (approximate === "none") return active(node, node.signal(0), "gelu");
  if (approximate === "tanh") return active(node, node.signal(0), "geluTanh");
  throw node.malformed(`has approximate "${approximate.slice(0, 20)}"`);
}

/** x·sigmoid(alpha·x). */
export function readSwish(node: OperatorNode): Signal {
  const alpha = node.float("alpha", 1);
  if (alpha === 0) return multiplied(node.signal(0), Float64Array.of(0.5));
  const inner = multiplied(node.signal(0), Float64Array.of(alpha));
  return multiplied(active(node, inner, "silu"), Float64Array.of(1 / alpha));
}

export function readTanh(node: OperatorNode): Signal {
  const softplus = pureGate(node.signal(0));
  if (softplus?.name !== "softplus") return gate(node, "tanh");
  return gated(node, "tanhSoftplus", { ...softplus.of, dims: node.signal(0).dims });
}

export function readHardSigmoid(node: OperatorNode): Signal {
  return gate(node, "hardSigmoid", [node.float("alpha", 0.2), node.float("beta", 0.5)]);
}

/** Bounds are attributes before opset 11, inputs since. What float32 cannot pass is no bound. */
export function readClip(node: OperatorNode): Value {
  const value = node.value(0);
  const [least, most] = [boundOf(node, "min", 1), boundOf(node, "max", 2)];
  if (value.kind === "tensor") {
    return { ...value, values: value.values.map((each) => Math.min(Math.max(each, least), most)) };
  }
  if (least === Number.NEGATIVE_INFINITY && most === Number.POSITIVE_INFINITY) return value;
  if (least === 0 && most === Number.POSITIVE_INFINITY) return active(node, node.signal(0), "relu");
  return gate(node, "clip", [least, most]);
}

function boundOf(node: OperatorNode, name: "min" | "max", input: number): number {
  const none = name === "min" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const tensor = node.opset < 11 ? undefined : node.optionalTensor(input);
  if (tensor && tensor.values.length !== 1) throw node.malformed(`has ${tensor.values.length} numbers as its ${name}`);
  const bound = node.opset < 11 && node.has(name) ? node.float(name, 0) : (tensor?.values[0] ?? none);
  return Math.abs(bound) >= 3.4e38 && Math.sign(bound) === Math.sign(none) ? none : bound;
}

function active(node: OperatorNode, signal: Signal, name: ActivationName, parameters?: readonly number[]): Signal {
  const layer = { op: "activation", name, ...(parameters && { parameters }) } as const;
  return signalOf(append([settle(signal, node.label)], layer, node.label), signal.dims);
}

/** One that may be a factor of what follows. */
function gate(node: OperatorNode, name: GateName, parameters?: readonly number[]): Signal {
  return gated(node, name, node.signal(0), parameters);
}

function gated(node: OperatorNode, name: GateName, signal: Signal, parameters?: readonly number[]): Signal {
  // A gate on what another gate gives is one on a stage.
  const of = signal.gated ? signalOf(settle(signal, node.label), signal.dims) : signal;
  const { stage, dims } = of;
  const opened = { name, of, label: node.label, ...(parameters && { parameters }) };
  return { kind: "signal", stage, dims, polynomial: [], gated: { gate: opened, factor: [Float64Array.of(1)] } };
}
