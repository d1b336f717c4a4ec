/** Small files that ask for much of whoever plans or runs them: each is one named error, and little was allocated. */
import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { compile, fold, interpret } from "../../src/nn/index.js";
import { TensorProto_DataType } from "../../src/nn/onnx/onnx_pb.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { growth } from "./growth.js";
import { model, node, tensor } from "./onnx-builder.js";

const VECTOR = { s: { dataType: TensorProto_DataType.INT64, dims: [2n], int64Data: [1n, 8192n] } };
const square = node("Mul", "x x", "y");
const moved = [node("Reshape", "x s", "r"), node("Mul", "r r", "y")];
const turned = [
  node("Transpose", "x", "t"),
  node("Mul", "t t", "u"),
  node("Reshape", "u s", "r"),
  node("Mul", "r r", "y"),
];

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

  // What the folds make themselves has the square of what the file says.
  it.each([
    ["a map at the end", [square], [1, 786432, 1, 1], {}, /network's end, 786432×1×1, is a matrix of 618475290624/],
    ["a long vector at the end", moved, [1, 1, 64, 128], VECTOR, /network's end, 1×64×128, is a matrix of 67108864/],
    ["elements in another order", turned, [1, 1, 64, 128], VECTOR, /rearranges 8192, is a matrix of 67108864/],
  ] as const)("%s asks for no square of its size", (_, nodes, input, weights, message) => {
    const bytes = model({ nodes: [...nodes], weights, input: [...input] });
    expect(bytes.length).toBeLessThan(500);
    const network = importOnnx(bytes);
    const grown = growth(() => {
      for (const plan of [compile, fold]) {
        let thrown: unknown;
        try {
          plan(network);
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toBeInstanceOf(UnsupportedLayerError);
        expect((thrown as Error).message).toMatch(message);
      }
    });
    expect(grown).toBeLessThan(2 ** 23);
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
