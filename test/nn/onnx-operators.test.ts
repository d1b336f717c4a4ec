import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { failure, model, node, operators, read, tensor } from "./onnx-builder.js";

describe("operators", () => {
  const flat = node("Flatten", "h", "y");
  const w = tensor([1, 2, 3, 3], Array(18).fill(1));

  it.each([
    [[1, 1], { before: [1, 1], after: [1, 1] }],
    [[2, 2], { before: [0, 0], after: [1, 1] }],
    [[3, 3], { before: [1, 1], after: [1, 1] }],
  ])("SAME_UPPER with strides %j pads %j on 4×4", (strides, padding) => {
    const [conv] = read({
      nodes: [node("Conv", "x w", "h", { auto_pad: "SAME_UPPER", strides }), flat],
      weights: { w },
    }).layers;
    expect(conv).toMatchObject({ padding });
  });

  it("SAME with strides beyond the kernel: a pixel that is left over stays so, more is refused", () => {
    const conv = (stride: number) => ({
      nodes: [node("Conv", "x one", "h", { auto_pad: "SAME_UPPER", strides: [stride, stride] }), flat],
      weights: { one: tensor([1, 2, 1, 1], [1, 1]) },
    });
    expect(read(conv(2)).layers[0]).toMatchObject({ padding: { before: [0, 0], after: [0, 0] } });
    expect(failure(conv(4)).message).toMatch(/auto_pad SAME_UPPER with strides far beyond its kernel/);
  });

  it("SAME_LOWER puts the odd pixel above and to the left", () => {
    const conv = node("Conv", "x w", "h", { auto_pad: "SAME_LOWER", strides: [2, 2] });
    expect(read({ nodes: [conv, flat], weights: { w } }).layers[0]).toMatchObject({
      padding: { before: [1, 1], after: [0, 0] },
    });
  });

  it("Gemm is alpha·x·B + beta·C", () => {
    const weights = { m: tensor([3, 2], [1, 2, 3, 4, 5, 6]), o: tensor([1], [2]) };
    const nodes = [node("Gemm", "x m o", "y", { alpha: { float: 0.5 }, beta: { float: -3 } })];
    const logits = interpret(read({ nodes, weights, input: [1, 3] }), Float64Array.of(1, 10, 100));
    expect([...logits]).toEqual([0.5 * 531 - 6, 0.5 * 642 - 6]);
  });

  it("Identity, Dropout and a Reshape to the same shape change nothing; constants may pass through nodes", () => {
    const nodes = [
      node("Identity", "w", "w2"),
      node("Reshape", "flatw shape", "w3"),
      node("Dropout", "x", "d"),
      node("Conv", "d w2", "c"),
      node("Conv", "x w3", "unused"),
      node("Identity", "c", "h"),
      flat,
    ];
    const shape = { dims: [4n], dataType: 7, int64Data: [1n, 2n, 3n, -1n] };
    expect(operators({ nodes, weights: { w, flatw: tensor([18], Array(18).fill(1)), shape } })).toEqual([
      "conv",
      "flatten",
    ]);
  });

  it.each([[[0, -1]], [[1, 32]], [[-1, 32]]])("Reshape to %j flattens", (target) => {
    const shape = { dims: [2n], dataType: 7, int64Data: target.map(BigInt) };
    expect(operators({ nodes: [node("Reshape", "x shape", "y")], weights: { shape } })).toEqual(["flatten"]);
  });

  it("a Softmax at the end is dropped, and said so; elsewhere it is refused", () => {
    const notes: string[] = [];
    const ending = model({ nodes: [node("Flatten", "x", "f"), node("Softmax", "f", "y")] });
    expect(importOnnx(ending, (note) => notes.push(note)).layers).toEqual([{ op: "flatten" }]);
    expect(notes).toEqual([
      expect.stringMatching(/^Softmax "y_node" was dropped: the key holder computes the probabilities/),
    ]);
    expect(failure({ nodes: [node("Softmax", "x", "s"), node("Flatten", "s", "y")] }).message).toMatch(
      /Softmax cannot be encrypted/,
    );
    expect(failure({ nodes: [node("Flatten", "x", "f"), node("Softmax", "f", "y", { axis: 0 })] })).toBeInstanceOf(
      UnsupportedLayerError,
    );
  });

  it.each([
    ["an unknown operator", [node("Sin", "x", "h"), flat], /^Sin "h_node": this operator is not supported$/],
    [
      "a Softmax inside",
      [node("Flatten", "x", "f"), node("Softmax", "f", "s"), node("Relu", "s", "h"), flat],
      /Relu "h_node": it comes after Softmax/,
    ],
    [
      "groups that do not fit",
      [node("Conv", "x w", "h", { group: 2 }), flat],
      /conv is made for 4 channels, but gets 2/,
    ],
    [
      "a dilated kernel beyond the image",
      [node("Conv", "x w", "h", { dilations: [2, 2] }), flat],
      /a window of 5 does not/,
    ],
    [
      "a batch made of channels",
      [node("Flatten", "x", "f", { axis: 2 }), node("Unsqueeze", "f one", "u"), node("Conv", "u w1", "h"), flat],
      /\[2, 1, 16\], whose first dimension is no batch/,
    ],
    ["a feature map at the end", [node("Conv", "x w", "y")], /ends with a 1×2×2 feature map/],
    ["a matrix on a feature map", [node("Gemm", "x w", "y")], /acts on \[1, 2, 4, 4\] and .* no matrices/],
    ["a kernel beyond the image", [node("Conv", "x big", "h"), flat], /Conv "h_node": a window of 9 does not fit/],
    ["other channels", [node("Conv", "x three", "h"), flat], /Conv "h_node": conv is made for 3 channels, but gets 2/],
  ] as const)("%s: refused by name", (_, nodes, message) => {
    const one = { dims: [1n], dataType: 7, int64Data: [1n] };
    const weights = {
      w,
      one,
      w1: tensor([1, 1, 1], [1]),
      big: tensor([1, 2, 9, 9], Array(162).fill(1)),
      three: tensor([1, 3, 1, 1], [1, 1, 1]),
    };
    const error = failure({ nodes, weights });
    expect(error).toBeInstanceOf(UnsupportedLayerError);
    expect(error.message).toMatch(message);
  });

  it("batch norm in training mode, or with a variance that is not positive, is refused", () => {
    const weights = { one: tensor([2], [1, 1]), negative: tensor([2], [1, -1]) };
    const norm = (variance: string, training = 0) =>
      failure({
        nodes: [node("BatchNormalization", `x one one one ${variance}`, "h", { training_mode: training }), flat],
        weights,
      });
    expect(norm("one", 1).fix).toMatch(/eval/);
    expect(norm("negative").message).toMatch(/variance/);
  });
});
