/**
 * What a network sees of the values that are computed: the same elements in other shapes and orders, parts of them, several of
 * them side by side, zeros between them. None of it is computed; it goes into the windows and the weights of the next
 * linear layer.
 */
import type { Shape } from "../graph/network.js";
import { planeOf, sameShape, shapeText, sizeOf } from "../graph/shapes.js";
import { eachTap } from "../graph/windows.js";
import { MOST_ENTRIES, newWeights } from "./entries.js";
import type { LinearTerm } from "./folded.js";
import { joinTerms } from "./joined-terms.js";

export interface Part {
  readonly value: number;
  readonly shape: Shape;
}

export interface View {
  readonly shape: Shape;
  readonly parts: readonly Part[];
  /** Of each element, its place in the parts laid one after the other, −1 for a zero; absent: one part, in its own order. */
  readonly index?: Int32Array;
}

/** A linear layer as the network has it: windows over what it sees. */
export interface Sight {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
  readonly groups: number;
  readonly weights: Float64Array;
  /** Of what it gives: [out, ...windows]. */
  readonly shape: Shape;
}

export function wholeView(value: number, shape: Shape): View {
  return { shape, parts: [{ value, shape }] };
}

/** Whether a view is one value as it is, but for its shape. */
export function isWhole({ index, parts }: View): boolean {
  return index === undefined && parts.length === 1;
}

/**
 * The layer on the values behind a view, as terms; `flat` where their result is one vector, [all outputs in order], because
 * only a matrix can see what the view shows.
 */
export function termsOf(view: View, sight: Sight, label: string): { terms: LinearTerm[]; flat: boolean } {
  const { kernel, stride, dilation, before, groups, weights } = sight;
  const [part] = view.parts;
  if (isWhole(view) && sameShape(part.shape, view.shape)) {
    return { terms: [{ input: part.value, kernel, stride, dilation, before, groups, weights }], flat: false };
  }
  const moved = isMatrix(view, sight) ? undefined : channelTerms(view, sight);
  return moved ? { terms: moved, flat: false } : { terms: columns(view, sight, label), flat: true };
}

/** Each output sees everything, once. */
function isMatrix(view: View, { kernel, groups, before, shape }: Sight): boolean {
  const [, ...extents] = view.shape;
  const all = extents.every((extent, axis) => kernel[axis] === extent && before[axis] === 0);
  return all && groups === 1 && planeOf(shape) === 1;
}

/** A matrix from each part to all outputs. */
function columns(view: View, sight: Sight, label: string): LinearTerm[] {
  const { shape, groups, weights, kernel } = sight;
  const outputs = sizeOf(shape);
  const index = view.index ?? Int32Array.from({ length: sizeOf(view.shape) }, (_, i) => i);
  const sizes = view.parts.map((part) => sizeOf(part.shape));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const what = `${label} on rearranged values (${shapeText(view.shape)})`;
  const rows = newWeights(outputs * total, what, "Put the reshape or transpose behind the pooling, or leave it out.");
  const [taps, inPlane, outPlane] = [sizeOf(kernel), planeOf(view.shape), planeOf(shape)];
  const [inGroup, outGroup] = [view.shape[0] / groups, shape[0] / groups];
  eachTap(windowsOf(view.shape, sight), (window, tap, element) => {
    for (let o = 0; o < shape[0]; o++) {
      const first = Math.floor(o / outGroup) * inGroup;
      for (let i = 0; i < inGroup; i++) {
        const from = index[(first + i) * inPlane + element];
        if (from < 0) continue;
        rows[(o * outPlane + window) * total + from] += weights[(o * inGroup + i) * taps + tap];
      }
    }
  });
  let start = 0;
  return view.parts.map(({ value, shape: own }, k): LinearTerm => {
    const own0 = start;
    start += sizes[k];
    const ones = own.slice(1).map(() => 1);
    const block = new Float64Array(outputs * sizes[k]);
    for (let o = 0; o < outputs; o++)
      block.set(rows.subarray(o * total + own0, o * total + own0 + sizes[k]), o * sizes[k]);
    const whole = { kernel: own.slice(1), stride: ones, dilation: ones, before: ones.map(() => 0), groups: 1 };
    return { input: value, ...whole, weights: block };
  });
}

/** Of a channel of a view, which channel of which part it shows, and how its places are spaced: place p shows p·step + shift. */
interface Shown {
  readonly part: number;
  readonly channel: number;
  readonly step: readonly number[];
  readonly shift: readonly number[];
}

/** Terms over parts whose channels are shown whole, cropped, padded or strided; undefined where something else is shown. */
function channelTerms(view: View, sight: Sight): LinearTerm[] | undefined {
  const { index, parts } = view;
  if (!index || parts.some((part) => part.shape.length !== view.shape.length)) return undefined;
  const runs = new Map<string, { shown: Shown; channels: Map<number, number> }>();
  for (let c = 0; c < view.shape[0]; c++) {
    const shown = shownBy(view, c);
    if (shown === undefined) return undefined;
    if (shown === "nothing") continue;
    const key = `${shown.part} ${shown.step} ${shown.shift}`;
    if (!runs.has(key)) runs.set(key, { shown, channels: new Map() });
    const { channels } = runs.get(key)!;
    // The same channel twice would need two weights at one place: sums, which a second term has.
    if (channels.has(shown.channel)) return undefined;
    channels.set(shown.channel, c);
  }
  // Each term has a weight for each channel of its part, zeros too: where that is much, it is a matrix or a refusal.
  const own = Math.max(...parts.map((part) => part.shape[0]));
  if (runs.size > 1 && runs.size * sight.shape[0] * own * sizeOf(sight.kernel) > MOST_ENTRIES) return undefined;
  const terms: LinearTerm[] = [];
  for (const { shown, channels } of runs.values()) {
    const term = termOf(view, sight, shown, channels);
    if (!term) return undefined;
    terms.push(term);
  }
  if (terms.length === 0) return undefined;
  return parts.length === 1 ? joinTerms(terms, parts[0].shape[0], sight.shape[0]) : terms;
}

function termOf(view: View, sight: Sight, shown: Shown, channels: ReadonlyMap<number, number>): LinearTerm | undefined {
  const part = view.parts[shown.part];
  const { kernel, weights, groups, shape } = sight;
  const { step, shift } = shown;
  const stride = sight.stride.map((each, axis) => each * step[axis]);
  const dilation = sight.dilation.map((each, axis) => each * step[axis]);
  const before = sight.before.map((each, axis) => each * step[axis] - shift[axis]);
  if (!seesZeros(view, sight, part, shown)) return undefined;
  const taps = sizeOf(kernel);
  const own = part.shape[0];
  const inOrder = own === view.shape[0] && channels.size === own && [...channels].every(([from, to]) => from === to);
  if (inOrder) return { input: part.value, kernel, stride, dilation, before, groups, weights };
  const [inGroup, outGroup] = [view.shape[0] / groups, shape[0] / groups];
  if (shape[0] * own * taps > MOST_ENTRIES) return undefined;
  const selected = new Float64Array(shape[0] * own * taps);
  for (const [from, to] of channels) {
    for (let o = 0; o < shape[0]; o++) {
      const i = to - Math.floor(o / outGroup) * inGroup;
      if (i < 0 || i >= inGroup) continue;
      const at = (o * inGroup + i) * taps;
      selected.set(weights.subarray(at, at + taps), (o * own + from) * taps);
    }
  }
  return { input: part.value, kernel, stride, dilation, before, groups: 1, weights: selected };
}

/** Whether the layer's own padding, around what the view shows, is zero in the part, too: a crop may have cut values there. */
function seesZeros(
  view: View,
  { kernel, stride, dilation, before, shape }: Sight,
  part: Part,
  { step, shift }: Shown,
): boolean {
  return kernel.every((taps, axis) => {
    for (let window = 0; window < (shape[axis + 1] ?? 1); window++) {
      for (let tap = 0; tap < taps; tap++) {
        const place = window * stride[axis] + tap * dilation[axis] - before[axis];
        if (place >= 0 && place < view.shape[axis + 1]) continue;
        const from = place * step[axis] + shift[axis];
        if (from >= 0 && from < part.shape[axis + 1]) return false;
      }
    }
    return true;
  });
}

function shownBy({ shape, parts, index }: View, channel: number): Shown | "nothing" | undefined {
  const plane = planeOf(shape);
  const places = index!.subarray(channel * plane, (channel + 1) * plane);
  const first = places.findIndex((from) => from >= 0);
  if (first < 0) return "nothing";
  let start = 0;
  let part = 0;
  while (places[first] >= start + sizeOf(parts[part].shape)) start += sizeOf(parts[part++].shape);
  const own = parts[part].shape;
  const ownPlane = planeOf(own);
  const inside = places[first] - start;
  const from = coordinates(inside % ownPlane, own.slice(1));
  const at = coordinates(first, shape.slice(1));
  const step = shape.slice(1).map((extent, axis) => {
    // The next place along the axis that shows something says how they are spaced.
    const stride = planeOf(shape.slice(axis + 1));
    const next = at[axis] + 1 < extent ? places[first + stride] : -1;
    if (next < 0) return 1;
    const there = coordinates((next - start) % ownPlane, own.slice(1));
    return there[axis] - from[axis];
  });
  if (step.some((each) => each < 1)) return undefined;
  const shown: Shown = {
    part,
    channel: Math.floor(inside / ownPlane),
    step,
    shift: from.map((each, axis) => each - at[axis] * step[axis]),
  };
  for (const [place, actual] of places.entries()) {
    const wanted = coordinates(place, shape.slice(1)).map((each, axis) => each * step[axis] + shown.shift[axis]);
    const inPart = wanted.every((each, axis) => each >= 0 && each < own[axis + 1]);
    const element = wanted.reduce((sum, each, axis) => sum * own[axis + 1] + each, 0);
    if (actual !== (inPart ? start + shown.channel * ownPlane + element : -1)) return undefined;
  }
  return shown;
}

function coordinates(index: number, extents: readonly number[]): number[] {
  const found: number[] = [];
  for (let axis = extents.length - 1, rest = index; axis >= 0; axis--) {
    found[axis] = rest % extents[axis];
    rest = Math.floor(rest / extents[axis]);
  }
  return found;
}

function windowsOf(input: Shape, { kernel, stride, dilation, before, shape }: Sight) {
  const output = input.slice(1).map((_, axis) => shape[axis + 1] ?? 1);
  return { input: input.slice(1), output, kernel, stride, dilation, padding: { before } };
}
