import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { averages, direct, size } from "./direct.js";
import { failure, type ModelInit, model, node, operators, read, tensor } from "./onnx-builder.js";

const flat = node("Flatten", "h", "y");
const array = (length: number) => Float64Array.from({ length }, (_, k) => ((k * 37) % 101) / 50 - 1);

/** A kernel, a stride, a dilation and paddings along one axis. */
const axis = fc.record({
  extent: fc.integer({ min: 1, max: 7 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  before: fc.integer({ min: 0, max: 2 }),
  after: fc.integer({ min: 0, max: 2 }),
});
const axes = fc.array(axis, { minLength: 1, maxLength: 3 });
const channels = fc.integer({ min: 1, max: 3 });

function fails(init: ModelInit): boolean {
  try {
    importOnnx(model(init));
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(UnsupportedLayerError);
    return true;
  }
}

describe("windows over one, two and three axes: by their definition", () => {
  it("Conv with any stride, dilation, padding and groups", () => {
    fc.assert(
      fc.property(axes, channels, channels, channels, (along, groups, ofGroup, outGroup) => {
        const list = (name: keyof (typeof along)[number]) => along.map((each) => each[name]);
        const [kernel, stride, dilation] = [list("kernel"), list("stride"), list("dilation")];
        const padding = { before: list("before"), after: list("after") };
        const [inChannels, outChannels] = [groups * ofGroup, groups * outGroup];
        const [weights, bias] = [array(outChannels * ofGroup * size(kernel)), array(outChannels)];
        const attributes = {
          group: groups,
          strides: stride,
          dilations: dilation,
          pads: [...padding.before, ...padding.after],
        };
        const init = {
          nodes: [node("Conv", "x w b", "h", attributes), flat],
          weights: { w: tensor([outChannels, ofGroup, ...kernel], [...weights]), b: tensor([outChannels], [...bias]) },
          input: [1, inChannels, ...list("extent")],
        };
        const reach = along.every((a) => (a.kernel - 1) * a.dilation + 1 <= a.extent + a.before + a.after);
        if (!reach) {
          expect(fails(init)).toBe(true);
          return;
        }
        const image = array(size(init.input));
        const conv = { inChannels, outChannels, kernel, stride, dilation, padding, groups, weights, bias };
        const wanted = direct(conv, init.input.slice(1), image);
        const logits = interpret(read(init), image);
        expect(logits).toHaveLength(wanted.length);
        for (const [k, value] of wanted.entries()) expect(logits[k]).toBeCloseTo(value, 10);
      }),
    );
  });

  it("AveragePool, padded, dilated and overlapping, padding counted or not, with a window beyond the end or without", () => {
    fc.assert(
      fc.property(axes, channels, fc.boolean(), fc.boolean(), (along, count, withPadding, ceil) => {
        const list = (name: keyof (typeof along)[number]) => along.map((each) => each[name]);
        const pool = {
          kernel: list("kernel"),
          stride: list("stride"),
          dilation: list("dilation"),
          before: list("before"),
          after: list("after"),
          withPadding,
          ceil,
        };
        const attributes = {
          kernel_shape: pool.kernel,
          strides: pool.stride,
          dilations: pool.dilation,
          pads: [...pool.before, ...pool.after],
          count_include_pad: withPadding ? 1 : 0,
          ceil_mode: ceil ? 1 : 0,
        };
        const init = {
          nodes: [node("AveragePool", "x", "h", attributes), flat],
          input: [1, count, ...list("extent")],
          opset: 22,
        };
        const image = array(size(init.input));
        const wanted = averages(pool, init.input.slice(1), image);
        if (!wanted) {
          expect(fails(init)).toBe(true);
          return;
        }
        const logits = interpret(read(init), image);
        expect(logits).toHaveLength(wanted.length);
        for (const [k, value] of wanted.entries()) expect(logits[k]).toBeCloseTo(value, 10);
      }),
      { numRuns: 400 },
    );
  });

  it("a pooling without padding is one, others are convolutions by channel", () => {
    const ops = (attributes: Record<string, number | number[]>) =>
      operators({ nodes: [node("AveragePool", "x", "h", attributes), flat], opset: 22 }).slice(0, -1);
    expect(ops({ kernel_shape: [3, 3] })).toEqual(["avgPool"]);
    expect(ops({ kernel_shape: [2, 2], dilations: [2, 2] })).toEqual(["conv"]);
    expect(ops({ kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 })).toEqual(["conv"]);
    expect(ops({ kernel_shape: [3, 3], pads: [1, 1, 1, 1] })).toEqual(["conv", "affine"]);
  });

  it("a pooling of one window has the stride of a tile, whatever the file says", () => {
    const nodes = [node("AveragePool", "x", "h", { kernel_shape: [3, 4], strides: [5, 1] }), flat];
    expect(read({ nodes }).layers[0]).toEqual({ op: "avgPool", kernel: [3, 4], stride: [3, 4] });
  });

  it("zeros of Pads in front become padding of the convolution, along each axis", () => {
    const pads = { dims: [6n], dataType: 7, int64Data: [0n, 0n, 2n, 0n, 0n, 1n] };
    const nodes = [
      node("Pad", "x pads", "p"),
      node("Pad", "p pads", "q"),
      node("Conv", "q w", "h", { pads: [1, 0] }),
      flat,
    ];
    const network = read({ nodes, weights: { pads, w: tensor([1, 2, 2], [1, 2, 3, 4]) }, input: [1, 2, 4] });
    expect(network.layers).toMatchObject([{ op: "conv", padding: { before: [5], after: [2] } }, { op: "flatten" }]);
  });

  it("batch norm over any number of axes is per channel, and per feature of a vector", () => {
    const weights = { g: tensor([2], [2, 3]), b: tensor([2], [1, -1]), m: tensor([2], [0, 1]), v: tensor([2], [3, 8]) };
    const norm = node("BatchNormalization", "x g b m v", "h", { epsilon: { float: 1 } });
    for (const input of [
      [1, 2],
      [1, 2, 3],
      [1, 2, 2, 2],
      [1, 2, 1, 2, 3],
    ]) {
      const image = array(size(input));
      const plane = image.length / 2;
      const logits = interpret(read({ nodes: [norm, flat], weights, input }), image);
      for (const [k, value] of logits.entries()) {
        expect(value).toBeCloseTo(k < plane ? (2 * image[k]) / 2 + 1 : (3 * (image[k] - 1)) / 3 - 1, 12);
      }
    }
  });

  it.each<[string, ModelInit["nodes"], RegExp]>([
    ["groups that outputs do not divide", [node("Conv", "x w3", "h", { group: 2 })], /makes 3 channels in 2 groups/],
    ["no groups", [node("Conv", "x w3", "h", { group: 0 })], /makes 3 channels in 0 groups/],
    [
      "a convolution of another rank",
      [node("Conv", "x w1", "h")],
      /has weights of shape \[1, 2, 3\] for \[1, 2, 4, 4\]/,
    ],
    [
      "a pooling of another rank",
      [node("AveragePool", "x", "h", { kernel_shape: [2] })],
      /has 1 values in "kernel_shape" instead of 2/,
    ],
    ["a pooling without a kernel", [node("AveragePool", "x", "h")], /has 0 values in "kernel_shape"/],
    ["windows of nothing", [node("AveragePool", "x", "h", { kernel_shape: [0, 1] })], /has kernel 0×1/],
    ["strides of nothing", [node("Conv", "x w3", "h", { strides: [0, 1], group: 2 })], /./],
    [
      "a pooling beyond the image",
      [node("AveragePool", "x", "h", { kernel_shape: [5, 5] })],
      /windows of 5×5 do not fit into \[4\]/,
    ],
    [
      "a convolution of features",
      [node("Flatten", "x", "f"), node("Conv", "f w3", "h")],
      /acts on \[1, 32\], which are features in a row/,
    ],
  ])("%s: refused", (_, nodes, message) => {
    const weights = { w3: tensor([3, 1, 1, 1], [1, 2, 3]), w1: tensor([1, 2, 3], [1, 2, 3, 4, 5, 6]) };
    expect(failure({ nodes: [...nodes, flat], weights }).message).toMatch(message);
  });
});
