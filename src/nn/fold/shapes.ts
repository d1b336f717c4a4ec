import type { Shape } from "../graph/network.js";
import { sameShape, shapeText, sizeOf } from "../graph/shapes.js";
import { type FoldedLayer, type FoldedNetwork, type LinearTerm, takenBy } from "./folded.js";

/**
 * Shapes of all values of a folded network: of the image, then of what each layer gives.
 * @throws RangeError for a layer that contradicts itself, or what it takes.
 */
export function foldedShapes({ input, layers }: Pick<FoldedNetwork, "input" | "layers">): Shape[] {
  const shapes: Shape[] = [input];
  for (const [index, layer] of layers.entries()) {
    for (const value of takenBy(layer)) {
      if (!(Number.isInteger(value) && value >= 0 && value <= index)) {
        throw new RangeError(`folded layer ${index} (${layer.op}) takes value ${value}, which is not there before it`);
      }
    }
    shapes.push(shapeOf(layer, shapes));
  }
  return shapes;
}

function shapeOf(layer: FoldedLayer, shapes: readonly Shape[]): Shape {
  switch (layer.op) {
    case "linear": {
      const { terms, shape, bias, outScale } = layer;
      if (terms.length === 0) throw new RangeError("a linear layer without a term");
      for (const term of terms) expectTerm(term, shapes[term.input], shape);
      expectLength("bias", bias, sizeOf(shape));
      if (outScale) expectLength("outScale", outScale, sizeOf(shape));
      return shape;
    }
    case "quad":
      for (const name of ["a", "b", "c"] as const) expectLength(name, layer[name], sizeOf(shapes[layer.input]));
      return shapes[layer.input];
    case "shift":
      expectLength("offset", layer.offset, sizeOf(shapes[layer.input]));
      return shapes[layer.input];
    case "sumPool": {
      const shape = shapes[layer.input];
      expectLength("kernel", layer.kernel, shape.length - 1);
      return shape.map((extent, d) => (d === 0 ? extent : Math.floor(extent / layer.kernel[d - 1])));
    }
    case "add":
    case "multiply": {
      const [first, ...rest] = layer.inputs.map((value) => shapes[value]);
      for (const other of rest) {
        if (!sameShape(other, first))
          throw new RangeError(`${layer.op} of ${shapeText(first)} and ${shapeText(other)}`);
      }
      return first;
    }
    default:
      return shapes[layer.input];
  }
}

function expectTerm(term: LinearTerm, input: Shape, output: Shape): void {
  const { kernel, stride, dilation, before, groups, weights, inScale } = term;
  for (const list of [kernel, stride, dilation, before]) expectLength("a list of a term", list, input.length - 1);
  if (!(groups >= 1 && input[0] % groups === 0 && output[0] % groups === 0)) {
    throw new RangeError(`${input[0]} channels to ${output[0]} in ${groups} groups`);
  }
  const vector = output.length === 1;
  if (!vector && output.length !== input.length) throw new RangeError(`${shapeText(input)} to ${shapeText(output)}`);
  expectLength("weights", weights, (output[0] * input[0] * sizeOf(kernel)) / groups);
  if (inScale) expectLength("inScale", inScale, sizeOf(input));
}

function expectLength(name: string, list: { readonly length: number }, length: number): void {
  if (list.length !== length) throw new RangeError(`${name} has ${list.length} values instead of ${length}`);
}
