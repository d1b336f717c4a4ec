import { UnsupportedLayerError } from "../../errors.js";
import type { Layer, Network, Shape } from "../graph/network.js";
import { inputsOf, sameShape, shapeText, sizeOf, valueShapes } from "../graph/shapes.js";
import type { ChannelRanges } from "./curvature.js";
import { Draft } from "./draft.js";
import { newWeights } from "./entries.js";
import type { FoldedLayer } from "./folded.js";
import { type Affinity, identityOf, normOf, spread } from "./terms.js";
import { isWhole, type Sight, termsOf, type View, wholeView } from "./views.js";

/**
 * The same network in the terms of a folded one, nothing folded yet but what only moves numbers.
 * @param ranges of what the quadratics are given, in their order: see `quadRanges`
 * @throws UnsupportedLayerError for activations, and for rearrangements that ask for too large a matrix.
 */
export function lower({ input, layers }: Network, ranges: readonly ChannelRanges[] = []): Draft {
  const draft = new Draft(input);
  const shapes = valueShapes(input, layers);
  const views: View[] = [wholeView(0, input)];
  let quads = 0;
  for (const [index, layer] of layers.entries()) {
    const taken = inputsOf(layer, index).map((value) => views[value]);
    const own = layer.op === "quad" ? ranges[quads++] : undefined;
    const lowering = new Lowering(draft, `layer ${index + 1} (${layer.op})`, own);
    views.push(lowering.view(layer, taken, shapes[index + 1]));
  }
  const last = views[views.length - 1];
  draft.output = isWhole(last) ? last.parts[0].value : materialize(draft, last, "the result").parts[0].value;
  return draft;
}

/** One layer. */
class Lowering {
  constructor(
    private readonly draft: Draft,
    private readonly label: string,
    private readonly ranges?: ChannelRanges,
  ) {}

  /** What the network sees of what the layer gives. */
  view(layer: Layer, [view, ...others]: readonly View[], shape: Shape): View {
    const channels = view.shape[0];
    const extents = view.shape.slice(1);
    const ones = extents.map(() => 1);
    switch (layer.op) {
      case "conv": {
        const { kernel, stride, dilation, padding, groups, weights, bias } = layer;
        const sight = { kernel, stride, dilation, before: padding.before, groups, weights, shape };
        return this.linear(view, sight, "conv", spread(bias, shape));
      }
      case "linear": {
        const flat = { ...view, shape: [sizeOf(view.shape)] };
        const { weights, bias } = layer;
        const sight = { kernel: [], stride: [], dilation: [], before: [], groups: 1, weights, shape };
        return this.linear(flat, sight, "dense", bias);
      }
      case "avgPool":
      case "globalAvgPool": {
        const { kernel, stride } = layer.op === "avgPool" ? layer : { kernel: extents, stride: extents };
        const taps = sizeOf(kernel);
        const weights = new Float64Array(channels * taps).fill(1 / taps);
        const sight = { kernel, stride, dilation: ones, before: ones.map(() => 0), groups: channels, weights, shape };
        return this.linear(view, sight, "pool", new Float64Array(sizeOf(shape)));
      }
      case "batchNorm": {
        const scale = layer.gamma.map((gamma, c) => gamma / Math.sqrt(layer.variance[c] + layer.epsilon));
        const offset = layer.beta.map((beta, c) => beta - scale[c] * layer.mean[c]);
        return this.norm(view, { scale, offset });
      }
      case "affine":
        return this.norm(view, layer);
      case "quad":
        return this.each(view, (value, own, at) => {
          const [a, b, c] = [layer.a, layer.b, layer.c].map((list) => carried(spread(list, view.shape), own, at, 0));
          return { op: "quad", input: value, a, b, c };
        });
      case "polynomial":
        return this.each(view, (value) => ({ op: "polynomial", input: value, polynomial: layer.polynomial }));
      case "activation":
        throw new UnsupportedLayerError(
          `the network has a ${layer.name}, which cannot be computed under encryption`,
          "Replace it by a fitted polynomial (fitActivations), or train with a quadratic a·x² + b·x + c per channel, with batch norm before every activation: training/README.md shows how.",
        );
      case "flatten":
      case "reshape":
        return { ...view, shape };
      case "rearrange":
        return rearranged([view, ...others], layer.index, shape);
      case "add":
      case "multiply":
        return this.joined(layer.op, [view, ...others], shape);
    }
  }

  private linear(view: View, sight: Sight, kind: "conv" | "dense" | "pool", bias: Float64Array): View {
    const { terms, flat } = termsOf(view, sight, this.label);
    const shape = flat ? [sizeOf(sight.shape)] : sight.shape;
    const whole = terms.every((term) => term.groups === 1) && shape.length === 1;
    const layer = { op: "linear", kind: whole ? "dense" : kind, terms, shape, bias } as const;
    const value = this.draft.add(layer, shape);
    return { shape: sight.shape, parts: [{ value, shape }] };
  }

  private norm(view: View, { scale, offset }: Affinity): View {
    const perChannel = isWhole(view) && scale.length === view.shape[0] && view.parts[0].shape[0] === view.shape[0];
    return this.each(view, (value, own, at) => {
      if (perChannel) return normOf(value, own, { scale, offset });
      const [wideScale, wideOffset] = [spread(scale, view.shape), spread(offset, view.shape)];
      return normOf(value, own, { scale: carried(wideScale, own, at, 1), offset: carried(wideOffset, own, at, 0) });
    });
  }

  /** One layer for each part, which works element by element: parameters go where the elements lie. */
  private each(view: View, make: (value: number, own: Shape, at: Places) => FoldedLayer): View {
    const seen = view.index ? requireOnce(view) : true;
    if (!seen) return this.each(materialize(this.draft, view, this.label), make);
    let start = 0;
    const parts = view.parts.map(({ value, shape }) => {
      const at: Places = { index: view.index, start };
      start += sizeOf(shape);
      const made = this.draft.add(make(value, shape, at), shape);
      if (this.ranges) {
        const [low, high] = [this.ranges.low, this.ranges.high].map((list) => spread(list, view.shape));
        this.draft.ranges.set(made, { low: carried(low, shape, at, -1), high: carried(high, shape, at, 1) });
      }
      return { shape, value: made };
    });
    return { ...view, parts };
  }

  /** Views of one shape as values of one shape. */
  private alike(views: readonly View[]): View[] {
    const values = views.map((view) => materialize(this.draft, view, this.label));
    if (values.every(({ parts }) => sameShape(parts[0].shape, values[0].parts[0].shape))) return values;
    // One of them is a vector, whatever its shape: so are all, then.
    return values.map((view) => {
      const [part] = view.parts;
      const vector = [sizeOf(view.shape)];
      if (sameShape(part.shape, vector)) return view;
      return { ...materialize(this.draft, { ...view, shape: vector }, this.label), shape: view.shape };
    });
  }

  private joined(op: "add" | "multiply", views: readonly View[], shape: Shape): View {
    const [first] = views;
    const alike = views.every((view) => sameSight(view, first));
    const whole = alike ? views : this.alike(views.map((view) => ({ ...view, shape })));
    const parts = whole[0].parts.map((part, k) => {
      const inputs = whole.map((view) => view.parts[k].value);
      if (op === "add") return { shape: part.shape, value: this.draft.add({ op, inputs }, part.shape) };
      const [left, right] = inputs;
      const layer: FoldedLayer = left === right ? { op: "square", input: left } : { op, inputs: [left, right] };
      return { shape: part.shape, value: this.draft.add(layer, part.shape) };
    });
    return { ...whole[0], shape, parts };
  }
}

/** A view as a value of its own. Costs a level. */
function materialize(draft: Draft, view: View, label: string): View {
  const { shape } = view;
  const [part] = view.parts;
  if (isWhole(view) && sameShape(part.shape, shape)) return view;
  const { kernel, stride, dilation, before } = identityOf(0, shape).terms[0];
  const channels = shape[0];
  const wayOut = "Put the reshape or the join behind a pooling or a linear layer.";
  const weights = newWeights(channels * channels, `${label}, which rearranges ${shapeText(shape)},`, wayOut);
  for (let c = 0; c < channels; c++) weights[c * channels + c] = 1;
  const { terms, flat } = termsOf(view, { kernel, stride, dilation, before, groups: 1, weights, shape }, label);
  const own = flat ? [sizeOf(shape)] : shape;
  const layer = { op: "linear", kind: "identity", terms, shape: own, bias: new Float64Array(sizeOf(shape)) } as const;
  return { shape, parts: [{ value: draft.add(layer, own), shape: own }] };
}

function rearranged(views: readonly View[], index: Int32Array, shape: Shape): View {
  const parts = views.flatMap((view) => view.parts);
  // Of each element of what is rearranged, its place in all parts.
  const places: number[] = [];
  let start = 0;
  for (const view of views) {
    const size = sizeOf(view.shape);
    for (let i = 0; i < size; i++) {
      const at = view.index ? view.index[i] : i;
      places.push(at < 0 ? -1 : start + at);
    }
    start += view.parts.reduce((sum, part) => sum + sizeOf(part.shape), 0);
  }
  const composed = index.map((from) => (from < 0 ? -1 : places[from]));
  const inOrder = parts.length === 1 && composed.length === start && composed.every((from, i) => from === i);
  return inOrder ? { shape, parts } : { shape, parts, index: composed };
}

/** Where the elements of a part are in the view. */
interface Places {
  readonly index: Int32Array | undefined;
  readonly start: number;
}

/** Numbers for the elements of a part, from those of the view; `neutral` for what the view does not show. */
function carried(values: Float64Array, own: Shape, { index, start }: Places, neutral: number): Float64Array {
  if (!index) return values;
  const size = sizeOf(own);
  const result = new Float64Array(size).fill(neutral);
  for (const [i, from] of index.entries()) if (from >= start && from < start + size) result[from - start] = values[i];
  return result;
}

/** Whether a view shows no element twice, and no zeros, which a layer by element would make other numbers of. */
function requireOnce({ index, parts }: View): boolean {
  const seen = new Uint8Array(parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  return index!.every((from) => from >= 0 && seen[from]++ === 0);
}

function sameSight(a: View, b: View): boolean {
  if (a.parts.length !== b.parts.length || a.parts.some((part, k) => !sameShape(part.shape, b.parts[k].shape)))
    return false;
  if (a.index === b.index) return true;
  return a.index !== undefined && b.index !== undefined && a.index.every((from, i) => from === b.index![i]);
}
