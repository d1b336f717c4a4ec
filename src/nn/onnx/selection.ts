import { moved } from "./moved.js";
import { broadcast, broadcastDims, selection } from "./moves.js";
import type { OperatorNode } from "./node.js";
import type { Value } from "./signal.js";

// Operators that take some of the elements of a value, or repeat them.

/** Starts, ends, axes and steps are attributes before opset 10, inputs since. */
export function readSlice(node: OperatorNode): Value {
  const old = node.opset < 10;
  const starts = old ? node.bounds("starts") : node.wholeBounds(1);
  const ends = old ? node.bounds("ends") : node.wholeBounds(2);
  if (!starts || !ends) throw node.malformed("says not where to begin and to end");
  const given = old ? node.list("axes") : node.wholeNumbers(3);
  const steps = (old ? undefined : node.wholeNumbers(4)) ?? starts.map(() => 1);
  return moved(node, node.value(0), (dims) => {
    const axes = node.axes(given ?? [...starts.keys()], dims.length);
    if ([starts, ends, steps].some((list) => list.length !== axes.length) || steps.includes(0)) {
      throw node.malformed(
        `takes slices from ${starts.length}, to ${ends.length}, by ${steps.length} of ${axes.length} axes`,
      );
    }
    const firsts = dims.map(() => 0);
    const strides = dims.map(() => 1);
    const extents = [...dims];
    for (const [k, axis] of axes.entries()) {
      const [from, to] = [clamp(starts[k], dims[axis], steps[k]), clamp(ends[k], dims[axis], steps[k])];
      firsts[axis] = from;
      strides[axis] = steps[k];
      extents[axis] = Math.max(0, Math.ceil((to - from) / steps[k]));
    }
    return selection(dims, extents, (axis, at) => firsts[axis] + at * strides[axis]);
  });
}

/** A bound of a slice, counted from the front and within the axis; going back, −1 is before its first entry. */
function clamp(bound: number, extent: number, step: number): number {
  const at = bound < 0 ? bound + extent : bound;
  return step > 0 ? Math.min(Math.max(at, 0), extent) : Math.min(Math.max(at, -1), extent - 1);
}

/** Entries of one axis by their numbers. */
export function readGather(node: OperatorNode): Value {
  const indices = node.tensor(1);
  return moved(node, node.value(0), (dims) => {
    const [axis] = node.axes([node.integer("axis", 0)], dims.length);
    const entries = indices.values.map((entry) => (entry < 0 ? entry + dims[axis] : entry));
    if (!entries.every((entry) => Number.isInteger(entry) && entry >= 0 && entry < dims[axis])) {
      throw node.malformed(`takes entries beyond the ${dims[axis]} of axis ${axis}`);
    }
    const extents = dims.with(axis, entries.length);
    const move = selection(dims, extents, (along, at) => (along === axis ? entries[at] : at));
    return { ...move, dims: [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)] };
  });
}

/** Pieces of one axis: of given sizes, or equal ones, the last of which may be smaller since opset 18. */
export function readSplit(node: OperatorNode): Value[] {
  const value = node.value(0);
  const count = node.outputs.length;
  const [axis] = node.axes([node.integer("axis", 0)], value.dims.length);
  const extent = value.dims[axis];
  const given = node.opset >= 13 ? node.wholeNumbers(1) : (node.wholeNumbers(1) ?? node.list("split"));
  const each = Math.ceil(extent / count);
  if (!given && (node.integer("num_outputs", count) !== count || (node.opset < 18 && extent % count !== 0))) {
    throw node.malformed(`splits ${extent} entries into ${count}`);
  }
  const sizes = given ?? Array.from({ length: count }, (_, k) => Math.min(each, extent - k * each));
  if (
    sizes.length !== count ||
    sizes.some((size) => size < 0) ||
    sizes.reduce((sum, size) => sum + size, 0) !== extent
  ) {
    throw node.malformed(`splits ${extent} entries into ${count} of [${sizes.slice(0, 8).join(", ")}]`);
  }
  let from = 0;
  return sizes.map((size) => {
    const first = from;
    from += size;
    return moved(node, value, (dims) =>
      selection(dims, dims.with(axis, size), (along, at) => (along === axis ? first + at : at)),
    );
  });
}

/** Repeated as NumPy broadcasts. */
export function readExpand(node: OperatorNode): Value {
  const shape = node.wholeNumbers(1) ?? [];
  return moved(node, node.value(0), (dims) => {
    const target = broadcastDims(dims, shape);
    if (target?.every((extent) => extent >= 0)) return broadcast(dims, target);
    throw node.malformed(`cannot make [${shape.slice(0, 8).join(", ")}] of [${dims.join(", ")}]`);
  });
}

/** So many copies along each axis; before opset 6 along one. */
export function readTile(node: OperatorNode): Value {
  return moved(node, node.value(0), (dims) => {
    const repeats = node.opset < 6 ? repeatsAlong(node, dims.length) : (node.wholeNumbers(1) ?? []);
    if (repeats.length !== dims.length || repeats.some((times) => times < 0)) {
      throw node.malformed(`repeats [${dims.join(", ")}] by [${repeats.slice(0, 8).join(", ")}]`);
    }
    const extents = dims.map((extent, axis) => extent * repeats[axis]);
    return selection(dims, extents, (axis, at) => at % dims[axis]);
  });
}

function repeatsAlong(node: OperatorNode, rank: number): number[] {
  const [tiles] = node.wholeNumbers(1) ?? [];
  const [axis] = node.axes(node.wholeNumbers(2) ?? [], rank);
  return Array.from({ length: rank }, (_, k) => (k === axis ? (tiles ?? -1) : 1));
}
