import { isPowerOfTwo } from "../../ckks/slots.js";
import { UnsupportedLayerError } from "../../errors.js";
import type { Shape } from "../graph/network.js";
import { shapeText, sizeOf } from "../graph/shapes.js";
import { newWeights } from "./entries.js";
import { type FoldedLayer, type FoldedLinear, type FoldedNetwork, takenBy } from "./folded.js";
import { foldedShapes } from "./shapes.js";

/**
 * The network with everything in it that a program can say: sum pools that cannot be rotations are matrices, and what ends it is a
 * linear layer that gives a vector. Layers keep their order, not their numbers.
 */
export function programmable(folded: FoldedNetwork): FoldedNetwork {
  const uses = usesOf(folded.layers);
  const shapes = foldedShapes(folded);
  const layers = folded.layers.map((layer, index): FoldedLayer => {
    if (layer.op !== "sumPool" || isRotations(folded.layers, uses, index)) return layer;
    return poolMatrix(layer.input, shapes[layer.input], shapes[index + 1], layer.kernel);
  });
  const last = layers.at(-1);
  const shape = shapes[shapes.length - 1];
  if (sizeOf(shape) !== folded.classes) {
    throw new UnsupportedLayerError(
      `the network announces ${folded.classes} classes but ends with ${shapeText(shape)}`,
      "Give the last linear layer one output for each class.",
    );
  }
  if (last?.op === "linear" && last.shape.slice(1).every((extent) => extent === 1)) return { ...folded, layers };
  return { ...folded, layers: [...layers, vectorOf(layers.length, shape)] };
}

/** How many layers take each value. */
export function usesOf(layers: readonly FoldedLayer[]): number[] {
  const uses = Array<number>(layers.length + 1).fill(0);
  for (const layer of layers) for (const value of takenBy(layer)) uses[value]++;
  return uses;
}

/** Whether a sum pool can be rotations at the end of the stage before it. */
export function isRotations(layers: readonly FoldedLayer[], uses: readonly number[], index: number): boolean {
  const layer = layers[index];
  if (layer.op !== "sumPool" || layer.input === 0 || index === layers.length - 1) return false;
  const before = layers[layer.input - 1];
  const summable =
    before.op === "linear" ||
    before.op === "square" ||
    before.op === "quad" ||
    (before.op === "sumPool" && isRotations(layers, uses, layer.input - 1));
  return summable && uses[layer.input] === 1 && layer.kernel.every(isPowerOfTwo);
}

function poolMatrix(input: number, from: Shape, shape: Shape, kernel: readonly number[]): FoldedLinear {
  const channels = from[0];
  const weights = new Float64Array(channels * sizeOf(kernel)).fill(1);
  const none = kernel.map(() => 0);
  const term = {
    input,
    kernel,
    stride: kernel,
    dilation: kernel.map(() => 1),
    before: none,
    groups: channels,
    weights,
  };
  return { op: "linear", kind: "pool", terms: [term], shape, bias: new Float64Array(sizeOf(shape)) };
}

/** The value itself, as a vector. */
export function vectorOf(input: number, from: Shape): FoldedLinear {
  const size = sizeOf(from);
  const kernel = from.slice(1);
  const what = `what makes a vector of the network's end, ${shapeText(from)},`;
  const weights = newWeights(size * size, what, "End the network with a linear layer of a few outputs.");
  for (let i = 0; i < size; i++) weights[i * size + i] = 1;
  const ones = kernel.map(() => 1);
  const term = { input, kernel, stride: ones, dilation: ones, before: kernel.map(() => 0), groups: 1, weights };
  return { op: "linear", kind: "identity", terms: [term], shape: [size], bias: new Float64Array(size) };
}
