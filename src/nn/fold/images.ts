import type { Shape } from "../graph/network.js";
import type { FoldedLayer, FoldedNetwork } from "./folded.js";
import { foldedShapes } from "./shapes.js";

/**
 * The same network on several images side by side: one more axis, the last, that no layer mixes. A vector has as many axes as what it
 * is made from, of one element each.
 */
export function withImages(folded: FoldedNetwork, images: number): FoldedNetwork {
  if (images === 1) return folded;
  const input = [...folded.input, images];
  const layers: FoldedLayer[] = [];
  const shapes: Shape[] = [input];
  for (const layer of folded.layers) {
    layers.push(wider(layer, shapes, images));
    shapes.push(foldedShapes({ input, layers })[layers.length]);
  }
  return { ...folded, input, layers };
}

function wider(layer: FoldedLayer, shapes: readonly Shape[], images: number): FoldedLayer {
  const wide = (values: Float64Array) => repeated(values, images);
  const list = (values: readonly number[], value: number, neutral: number) => {
    const axes = shapes[value].length - 1;
    return [...values, ...Array<number>(axes - values.length).fill(neutral)];
  };
  switch (layer.op) {
    case "linear": {
      const terms = layer.terms.map((term) => ({
        ...term,
        kernel: list(term.kernel, term.input, 1),
        stride: list(term.stride, term.input, 1),
        dilation: list(term.dilation, term.input, 1),
        before: list(term.before, term.input, 0),
        ...(term.inScale && { inScale: wide(term.inScale) }),
      }));
      const dimensions = shapes[layer.terms[0].input].length;
      const ones = Array<number>(dimensions - 1 - layer.shape.length).fill(1);
      const result = { ...layer, terms, shape: [...layer.shape, ...ones, images], bias: wide(layer.bias) };
      return layer.outScale ? { ...result, outScale: wide(layer.outScale) } : result;
    }
    case "quad":
      return { ...layer, a: wide(layer.a), b: wide(layer.b), c: wide(layer.c) };
    case "shift":
      return { ...layer, offset: wide(layer.offset) };
    case "sumPool":
      return { ...layer, kernel: list(layer.kernel, layer.input, 1) };
    default:
      return layer;
  }
}

/** Each number as often as there are images. */
export function repeated(values: Float64Array, images: number): Float64Array {
  return Float64Array.from({ length: values.length * images }, (_, i) => values[Math.floor(i / images)]);
}
