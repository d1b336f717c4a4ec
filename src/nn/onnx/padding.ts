import { compressed, isZero } from "./coefficients.js";
import { moved } from "./moved.js";
import { type Move, selection } from "./moves.js";
import type { OperatorNode } from "./node.js";
import { quoted } from "./quoted.js";
import type { Value } from "./signal.js";
import type { Marks, Stage } from "./stage.js";

/** More around each axis, or less where it is negative: one number, or the value's own again. */
export function readPad(node: OperatorNode): Value {
  const value = node.value(0);
  const pads = padsOf(node, value.dims.length);
  if (pads.every((pixels) => pixels === 0)) return value;
  const mode = node.text("mode", "constant");
  const place = MODES.get(mode);
  if (!place) throw node.malformed(`has mode ${quoted(mode)}`);
  const move = (dims: readonly number[]) => paddedMove(node, dims, pads, place);
  const fill = mode === "constant" ? fillOf(node) : 0;
  const padded = moved(node, value, move, (source) =>
    fill === 0 && mode === "constant" ? marksOf(source, value, pads) : {},
  );
  return fill === 0 ? padded : filled(value, padded, move(value.dims), fill);
}

/** Where entry `at`, counted from the axis' own first one, comes from; −1 for zeros. */
const MODES: ReadonlyMap<string, (at: number, extent: number) => number> = new Map([
  ["constant", (at: number, extent: number) => (at >= 0 && at < extent ? at : -1)],
  ["edge", (at: number, extent: number) => Math.min(Math.max(at, 0), extent - 1)],
  ["wrap", (at: number, extent: number) => ((at % extent) + extent) % extent],
  [
    "reflect",
    (at: number, extent: number) => {
      const period = Math.max(1, 2 * (extent - 1));
      const along = ((at % period) + period) % period;
      return Math.min(along, period - along);
    },
  ],
]);

function paddedMove(
  node: OperatorNode,
  dims: readonly number[],
  pads: readonly number[],
  place: (at: number, extent: number) => number,
): Move {
  const extents = dims.map((extent, axis) => extent + pads[axis] + pads[axis + dims.length]);
  if (dims.includes(0) || extents.some((extent) => extent < 0)) {
    throw node.malformed(`pads [${dims.join(", ")}] by [${pads.join(", ")}]`);
  }
  return selection(dims, extents, (axis, at) => place(at - pads[axis], dims[axis]));
}

function fillOf(node: OperatorNode): number {
  if (node.opset < 11) return node.float("value", 0);
  const value = node.optionalTensor(2);
  if (value && value.values.length !== 1) throw node.malformed(`pads with ${value.values.length} numbers`);
  return value?.values[0] ?? 0;
}

/** Zeros around the last axes of a stage: a convolution behind it may take them as its own. */
function marksOf(source: Stage, { dims }: Value, pads: readonly number[]): Marks {
  const rank = dims.length;
  const own = source.shape.length === rank - 1 && source.shape.every((extent, axis) => extent === dims[axis + 1]);
  const spatial = [0, 1, rank, rank + 1].every((place) => pads[place] === 0);
  if (!own || !spatial || rank < 3) return {};
  return { padded: { source, before: pads.slice(2, rank), after: pads.slice(rank + 2) } };
}

/** Zeros become another number. */
function filled(value: Value, padded: Value, { index }: Move, fill: number): Value {
  const added = Float64Array.from(index?.() ?? [], (from) => (from < 0 ? fill : 0));
  if (isZero(added)) return padded;
  if (padded.kind === "tensor") return { ...padded, values: padded.values.map((each, i) => each + added[i]) };
  if (padded.kind !== "signal" || value.kind !== "signal") return padded;
  return { ...padded, polynomial: [compressed(added, padded.stage.shape), Float64Array.of(1)] };
}

/** Pixels before and after each axis, [before…, after…], however the operator set spells them. */
function padsOf(node: OperatorNode, rank: number): number[] {
  const given = node.opset < 11 ? node.list(node.opset < 2 ? "paddings" : "pads") : node.wholeNumbers(1);
  if (!given) throw node.malformed("says not how much to pad");
  const axes = node.axes(node.wholeNumbers(3) ?? [...Array(rank).keys()], rank);
  if (given.length !== 2 * axes.length) {
    throw node.malformed(`pads ${rank} dimensions by ${given.length} numbers along ${axes.length} axes`);
  }
  const pads = Array<number>(2 * rank).fill(0);
  for (const [index, axis] of axes.entries()) {
    pads[axis] = given[index];
    pads[rank + axis] = given[axes.length + index];
  }
  return pads;
}
