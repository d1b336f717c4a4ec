/** Small files that ask for much: each is one named error, and little was allocated. */
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { ModelProtoSchema, TensorProtoSchema } from "../../src/nn/onnx/onnx_pb.js";
import { contentsOf } from "../../src/nn/onnx/wire.js";
import { growth } from "./growth.js";
import { failure, model, node, tensor } from "./onnx-builder.js";

describe("sizes are looked at before anything is made", () => {
  it("a million empty nodes in two megabytes", () => {
    const nodes = 2e6; // bytes: field 1 with length 0, again and again
    const graph = [0x3a, 0x80 | (nodes & 127), 0x80 | ((nodes >> 7) & 127), nodes >> 14]; // field 7, its length in three bytes
    const file = new Uint8Array(graph.length + nodes).map((_, at) => graph[at] ?? (at % 2 === 0 ? 0x0a : 0));
    const grown = growth(() => {
      const error = failure(file);
      expect(error).toBeInstanceOf(UnsupportedLayerError);
      expect(error.message).toBe("the file holds 1000001 nodes, attributes, tensors and sizes, more than 65536");
    });
    expect(grown).toBeLessThan(32 * 2 ** 20);
  });

  it("counts what the decoder makes", () => {
    const file = model({
      nodes: [node("Conv", "x w", "h", { group: 1 }), node("Flatten", "h", "y")],
      weights: {},
      card: {},
    });
    // Graph, 2 nodes, 1 attribute, input, its type, tensor type, shape, 4 sizes, output, operator set, metadata.
    // 2 inputs of one node and 1 of the other, 2 outputs.
    expect(contentsOf(ModelProtoSchema, file)).toEqual({ messages: 15, entries: 5 });
    expect(contentsOf(ModelProtoSchema, toBinary(ModelProtoSchema, create(ModelProtoSchema)))).toEqual({
      messages: 0,
      entries: 0,
    });
  });

  it.each([
    ["64-bit integers of a tensor", { name: "w", dataType: 7, int64Data: new Array(2 ** 22 + 1).fill(1n) }],
    ["sizes of a tensor", { name: "w", dataType: 1, dims: new Array(2 ** 22 + 1).fill(1n) }],
  ])("four million %s, which nothing uses: sixty bytes each in memory", (_, initializer) => {
    const graph = { name: "g", node: [node("Identity", "x", "y")], initializer: [initializer] };
    const file = toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, graph }));
    expect(file.length).toBeLessThan(2 ** 23 + 100);
    const grown = growth(() => {
      const error = failure(file);
      expect(error).toBeInstanceOf(UnsupportedLayerError);
      expect(error.message).toBe(`the file's lists take the room of ${2 ** 25 + 10} numbers, more than ${2 ** 25}`);
    });
    expect(grown).toBeLessThan(32 * 2 ** 20);
  });

  it("counts lists as the decoder fills them, packed or one by one", () => {
    const tensorOf = (...bytes: number[]) => contentsOf(TensorProtoSchema, Uint8Array.from(bytes)).entries;
    expect(tensorOf(0x3a, 4, 1, 0x81, 1, 2)).toBe(8 * 3); // int64_data, packed: 1, 129, 2
    expect(tensorOf(0x38, 0x81, 1, 0x38, 5)).toBe(8 * 2);
    expect(tensorOf(0x2a, 3, 1, 2, 3)).toBe(3); // int32_data
    expect(tensorOf(0x22, 8, 0, 0, 0, 0, 0, 0, 0, 0)).toBe(2); // float_data
    expect(tensorOf(0x25, 0, 0, 0, 0)).toBe(1);
    expect(tensorOf(0x52, 8, 0, 0, 0, 0, 0, 0, 0, 0)).toBe(1); // double_data
    expect(tensorOf(0x4a, 3, 1, 2, 3)).toBe(0); // raw_data: a view of the file
  });

  it("one matrix of 2 MB, transposed by each of two thousand nodes", () => {
    const size = 512;
    const nodes = Array.from({ length: 2000 }, (_, k) => node("MatMul", `${k === 0 ? "x" : `h${k - 1}`} w`, `h${k}`));
    const weights = { w: tensor([size, size], new Array(size * size).fill(0.001)) };
    const error = failure({ nodes, weights, input: [1, size], output: "h1999" });
    expect(error).toBeInstanceOf(UnsupportedLayerError);
    expect(error.message).toBe(`the model's weights, each as often as it is used, are more than ${2 ** 25} numbers`);
  });

  it("weights of no value and a trillion channels", () => {
    const w = { dims: [2n ** 40n, 0n, 1n, 1n], dataType: 1 };
    const error = failure({ nodes: [node("Conv", "x w", "y")], weights: { w } });
    expect(error.message).toMatch(/Conv "y_node" has kernel 1×1, but weights of shape \[1099511627776, 0, 1, 1\]/);
    const gemm = failure({
      nodes: [node("Gemm", "x w", "y")],
      weights: { w: { dims: [0n, 2n ** 40n], dataType: 1 } },
      input: [1, 4],
    });
    expect(gemm.message).toMatch(/multiplies \[1, 4\] by \[0, 1099511627776\]/);
  });

  it.each([
    ["padding of a billion pixels", node("Conv", "x w", "h", { pads: [2 ** 30, 2 ** 30, 0, 0] })],
    ["a pad of a billion pixels", node("Pad", "x pads", "p")],
    ["a reshape of the image", node("Reshape", "x shape", "h")],
  ])("%s", (_, first) => {
    const weights = {
      w: tensor([1, 2, 1, 1], [1, 1]),
      pads: { dims: [8n], dataType: 7, int64Data: [0n, 0n, 2n ** 30n, 2n ** 30n, 0n, 0n, 0n, 0n] },
      shape: { dims: [4n], dataType: 7, int64Data: [1n, 2n ** 30n, 2n ** 30n, -1n] },
    };
    const nodes = [
      first,
      ...(first.opType === "Pad" ? [node("Conv", "p w", "h")] : []),
      node("GlobalAveragePool", "h", "y"),
    ];
    const grown = growth(() => expect(failure({ nodes, weights }).message).toMatch(/more than 4194304|cannot make/));
    expect(grown).toBeLessThan(32 * 2 ** 20);
  });
});
