import type { Shape } from "../graph.js";
import { expectMapSize } from "../shapes.js";
import type { OperatorNode } from "./node.js";
import { append, dimsOf, type Signal, type Stage, signalOf, type Value } from "./signal.js";
import type { Tensor } from "./tensor.js";

// Operators that change the shape or the order of what they get and none of its numbers.

/** Everything from the axis on becomes features; what is before it must be one. */
export function readFlatten(node: OperatorNode): Value {
  const axis = node.integer("axis", 1);
  if (axis < 0 && node.opset < 11) throw node.contradicts(`has axis ${axis}, which counts from the end since opset 11`);
  return node.through(0, (signal) => {
    const dims = dimsOf(signal.stage);
    const from = axis < 0 ? axis + dims.length : axis;
    if (from < 0 || from > dims.length) throw node.malformed(`has axis ${axis} for [${dims.join(", ")}]`);
    if (dims.slice(0, from).some((extent) => extent !== 1)) {
      throw node.unsupported(`axis ${axis}`, "Flatten all but the batch: axis 1.");
    }
    return flattened(signal, node);
  });
}

/** A shape with the same number of values: an attribute before opset 5, an input since. */
export function readReshape(node: OperatorNode): Value {
  const target = node.opset < 5 ? node.list("shape") : node.wholeNumbers(1);
  if (!target) throw node.malformed("says not which shape to make");
  const value = node.value(0);
  if (value.kind === "tensor") return { ...value, dims: targetShape(node, target, value.dims) };
  return node.through(0, (signal) => {
    const shape = targetShape(node, target, dimsOf(signal.stage));
    if (shape[0] === 1 && shape.length === 2) return flattened(signal, node);
    return shape[0] === 1 && shape.length === 4 ? asMap(signal, shape, node) : refuse(node, shape, signal);
  });
}

/** Constants: any. Of the image itself, channels may come to the front; everything else would mix the slots. */
export function readTranspose(node: OperatorNode): Value {
  const value = node.value(0);
  const rank = value.kind === "tensor" ? value.dims.length : dimsOf(node.signal(0).stage).length;
  const order = node.list("perm") ?? [...Array(rank).keys()].reverse();
  if (order.length !== rank || !order.every((axis, k) => axis >= 0 && axis < rank && order.indexOf(axis) === k)) {
    throw node.malformed(`has perm [${order.join(", ")}] for ${rank} dimensions`);
  }
  if (value.kind === "tensor") return transposed(value, order);
  const signal = node.signal(0);
  const dims = dimsOf(signal.stage);
  if (order.every((axis, k) => axis === k)) return signal;
  const moved = order.filter((axis) => dims[axis] > 1).some((axis, k, kept) => k > 0 && axis < kept[k - 1]);
  if (rank !== 4 || order[0] !== 0 || (moved && signal.stage.previous)) {
    throw node.unsupported(
      `it puts the axes of [${dims.join(", ")}] in the order ${order.join(", ")}`,
      "Only the image itself may be transposed: export with channels first ([batch, channels, height, width]) throughout.",
    );
  }
  const shape = order.map((axis) => dims[axis]);
  const map = signal.stage.previous ? asMap(signal, shape, node) : restarted(signal, shape, node);
  if (moved) {
    const inFile = [1, 2, 3].map((axis) => ["channel", "row", "column"][order.indexOf(axis) - 1]);
    node.note(
      `${node.label} was taken into the input: images are given [channel][row][column], not [${inFile.join("][")}] as to the file.`,
    );
  }
  return map;
}

/** Takes axes of one value away. */
export function readSqueeze(node: OperatorNode): Value {
  const value = node.value(0);
  const given = node.opset < 13 ? node.list("axes") : node.wholeNumbers(1);
  const change = (dims: readonly number[]): number[] => {
    const axes =
      given?.map((axis) => (axis < 0 ? axis + dims.length : axis)) ?? [...dims.keys()].filter((k) => dims[k] === 1);
    if (axes.some((axis) => dims[axis] !== 1)) {
      throw node.malformed(`cannot take the axes ${axes.join(", ")} out of [${dims.join(", ")}]`);
    }
    return dims.filter((_, axis) => !axes.includes(axis));
  };
  return reshaped(node, value, change);
}

/** Adds axes of one value. */
export function readUnsqueeze(node: OperatorNode): Value {
  const value = node.value(0);
  const given = node.opset < 13 ? node.list("axes") : node.wholeNumbers(1);
  if (!given) throw node.malformed("says not which axes to add");
  const change = (dims: readonly number[]): number[] => {
    const rank = dims.length + given.length;
    const axes = given.map((axis) => (axis < 0 ? axis + rank : axis));
    if (new Set(axes).size < axes.length || axes.some((axis) => axis < 0 || axis >= rank)) {
      throw node.malformed(`cannot add the axes ${given.join(", ")} to [${dims.join(", ")}]`);
    }
    const rest = [...dims];
    return Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() ?? 1)));
  };
  return reshaped(node, value, change);
}

function reshaped(node: OperatorNode, value: Value, change: (dims: readonly number[]) => number[]): Value {
  if (value.kind === "tensor") return { ...value, dims: change(value.dims) };
  return node.through(0, (signal) => {
    const shape = change(dimsOf(signal.stage));
    if (shape.length === 2 && shape[0] === 1) return flattened(signal, node);
    return shape.length === 4 && shape[0] === 1 ? asMap(signal, shape, node) : refuse(node, shape, signal);
  });
}

function targetShape(node: OperatorNode, target: readonly number[], current: readonly number[]): number[] {
  const copies = node.integer("allowzero", 0) === 0;
  const dims = target.map((dim, axis) => (dim === 0 && copies ? (current[axis] ?? Number.NaN) : dim));
  const size = current.reduce((product, dim) => product * dim, 1);
  const known = dims.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  const shape = dims.map((dim) => (dim === -1 ? size / known : dim));
  const fits =
    shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0) && shape.reduce((p, dim) => p * dim, 1) === size;
  if (fits && dims.filter((dim) => dim === -1).length <= 1) return shape;
  throw node.malformed(`cannot make [${target.slice(0, 8).join(", ")}] of [${current.join(", ")}]`);
}

function transposed(tensor: Tensor, order: readonly number[]): Tensor {
  const dims = order.map((axis) => tensor.dims[axis]);
  const strides = tensor.dims.map((_, axis) => tensor.dims.slice(axis + 1).reduce((p, dim) => p * dim, 1));
  const values = new Float64Array(tensor.values.length);
  const place = dims.map(() => 0);
  for (let index = 0; index < values.length; index++) {
    values[index] = tensor.values[place.reduce((sum, at, k) => sum + at * strides[order[k]], 0)];
    for (let k = place.length - 1; k >= 0 && ++place[k] === dims[k]; k--) place[k] = 0;
  }
  return { ...tensor, dims, values };
}

/** Features in one row: [batch, features]. */
function flattened(signal: Signal, node: OperatorNode): Signal {
  if (signal.stage.flat) return signal;
  return signalOf(append(node.settled(signal), { op: "flatten" }, node.label, true));
}

/** The features as a map [1, channels, height, width], their order in memory kept. */
function asMap(signal: Signal, [, channels, height, width]: readonly number[], node: OperatorNode): Signal {
  const { stage } = signal;
  const { shape } = stage;
  const same = (other: Shape) => other.channels === channels && other.height === height && other.width === width;
  if (same(shape)) return stage.flat ? { ...signal, stage: { ...stage, flat: false } } : signal;
  if (!stage.previous) return restarted(signal, [1, channels, height, width], node);
  // What a flatten has just flattened goes back to what it was.
  if (stage.layer?.op === "flatten" && !signal.polynomial && same(stage.previous.shape))
    return signalOf(stage.previous);
  return refuse(node, [1, channels, height, width], signal);
}

/** The image again, in another shape; what was done to it must not depend on the channel. */
function restarted({ polynomial }: Signal, [, channels, height, width]: readonly number[], node: OperatorNode): Signal {
  const shape = { channels, height, width };
  expectMapSize(shape, node.label);
  const stage: Stage = { shape, flat: false };
  if (!polynomial) return signalOf(stage);
  const spread = (values: Float64Array): Float64Array => {
    if (values.every((value) => value === values[0])) return new Float64Array(channels).fill(values[0]);
    throw node.unsupported(
      "it reorders an image whose channels were scaled one by one",
      "Put the arithmetic behind it, per channel.",
    );
  };
  return {
    kind: "signal",
    stage,
    polynomial: { a: spread(polynomial.a), b: spread(polynomial.b), c: spread(polynomial.c) },
  };
}

function refuse(node: OperatorNode, shape: readonly number[], { stage }: Signal): never {
  throw node.unsupported(
    `it makes [${shape.join(", ")}] of [${dimsOf(stage).join(", ")}]`,
    "Features can be flattened to [batch, features]; only the image itself may take another shape. Use Flatten.",
  );
}
