/** Small files that ask for much of whoever plans or runs them: each is one named error, and little was allocated. */
import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { compile, fold, interpret } from "../../src/nn/index.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { growth } from "./growth.js";
import { model, node, tensor } from "./onnx-builder.js";

describe("sizes are looked at before anything is made of a network", () => {
  it("six hundred bytes that asked for 3.1 GB: compile and fold refuse the map before they make anything of it", () => {
    const nodes = [
      node("Conv", "x w", "c"),
      node("GlobalAveragePool", "c", "g"),
      node("Flatten", "g", "f"),
      node("Gemm", "f m", "y"),
    ];
    const weights = { w: tensor([1, 1, 1, 1], [1]), m: tensor([1, 2], [1, -1]) };
    const bytes = model({ nodes, weights, input: [1, 1, 2000, 2000] });
    expect(bytes.length).toBeLessThan(616);
    const network = importOnnx(bytes);
    const grown = growth(() => {
      for (const plan of [compile, fold]) expect(() => plan(network)).toThrow(/the image has 4000000 values/);
    });
    expect(grown).toBeLessThan(2 ** 20);
  });

  it("a network made by hand is not run into a map of no size", () => {
    const one = Float64Array.of(1);
    const conv = {
      op: "conv",
      inChannels: 1,
      outChannels: 1,
      kernel: [1, 1],
      stride: [1, 1],
      dilation: [1, 1],
      padding: { before: [2 ** 30, 2 ** 30], after: [0, 0] },
      groups: 1,
      weights: one,
      bias: one,
    } as const;
    const card = { name: "far", labels: ["a", "b"], positive: 1, threshold: 0.5, input: { scale: 1, offset: 0 } };
    const network = { input: [1, 1, 1], layers: [conv], classes: 2, card };
    expect(() => interpret(network, one)).toThrow(UnsupportedLayerError);
    expect(() => fold(network)).toThrow(UnsupportedLayerError);
  });
});
