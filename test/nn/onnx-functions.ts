/** Functions of one number, by formulas of their own, and networks that are held to them. */
import { expect } from "vitest";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Layer } from "../../src/nn/graph/network.js";
import { type ModelInit, node, read } from "./onnx-builder.js";

export const IMAGE = Float64Array.of(-7, -3, -1.5, -0.4, -0.01, 0, 0.3, 0.9, 2, 2.9, 3.1, 8);
export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
export const softplus = (x: number) => Math.log1p(Math.exp(x));
export const tanhGelu = (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** By Simpson's rule on 4000 intervals: good to 10^−13 on this image. */
function erf(x: number): number {
  const [steps, h] = [4000, x / 4000];
  let sum = 0;
  for (let k = 0; k <= steps; k++) {
    const weight = k === 0 || k === steps ? 1 : k % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((k * h) ** 2));
  }
  return ((sum * h) / 3) * (2 / Math.sqrt(Math.PI));
}
export const gelu = (x: number) => (x / 2) * (1 + erf(x / Math.SQRT2));

/** What the nodes make of each number of the image, as the value "q"; gives the layers. */
export function expectFunction(
  nodes: ModelInit["nodes"],
  wanted: (x: number) => number,
  init: Partial<ModelInit> = {},
): readonly Layer[] {
  const network = read({ nodes: [...nodes, node("Flatten", "q", "y")], input: [1, 2, 2, 3], ...init });
  for (const [k, value] of interpret(network, IMAGE).entries()) {
    const expected = wanted(IMAGE[k]);
    expect(Math.abs(value - expected), `of ${IMAGE[k]}`).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)));
  }
  return network.layers.slice(0, -1);
}
