import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Network } from "../../src/nn/graph/network.js";
import { failure, type ModelInit, node, read, tensor } from "./onnx-builder.js";

/** 1×2×2×2: element (c, y, x) is 4c + 2y + x + 1. */
const IMAGE = [1, 2, 3, 4, 5, 6, 7, 8];
const weights = {
  w: tensor([2, 2, 1, 1], [1, 10, 0, 1]),
  b: tensor([2], [100, 200]),
  perChannel: tensor([2, 1, 1], [100, 200]),
  half: tensor([], [0.5]),
  m: tensor([2, 2], [1, 2, 3, 4]),
};
const flat = node("Flatten", "q", "y");
/** x ↦ Σ w·x by channel, the convolution of `w`. */
const conv = (x: readonly number[]) => x.map((_, k) => (k < 4 ? x[k] + 10 * x[k + 4] : x[k]));

function open(nodes: ModelInit["nodes"], input = [1, 2, 2, 2]): Network {
  return read({ nodes: [...nodes, flat], weights, input });
}

/** The layers in one line: what each is, and the values that it takes where it says so. */
const text = ({ layers }: Network) =>
  layers.map((layer) => layer.op + (layer.inputs ? `(${layer.inputs.join()})` : "")).join(" ");

describe("graphs with branches", () => {
  it.each<[string, ModelInit["nodes"], string, readonly number[]]>([
    [
      "a skip connection",
      [node("Conv", "x w", "c"), node("Add", "c x", "q")],
      "conv add(1,0) flatten",
      conv(IMAGE).map((value, k) => value + IMAGE[k]),
    ],
    [
      "a skip connection around a square, whose value both sides take",
      [node("Mul", "x x", "s"), node("Conv", "s w", "c"), node("Add", "s c", "q")],
      "quad conv add(1,2) flatten",
      conv(IMAGE.map((x) => x * x)).map((value, k) => value + IMAGE[k] ** 2),
    ],
    [
      "a difference",
      [node("Conv", "x w", "c"), node("Relu", "x", "r"), node("Sub", "c r", "q")],
      "conv activation(0) affine add(1,3) flatten",
      conv(IMAGE).map((value, k) => value - IMAGE[k]),
    ],
    [
      "a product",
      [node("Conv", "x w", "c"), node("Mul", "c x", "q")],
      "conv multiply(1,0) flatten",
      conv(IMAGE).map((value, k) => value * IMAGE[k]),
    ],
    [
      "squeeze and excitation: a number for each channel, repeated over it",
      [node("GlobalAveragePool", "x", "g"), node("Conv", "g w", "e"), node("Mul", "x e", "q")],
      "globalAvgPool conv rearrange multiply(0,3) flatten",
      IMAGE.map((x, k) => x * (k < 4 ? 2.5 + 65 : 6.5)),
    ],
    [
      "the mean of three values",
      [node("Conv", "x w", "c"), node("Relu", "x", "r"), node("Mean", "x c r", "q")],
      "conv add(0,1) activation(0) add(2,3) affine flatten",
      conv(IMAGE).map((value, k) => (value + 2 * IMAGE[k]) / 3),
    ],
    ["a sum of one value and itself", [node("Sum", "x x x", "q")], "affine flatten", IMAGE.map((x) => 3 * x)],
    [
      "a row and a column",
      [
        node("ReduceSum", "x three", "row", { keepdims: 1 }),
        node("ReduceSum", "x two", "column"),
        node("Add", "row column", "q"),
      ],
      "avgPool affine rearrange avgPool(0) affine rearrange add(3,6) flatten",
      [
        1 + 2 + 1 + 3,
        1 + 2 + 2 + 4,
        3 + 4 + 1 + 3,
        3 + 4 + 2 + 4,
        5 + 6 + 5 + 7,
        5 + 6 + 6 + 8,
        7 + 8 + 5 + 7,
        7 + 8 + 6 + 8,
      ],
    ],
    [
      "two values that are flattened and not",
      [
        node("GlobalAveragePool", "x", "g"),
        node("Relu", "g", "r"),
        node("Flatten", "g", "f"),
        node("Flatten", "r", "h"),
        node("Add", "f h", "q"),
      ],
      "globalAvgPool activation add(1,2) flatten",
      [5, 13],
    ],
  ])("%s", (_, nodes, layers, wanted) => {
    const axes = {
      two: { dims: [1n], dataType: 7, int64Data: [2n] },
      three: { dims: [1n], dataType: 7, int64Data: [3n] },
    };
    const network = read({ nodes: [...nodes, flat], weights: { ...weights, ...axes }, input: [1, 2, 2, 2] });
    expect(text(network)).toBe(layers);
    for (const [k, value] of interpret(network, IMAGE).entries()) expect(value).toBeCloseTo(wanted[k], 10);
  });

  it("what nothing takes is no layer", () => {
    const network = open([node("Conv", "x w", "unused"), node("Tanh", "unused", "neither"), node("Relu", "x", "q")]);
    expect(text(network)).toBe("activation flatten");
  });

  it("a constant that is added becomes a bias, unless something else takes the value without it", () => {
    const added = [node("Conv", "x w", "c"), node("Add", "c perChannel", "d")];
    const alone = open([...added, node("Relu", "d", "q")]);
    expect(alone.layers[0]).toMatchObject({ op: "conv", bias: Float64Array.of(100, 200) });
    expect(text(alone)).toBe("conv activation flatten");
    const both = open([...added, node("Mul", "c d", "t"), node("Tanh", "c", "u"), node("Add", "t u", "q")]);
    expect(both.layers[0]).toMatchObject({ op: "conv", bias: new Float64Array(2) });
    expect(interpret(both, IMAGE)[7]).toBeCloseTo(8 * 208 + Math.tanh(8), 10);
  });

  it("two matrices of one value, each with its bias", () => {
    const nodes = [
      node("MatMul", "x m", "a"),
      node("Add", "a b", "c"),
      node("Gemm", "x m b", "d", { transB: 1 }),
      node("Mul", "c d", "q"),
    ];
    const network = read({ nodes: [...nodes, node("Relu", "q", "y")], weights, input: [1, 2] });
    expect(text(network)).toBe("linear linear(0) multiply(1,2) activation");
    expect([...interpret(network, [1, 2])]).toEqual([(7 + 100) * (5 + 100), (10 + 200) * (11 + 200)]);
  });

  it("an inception block: four branches joined along the channels, each a chain", () => {
    const nodes = [
      node("Conv", "x w", "a1"),
      node("Conv", "x w", "b1"),
      node("Relu", "a1", "a2"),
      node("Relu", "b1", "b2"),
      node("Conv", "a2 w", "a3"),
      node("AveragePool", "x", "c", { kernel_shape: [1, 1] }),
      node("Concat", "a3 b2 c", "q", { axis: 1 }),
    ];
    const network = open(nodes);
    expect(text(network)).toBe("conv activation conv conv(0) activation avgPool(0) rearrange(3,5,6) flatten");
    const once = conv(IMAGE);
    expect([...interpret(network, IMAGE)]).toEqual([...conv(once), ...once, ...IMAGE]);
  });

  it("a chain of a thousand blocks with skip connections is followed to its end", () => {
    const nodes = Array.from({ length: 1000 }, (_, k) => {
      const from = k === 0 ? "x" : `h${k - 1}`;
      return [node("Relu", from, `r${k}`), node("Add", `${from} r${k}`, `h${k}`)];
    }).flat();
    const network = read({ nodes, output: "h999", input: [1, 1] });
    expect(network.layers).toHaveLength(2000);
    expect(interpret(network, [1e-300])[0] / (1e-300 * 2 ** 1000)).toBeCloseTo(1, 12);
  });

  it("values that fit in no way, and two that would have to be multiplied as matrices, are refused", () => {
    const pooled = node("AveragePool", "x", "p", { kernel_shape: [1, 2] });
    const three = tensor([3, 2, 1, 1], Array(6).fill(1));
    const misfit = failure({
      nodes: [node("Conv", "x three", "c"), node("Add", "c x", "q"), flat],
      weights: { three },
      input: [1, 2, 2, 2],
    });
    expect(misfit.message).toBe('Add "q_node" joins [1, 3, 2, 2] and [1, 2, 2, 2], which fit in no way');
    const matrices = failure({ nodes: [pooled, node("MatMul", "x p", "q"), flat], input: [1, 2, 2, 2] });
    expect(matrices).toBeInstanceOf(UnsupportedLayerError);
    expect(matrices.fix).toMatch(/attention cannot be read/);
  });
});
