/** Where the elements of a value come from when they are only moved, picked, repeated, or put among zeros. */
import { sizeOf } from "../graph/shapes.js";

export interface Move {
  /** Of the result, as ONNX counts them. */
  readonly dims: readonly number[];
  /** Element i of the result is element `index[i]` of what is moved, or zero where that is −1. Absent where all stay. */
  readonly index?: () => Int32Array;
}

/** The axes in another order. */
export function permutation(dims: readonly number[], order: readonly number[]): Move {
  const result = order.map((axis) => dims[axis]);
  const kept = order.filter((axis) => dims[axis] !== 1);
  if (kept.every((axis, k) => k === 0 || axis > kept[k - 1])) return { dims: result };
  const strides = stridesOf(dims);
  const along = (axis: number) => Array.from({ length: dims[axis] }, (_, at) => at * strides[axis]);
  return { dims: result, index: () => positions(order.map(along)) };
}

/** Entry `at` of each axis of the result is entry `choose(axis, at)` of that axis, or nothing where that is −1. */
export function selection(
  dims: readonly number[],
  extents: readonly number[],
  choose: (axis: number, at: number) => number,
): Move {
  const strides = stridesOf(dims);
  const index = () =>
    positions(
      extents.map((extent, axis) =>
        Array.from({ length: extent }, (_, at) => {
          const from = choose(axis, at);
          return from < 0 ? -1 : from * strides[axis];
        }),
      ),
    );
  return { dims: extents, index };
}

/** Axes of one repeated, and axes of one put in front, as NumPy does. `target` must be what `broadcastDims` gives. */
export function broadcast(dims: readonly number[], target: readonly number[]): Move {
  if (sizeOf(dims) === sizeOf(target)) return { dims: target };
  const aligned = [...Array<number>(target.length - dims.length).fill(1), ...dims];
  return selection(aligned, target, (axis, at) => (aligned[axis] === 1 ? 0 : at));
}

/** The shape that both are repeated to; undefined where there is none. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const dims = Array.from({ length: rank }, (_, k) => {
    const [x, y] = [a[k - rank + a.length] ?? 1, b[k - rank + b.length] ?? 1];
    return x === y || y === 1 ? x : x === 1 ? y : Number.NaN;
  });
  return dims.some(Number.isNaN) ? undefined : dims;
}

/** Each element taken once. */
export function isPermutation(index: Int32Array, size: number): boolean {
  if (index.length !== size) return false;
  const seen = new Uint8Array(size);
  return index.every((from) => from >= 0 && seen[from]++ === 0);
}

export function isIdentity(index: Int32Array, size: number): boolean {
  return index.length === size && index.every((from, i) => from === i);
}

/** How far the next entry along each axis is. */
export function stridesOf(dims: readonly number[]): number[] {
  return dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
}

/** Sums of one offset from each list, the last list's running fastest; −1 where one of them is. */
function positions(offsets: readonly (readonly number[])[]): Int32Array {
  let index = Int32Array.of(0);
  for (const along of offsets) {
    const next = new Int32Array(index.length * along.length);
    for (let i = 0; i < index.length; i++) {
      for (let k = 0; k < along.length; k++) {
        next[i * along.length + k] = index[i] < 0 || along[k] < 0 ? -1 : index[i] + along[k];
      }
    }
    index = next;
  }
  return index;
}
