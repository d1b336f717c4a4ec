import { sizeOf } from "../graph/shapes.js";
import { moved } from "./moved.js";
import { type Move, permutation } from "./moves.js";
import type { OperatorNode } from "./node.js";
import { quoted } from "./quoted.js";
import type { Value } from "./signal.js";
import type { Marks, Stage } from "./stage.js";

// Operators that change the shape or the order of what they get, all of it and once.

/** Everything from the axis on becomes columns, everything before it rows. */
export function readFlatten(node: OperatorNode): Value {
  const axis = node.integer("axis", 1);
  if (axis < 0 && node.opset < 11) throw node.contradicts(`has axis ${axis}, which counts from the end since opset 11`);
  return moved(node, node.value(0), (dims) => {
    const from = axis < 0 ? axis + dims.length : axis;
    if (from < 0 || from > dims.length) throw node.malformed(`has axis ${axis} for [${dims.join(", ")}]`);
    return { dims: [sizeOf(dims.slice(0, from)), sizeOf(dims.slice(from))] };
  });
}

/** A shape with the same number of values: an attribute before opset 5, an input since. */
export function readReshape(node: OperatorNode): Value {
  const target = node.opset < 5 ? node.list("shape") : node.wholeNumbers(1);
  if (!target) throw node.malformed("says not which shape to make");
  const copies = !node.flag("allowzero", false);
  return moved(node, node.value(0), (dims) => ({ dims: targetShape(node, target, dims, copies) }));
}

function targetShape(node: OperatorNode, target: readonly number[], current: readonly number[], copies: boolean) {
  const dims = target.map((dim, axis) => (dim === 0 && copies ? (current[axis] ?? Number.NaN) : dim));
  const size = sizeOf(current);
  const known = dims.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  const shape = dims.map((dim) => (dim === -1 ? size / known : dim));
  const fits = shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0) && sizeOf(shape) === size;
  if (fits && dims.filter((dim) => dim === -1).length <= 1) return shape;
  throw node.malformed(
    `cannot make [${target.slice(0, 8).join(", ")}] of [${current.join(", ")}]${current[0] === 1 ? ", one image" : ""}`,
  );
}

/** Axes in another order. Where it is the image's own axes, the image may be given in that order: see `emitted`. */
export function readTranspose(node: OperatorNode): Value {
  const value = node.value(0);
  const rank = value.dims.length;
  const order = node.list("perm") ?? [...Array(rank).keys()].reverse();
  if (order.length !== rank || !order.every((axis, k) => axis >= 0 && axis < rank && order.indexOf(axis) === k)) {
    throw node.malformed(`has perm [${order.slice(0, 8).join(", ")}] for ${rank} dimensions`);
  }
  return moved(
    node,
    value,
    (dims) => permutation(dims, order),
    (source) => turnOf(node, source, order),
  );
}

/** By the number of dimensions, batch included. */
const AXES: Readonly<Record<number, readonly string[]>> = {
  3: ["channel", "position"],
  4: ["channel", "row", "column"],
  5: ["channel", "slice", "row", "column"],
};

/** Of a Transpose of the image, as the file declares it or as it has made it of a vector. */
function turnOf({ label }: OperatorNode, { layer, marks: { rank = 0 } }: Stage, order: readonly number[]): Marks {
  const names = AXES[order.length];
  if (layer || order[0] !== 0 || !names || (rank !== order.length && rank !== 2)) return {};
  const inFile = names.map((_, k) => names[order.indexOf(k + 1) - 1]);
  const bracketed = (axes: readonly string[]) => `[${axes.join("][")}]`;
  const note = `${label} was taken into the input: images are given ${bracketed(names)}, not ${bracketed(inFile)} as to the file.`;
  return { turn: { note, order: order.join() } };
}

/** Takes axes of one value away. */
export function readSqueeze(node: OperatorNode): Value {
  const given = node.opset < 13 ? node.list("axes") : node.wholeNumbers(1);
  return moved(node, node.value(0), (dims) => {
    const axes =
      given?.map((axis) => (axis < 0 ? axis + dims.length : axis)) ?? [...dims.keys()].filter((k) => dims[k] === 1);
    if (axes.some((axis) => dims[axis] !== 1)) {
      throw node.malformed(`cannot take the axes ${axes.slice(0, 8).join(", ")} out of [${dims.join(", ")}]`);
    }
    return { dims: dims.filter((_, axis) => !axes.includes(axis)) };
  });
}

/** Adds axes of one value. */
export function readUnsqueeze(node: OperatorNode): Value {
  const given = node.opset < 13 ? node.list("axes") : node.wholeNumbers(1);
  if (!given) throw node.malformed("says not which axes to add");
  return moved(node, node.value(0), (dims) => {
    const rank = dims.length + given.length;
    const axes = new Set(given.map((axis) => (axis < 0 ? axis + rank : axis)));
    if (axes.size < given.length || [...axes].some((axis) => axis < 0 || axis >= rank)) {
      throw node.malformed(`cannot add the axes ${given.slice(0, 8).join(", ")} to [${dims.join(", ")}]`);
    }
    const rest = [...dims];
    return { dims: Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (rest.shift() ?? 1))) };
  });
}

/** Blocks of channels become blocks of pixels, in the order that `mode` says. */
export function readDepthToSpace(node: OperatorNode): Value {
  const block = blockOf(node);
  const mode = node.text("mode", "DCR");
  if (mode !== "DCR" && mode !== "CRD") throw node.malformed(`has mode ${quoted(mode)}`);
  return moved(node, node.value(0), (dims) => {
    const [n, c, h, w] = image(node, dims);
    const depth = c / block ** 2;
    if (!Number.isInteger(depth)) throw node.malformed(`makes blocks of ${block}×${block} of ${c} channels`);
    const apart = mode === "DCR" ? [n, block, block, depth, h, w] : [n, depth, block, block, h, w];
    const order = mode === "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
    return inDims(permutation(apart, order), [n, depth, h * block, w * block]);
  });
}

/** Blocks of pixels become channels. */
export function readSpaceToDepth(node: OperatorNode): Value {
  const block = blockOf(node);
  return moved(node, node.value(0), (dims) => {
    const [n, c, h, w] = image(node, dims);
    const [rows, columns] = [h / block, w / block];
    if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
      throw node.malformed(`takes blocks of ${block}×${block} of ${h}×${w} pixels`);
    }
    const move = permutation([n, c, rows, block, columns, block], [0, 3, 5, 1, 2, 4]);
    return inDims(move, [n, c * block ** 2, rows, columns]);
  });
}

function blockOf(node: OperatorNode): number {
  const block = node.integer("blocksize", 0);
  if (block >= 1) return block;
  throw node.malformed(`has blocksize ${block}`);
}

function image(node: OperatorNode, dims: readonly number[]): readonly number[] {
  if (dims.length === 4) return dims;
  throw node.malformed(`acts on ${dims.length} dimensions instead of 4`);
}

/** The same elements in the same order, in other dims. */
export function inDims(move: Move, dims: readonly number[]): Move {
  return { ...move, dims };
}
