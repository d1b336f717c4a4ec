/** The kinds of linear layers that the folds make and recognise. */
import type { Shape } from "../graph/network.js";
import { planeOf, sameShape, sizeOf } from "../graph/shapes.js";
import { correlate } from "../graph/windows.js";
import type { FoldedLinear, LinearTerm } from "./folded.js";

/** A number for each channel, or one for each element. */
export interface Affinity {
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

/** Windows of one element, each channel by itself. */
function byChannel(input: number, shape: Shape, weights: Float64Array): LinearTerm {
  const ones = shape.slice(1).map(() => 1);
  return {
    input,
    kernel: ones,
    stride: ones,
    dilation: ones,
    before: ones.map(() => 0),
    groups: shape[0],
    weights,
  };
}

/** y = scale·x + offset: per channel in the weights, per element beside them. */
export function normOf(
  input: number,
  shape: Shape,
  { scale, offset }: Affinity,
  kind: FoldedLinear["kind"] = "norm",
): FoldedLinear {
  const bias = spread(offset, shape);
  if (scale.length === shape[0]) return { op: "linear", kind, terms: [byChannel(input, shape, scale)], shape, bias };
  const ones = new Float64Array(shape[0]).fill(1);
  return { op: "linear", kind, terms: [byChannel(input, shape, ones)], shape, bias, outScale: scale };
}

export function identityOf(input: number, shape: Shape): FoldedLinear {
  const ones = new Float64Array(shape[0]).fill(1);
  return normOf(input, shape, { scale: ones, offset: new Float64Array(shape[0]) }, "identity");
}

/** What a norm of values of the shape `input` does, per channel where it can be said so; undefined for a layer that is none. */
export function affinityOf(layer: FoldedLinear, input: Shape): Affinity | undefined {
  if ((layer.kind !== "norm" && layer.kind !== "identity") || layer.terms.length !== 1) return undefined;
  const { shape, outScale, bias } = layer;
  const [{ weights, inScale, kernel, groups, before }] = layer.terms;
  // An identity may crop, pad or choose channels: it is none then.
  if (!sameShape(shape, input) || before.some((zeros) => zeros !== 0)) return undefined;
  if (groups !== shape[0] || sizeOf(kernel) !== 1 || weights.length !== shape[0]) return undefined;
  if (!outScale && !inScale) {
    const offset = perChannel(bias, shape);
    if (offset) return { scale: weights, offset };
  }
  const wide = spread(weights, shape);
  return { scale: wide.map((value, i) => value * (outScale?.[i] ?? 1) * (inScale?.[i] ?? 1)), offset: bias };
}

/** Of a pooling whose windows tile values of the shape `input`: their extents, and the one weight that all taps have. */
export function poolingOf(
  layer: FoldedLinear,
  input: Shape,
): { kernel: readonly number[]; weight: number } | undefined {
  if (layer.kind !== "pool" || layer.terms.length !== 1 || layer.outScale) return undefined;
  const [{ kernel, stride, before, dilation, weights, groups, inScale }] = layer.terms;
  const tiles =
    groups === layer.shape[0] &&
    !inScale &&
    kernel.every((taps, axis) => taps === stride[axis] && before[axis] === 0 && (taps === 1 || dilation[axis] === 1)) &&
    kernel.every((taps, axis) => layer.shape[axis + 1] === Math.floor(input[axis + 1] / taps)) &&
    weights.every((weight) => weight === weights[0]) &&
    layer.bias.every((bias) => bias === 0);
  return tiles ? { kernel, weight: weights[0] } : undefined;
}

/** One number for each element. */
export function spread(values: Float64Array, shape: Shape): Float64Array {
  const size = sizeOf(shape);
  if (values.length === size) return values;
  const plane = planeOf(shape);
  return Float64Array.from({ length: size }, (_, i) => values[Math.floor(i / plane)]);
}

/** One number for each channel, where all elements of each have the same. */
export function perChannel(values: Float64Array, shape: Shape): Float64Array | undefined {
  const plane = planeOf(shape);
  if (values.length === shape[0] && plane !== 1) return values;
  for (const [i, value] of values.entries()) if (value !== values[i - (i % plane)]) return undefined;
  return Float64Array.from({ length: shape[0] }, (_, c) => values[c * plane]);
}

/** What a term makes of `values`, outScale and bias left aside: [out][...windows]. */
export function applyTerm(term: LinearTerm, input: Shape, shape: Shape, values: Float64Array): Float64Array {
  const { kernel, stride, dilation, before, groups, weights, inScale } = term;
  const output = input.map((_, d) => shape[d] ?? 1);
  const sums = new Float64Array(sizeOf(output));
  const windows = { input: input.slice(1), output: output.slice(1), kernel, stride, dilation, padding: { before } };
  const scaled = inScale ? values.map((value, at) => value * inScale[at]) : values;
  correlate({ windows, inChannels: input[0], outChannels: output[0], groups, weights }, scaled, sums);
  return sums;
}

/** The layer that gives for x what `layer` gives for scale·x + offset in the value `input`. */
export function absorbBefore(
  layer: FoldedLinear,
  input: number,
  shape: Shape,
  { scale, offset }: Affinity,
): FoldedLinear {
  const wide = spread(offset, shape);
  const shifts = wide.some((value) => value !== 0);
  let bias = layer.bias;
  const terms = layer.terms.map((term) => {
    if (term.input !== input) return term;
    if (shifts) {
      const share = applyTerm(term, shape, layer.shape, wide);
      bias = bias.map((value, i) => value + share[i] * (layer.outScale?.[i] ?? 1));
    }
    if (scale.length !== shape[0]) {
      return { ...term, inScale: scale.map((value, i) => value * (term.inScale?.[i] ?? 1)) };
    }
    return { ...term, weights: scaleInputs(term, shape, layer.shape, scale) };
  });
  return { ...layer, terms, bias };
}

/** The layer that gives scale·y + offset where `layer` gives y. */
export function absorbAfter(layer: FoldedLinear, { scale, offset }: Affinity): FoldedLinear {
  const { shape } = layer;
  const [wideScale, wideOffset] = [spread(scale, shape), spread(offset, shape)];
  const bias = layer.bias.map((value, i) => wideScale[i] * value + wideOffset[i]);
  if (scale.length !== shape[0]) {
    return { ...layer, bias, outScale: wideScale.map((value, i) => value * (layer.outScale?.[i] ?? 1)) };
  }
  const terms = layer.terms.map((term) => {
    const run = term.weights.length / shape[0];
    return { ...term, weights: term.weights.map((value, i) => value * scale[Math.floor(i / run)]) };
  });
  return { ...layer, terms, bias };
}

function scaleInputs(term: LinearTerm, input: Shape, shape: Shape, scale: Float64Array): Float64Array {
  const taps = sizeOf(term.kernel);
  const [inGroup, outGroup] = [input[0] / term.groups, shape[0] / term.groups];
  return term.weights.map((weight, i) => {
    const plane = Math.floor(i / taps);
    const channel = Math.floor(Math.floor(plane / inGroup) / outGroup) * inGroup + (plane % inGroup);
    return weight * scale[channel];
  });
}
