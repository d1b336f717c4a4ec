import type { Shape } from "../graph/network.js";
import { planeOf, sizeOf } from "../graph/shapes.js";
import { eachTap } from "../graph/windows.js";
import type { Draft } from "./draft.js";
import { MOST_ENTRIES } from "./entries.js";
import type { FoldedLinear, LinearTerm } from "./folded.js";
import { applyTerm } from "./terms.js";

/**
 * Linear after linear becomes one map where no other is needed for what comes between: a pooling (global, mean or sum) or a matrix,
 * and the matrix after it; a map by element or a convolution of one tap, and the convolution before or after it.
 * Other convolutions stay convolutions.
 */
export function foldLinears(draft: Draft): void {
  for (const [id] of draft.entries()) {
    for (let merged = true; merged; ) {
      merged = false;
      const layer = draft.linear(id);
      if (layer?.terms.length !== 1) break;
      const [{ input }] = layer.terms;
      if (draft.soleConsumer(input) !== id) break;
      const product = productWith(draft, layer, input);
      if (!product) break;
      draft.set(id, product);
      draft.remove(input, takenBefore(draft, input));
      merged = true;
    }
  }
}

/** What the layer before takes: all of its terms are in the product now. */
function takenBefore(draft: Draft, id: number): number {
  const layer = draft.at(id)!;
  return layer.op === "linear" ? layer.terms[0].input : "input" in layer ? layer.input : 0;
}

/** `layer` after the layer that gives its value `input`. */
function productWith(draft: Draft, layer: FoldedLinear, input: number): FoldedLinear | undefined {
  const before = draft.at(input);
  const [term] = layer.terms;
  if (before?.op === "sumPool") {
    if (!isMatrix(layer, draft.shape(input))) return undefined;
    const pooled = draft.shape(before.input);
    return withTerm(layer, behindWindows(term, layer, pooled, before.kernel, draft.shape(input), before.input, 1));
  }
  if (before?.op !== "linear") return undefined;
  const [own] = before.terms;
  const simple = before.terms.length === 1 && !before.outScale && !own.inScale && !term.inScale;
  if (!simple) return undefined;
  if (isMatrix(layer, before.shape)) {
    const from = draft.shape(own.input);
    const pooling = draft.pooling(input);
    if (pooling) {
      const { kernel, weight } = pooling;
      return withTerm(layer, behindWindows(term, layer, from, kernel, before.shape, own.input, weight));
    }
    if (isMatrix(before, from)) return matrixProduct(layer, term, before, own, from);
    // What makes a vector of the last map: the map's own layer as a matrix then.
    if (layer.kind === "identity") {
      const matrix = asMatrix(before, own, from);
      return matrix && matrixProduct(layer, term, matrix, matrix.terms[0], from);
    }
  }
  return pointwiseProduct(draft, layer, term, before, own);
}

function withTerm(layer: FoldedLinear, term: LinearTerm | undefined): FoldedLinear | undefined {
  return term && { ...layer, terms: [term] };
}

/** The same layer as a matrix, where that has not too many entries. */
function asMatrix(layer: FoldedLinear, term: LinearTerm, from: Shape): FoldedLinear | undefined {
  const { shape } = layer;
  const [outputs, columns] = [sizeOf(shape), sizeOf(from)];
  if (outputs * columns > MOST_ENTRIES) return undefined;
  const taps = sizeOf(term.kernel);
  const whole = ungrouped(term, shape[0], from[0]);
  const [plane, windows] = [planeOf(from), planeOf(shape)];
  const weights = new Float64Array(outputs * columns);
  const { kernel, stride, dilation, before } = term;
  const moving = { input: from.slice(1), output: shape.slice(1), kernel, stride, dilation, padding: { before } };
  eachTap(moving, (window, tap, element) => {
    for (let o = 0; o < shape[0]; o++) {
      for (let c = 0; c < from[0]; c++) {
        weights[(o * windows + window) * columns + c * plane + element] = whole[(o * from[0] + c) * taps + tap];
      }
    }
  });
  return { ...layer, shape: [outputs], terms: [{ ...wholeOf(from), input: term.input, weights }] };
}

/** Whether a layer sees all of its input at once. */
function isMatrix({ terms, shape }: FoldedLinear, input: Shape): boolean {
  const [{ kernel, groups, before, inScale }] = terms;
  const whole = kernel.every((taps, axis) => taps === input[axis + 1] && before[axis] === 0);
  return whole && groups === 1 && !inScale && planeOf(shape) === 1;
}

function behindWindows(
  term: LinearTerm,
  { shape }: FoldedLinear,
  from: Shape,
  kernel: readonly number[],
  pooled: Shape,
  input: number,
  factor: number,
): LinearTerm | undefined {
  const [columns, places] = [sizeOf(from), sizeOf(pooled)];
  if (shape[0] * columns > MOST_ENTRIES) return undefined;
  const [plane, windows] = [planeOf(from), planeOf(pooled)];
  const weights = new Float64Array(shape[0] * columns);
  const moving = { input: from.slice(1), output: pooled.slice(1), kernel, stride: kernel };
  eachTap(moving, (window, _tap, element) => {
    for (let c = 0; c < from[0]; c++) {
      for (let o = 0; o < shape[0]; o++) {
        weights[o * columns + c * plane + element] = factor * term.weights[o * places + c * windows + window];
      }
    }
  });
  return { ...wholeOf(from), input, weights };
}

function matrixProduct(
  layer: FoldedLinear,
  term: LinearTerm,
  before: FoldedLinear,
  own: LinearTerm,
  from: Shape,
): FoldedLinear | undefined {
  const [outputs, inner, columns] = [layer.shape[0], before.shape[0], sizeOf(from)];
  if (outputs * columns > MOST_ENTRIES) return undefined;
  const weights = new Float64Array(outputs * columns);
  const bias = layer.bias.slice();
  for (let o = 0; o < outputs; o++) {
    for (let k = 0; k < inner; k++) {
      const weight = term.weights[o * inner + k];
      bias[o] += weight * before.bias[k];
      for (let i = 0; i < columns; i++) weights[o * columns + i] += weight * own.weights[k * columns + i];
    }
  }
  return { ...layer, terms: [{ ...wholeOf(from), input: own.input, weights }], bias };
}

/** Where one of the two has one tap only, and the other none that its padding would see differently. */
function pointwiseProduct(
  draft: Draft,
  layer: FoldedLinear,
  term: LinearTerm,
  before: FoldedLinear,
  own: LinearTerm,
): FoldedLinear | undefined {
  if ([before, layer].some(({ kind }) => kind === "pool" || kind === "dense" || kind === "norm")) return undefined;
  const [after, first] = [isPointwise(term), isPointwise(own)];
  if (!after && !first) return undefined;
  const from = draft.shape(own.input);
  const [outputs, inner, inputs] = [layer.shape[0], before.shape[0], from[0]];
  const windows = after ? own : term;
  const taps = sizeOf(windows.kernel);
  if (Math.max(outputs * inputs, outputs * inner, inner * inputs) * taps > MOST_ENTRIES) return undefined;
  const weights = new Float64Array(outputs * inputs * taps);
  const [left, right] = [ungrouped(term, outputs, inner), ungrouped(own, inner, inputs)];
  const [leftTaps, rightTaps] = [sizeOf(term.kernel), sizeOf(own.kernel)];
  for (let o = 0; o < outputs; o++) {
    for (let m = 0; m < inner; m++) {
      for (let i = 0; i < inputs; i++) {
        for (let tap = 0; tap < taps; tap++) {
          const weight = left[(o * inner + m) * leftTaps + (after ? 0 : tap)];
          weights[(o * inputs + i) * taps + tap] += weight * right[(m * inputs + i) * rightTaps + (after ? tap : 0)];
        }
      }
    }
  }
  const share = applyTerm(term, before.shape, layer.shape, before.bias);
  const bias = layer.bias.map((value, i) => value + share[i] * (layer.outScale?.[i] ?? 1));
  return { ...layer, kind: "conv", terms: [{ ...windows, groups: 1, input: own.input, weights }], bias };
}

function isPointwise({ kernel, stride, before }: LinearTerm): boolean {
  return kernel.every((taps, axis) => taps === 1 && stride[axis] === 1 && before[axis] === 0);
}

/** Weights [out][in][taps], zeros between groups. */
function ungrouped({ weights, groups, kernel }: LinearTerm, outputs: number, inputs: number): Float64Array {
  if (groups === 1) return weights;
  const taps = sizeOf(kernel);
  const [inGroup, outGroup] = [inputs / groups, outputs / groups];
  const whole = new Float64Array(outputs * inputs * taps);
  for (let o = 0; o < outputs; o++) {
    const first = Math.floor(o / outGroup) * inGroup;
    const run = weights.subarray(o * inGroup * taps, (o + 1) * inGroup * taps);
    whole.set(run, (o * inputs + first) * taps);
  }
  return whole;
}

function wholeOf(from: Shape): Omit<LinearTerm, "input" | "weights"> {
  const ones = from.slice(1).map(() => 1);
  return { kernel: from.slice(1), stride: ones, dilation: ones, before: ones.map(() => 0), groups: 1 };
}
