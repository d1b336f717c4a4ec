import { UnsupportedLayerError } from "../../errors.js";
import type { Shape } from "../graph/network.js";
import { sizeOf } from "../graph/shapes.js";
import { isIdentity } from "./moves.js";
import { append, type Marks, type Stage } from "./stage.js";

/** Elements are numbered by Int32Arrays. */
const MOST_ELEMENTS = 2 ** 30;

/**
 * Elements of `sources`, laid one after the other, in a new order: see `Rearrange` in the graph. Rearrangements before it
 * become part of it, so that a transpose and its way back are none; where all elements stay what they are it is the source
 * itself, which may be of another shape.
 */
export function rearranged(
  sources: readonly Stage[],
  index: Int32Array,
  shape: Shape,
  label: string,
  marks: Marks = {},
): Stage {
  const { bases, baseOf, places } = traced(sources, index);
  const used = bases.filter((_, number) => baseOf.includes(number));
  // Zeros alone still need something to be made of.
  const inputs = used.length > 0 ? used : bases.slice(0, 1);
  const total = inputs.reduce((sum, base) => sum + sizeOf(base.shape), 0);
  if (total > MOST_ELEMENTS) {
    throw new UnsupportedLayerError(
      `${label}: it picks from ${total} values`,
      "Networks of that size cannot be encrypted: use smaller feature maps.",
    );
  }
  const inputStarts = startsOf(inputs);
  const starts = bases.map((base) => inputStarts[inputs.indexOf(base)]);
  const packed = places.map((place, i) => (place < 0 ? -1 : starts[baseOf[i]] + place));
  if (inputs.length === 1 && isIdentity(packed, total)) return inputs[0];
  return append(inputs, { op: "rearrange", shape, index: packed }, label, marks);
}

/** For each element of the result: the number of the stage that it comes from, and where it is there; −1 for zeros. */
function traced(sources: readonly Stage[], index: Int32Array) {
  const numbers = new Map<Stage, number>();
  const pieces = sources.map((source) => piecesOf(source, numbers));
  const starts = startsOf(sources);
  const baseOf = new Int32Array(index.length).fill(-1);
  const places = new Int32Array(index.length).fill(-1);
  for (let i = 0; i < index.length; i++) {
    const from = index[i];
    if (from < 0) continue;
    const source = lastAtMost(starts, from);
    const { index: inner, begins, bases } = pieces[source];
    const at = inner ? inner[from - starts[source]] : from - starts[source];
    if (at < 0) continue;
    const piece = lastAtMost(begins, at);
    baseOf[i] = bases[piece];
    places[i] = at - begins[piece];
  }
  return { bases: [...numbers.keys()], baseOf, places };
}

/** What a stage's elements are taken from: the stage itself, or, where it is a rearrangement, that one's inputs. */
function piecesOf(source: Stage, numbers: Map<Stage, number>) {
  const { layer, marks, inputs } = source;
  // One that may be taken into the input must stay what it is.
  const seenThrough = layer?.op === "rearrange" && !marks.turn;
  const stages = seenThrough ? inputs : [source];
  const bases = stages.map((stage) => {
    if (!numbers.has(stage)) numbers.set(stage, numbers.size);
    return numbers.get(stage) ?? 0;
  });
  return { index: seenThrough ? layer.index : undefined, begins: startsOf(stages), bases };
}

/** Where each begins when they are laid one after the other. */
function startsOf(stages: readonly Stage[]): number[] {
  let start = 0;
  return stages.map(({ shape }) => {
    const begin = start;
    start += sizeOf(shape);
    return begin;
  });
}

/** Number of the last entry of an ascending list that is at most `value`. */
function lastAtMost(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (ascending[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
