import { describe, expect, it } from "vitest";
import type { Layer } from "../../src/nn/graph/network.js";
import { type Attribute, failure, node, tensor } from "./onnx-builder.js";
import { expectFunction, gelu, IMAGE, sigmoid, softplus, tanhGelu } from "./onnx-functions.js";

describe("activations", () => {
  it.each<[string, Record<string, Attribute>, number, Partial<Layer>, (x: number) => number]>([
    ["Relu", {}, 14, { name: "relu" } as never, (x) => Math.max(x, 0)],
    ["LeakyRelu", {}, 6, { name: "leakyRelu", parameters: [0.01] } as never, (x) => (x < 0 ? 0.01 * x : x)],
    ["LeakyRelu", { alpha: { float: 0.5 } }, 16, { name: "leakyRelu" } as never, (x) => (x < 0 ? x / 2 : x)],
    ["Elu", { alpha: { float: 2 } }, 22, { name: "elu" } as never, (x) => (x < 0 ? 2 * (Math.exp(x) - 1) : x)],
    ["Tanh", {}, 13, { name: "tanh" } as never, Math.tanh],
    ["Sigmoid", {}, 13, { name: "sigmoid" } as never, sigmoid],
    ["Softplus", {}, 1, { name: "softplus" } as never, softplus],
    ["Gelu", {}, 20, { name: "gelu" } as never, gelu],
    ["Gelu", { approximate: "tanh" }, 20, { name: "geluTanh" } as never, tanhGelu],
    ["HardSigmoid", {}, 6, { name: "hardSigmoid" } as never, (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1)],
    ["HardSwish", {}, 14, { name: "hardSwish" } as never, (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6],
    ["Mish", {}, 18, { name: "mish" } as never, (x) => x * Math.tanh(softplus(x))],
    [
      "Clip",
      { min: { float: -1 }, max: { float: 2.5 } },
      6,
      { name: "clip", parameters: [-1, 2.5] } as never,
      (x) => Math.min(Math.max(x, -1), 2.5),
    ],
    ["Clip", { min: { float: 0 } }, 6, { name: "relu" } as never, (x) => Math.max(x, 0)],
    ["Clip", { max: { float: 2 } }, 6, { name: "clip" } as never, (x) => Math.min(x, 2)],
  ])("%s %j, opset %i", (operator, attributes, opset, layer, wanted) => {
    // A Relu behind it: a Sigmoid at the end would be the key holder's.
    const layers = expectFunction([node(operator, "x", "h", attributes), node("Neg", "h", "q")], (x) => -wanted(x), {
      opset,
    });
    expect(layers).toMatchObject([{ op: "activation", ...layer }, { op: "affine" }]);
  });

  it.each<[string, Record<string, Attribute>, number, (x: number) => number]>([
    ["Selu", {}, 6, (x) => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * (Math.exp(x) - 1) : x)],
    ["Celu", { alpha: { float: 2 } }, 12, (x) => Math.max(0, x) + Math.min(0, 2 * (Math.exp(x / 2) - 1))],
    ["Swish", { alpha: { float: 1.5 } }, 24, (x) => x * sigmoid(1.5 * x)],
  ])("%s %j is one activation and factors around it", (operator, attributes, opset, wanted) => {
    const layers = expectFunction([node(operator, "x", "q", attributes)], wanted, { opset });
    expect(layers.filter(({ op }) => op === "activation")).toHaveLength(1);
  });

  it("PRelu: a slope for all, or for each channel by the rules of its operator set", () => {
    const one = expectFunction([node("PRelu", "x s", "q")], (x) => (x < 0 ? x / 4 : x), {
      weights: { s: tensor([1], [0.25]) },
    });
    expect(one).toMatchObject([{ op: "activation", name: "leakyRelu", parameters: [0.25] }]);
    const slopes = (x: number) => (x < 0 ? (IMAGE.indexOf(x) < 6 ? 0.5 : -1) * x : x);
    expectFunction([node("PRelu", "x s", "q")], slopes, { weights: { s: tensor([2], [0.5, -1]) }, opset: 6 });
    expectFunction([node("PRelu", "x s", "q")], slopes, { weights: { s: tensor([2, 1, 1], [0.5, -1]) }, opset: 16 });
    expect(
      failure({ nodes: [node("PRelu", "x s", "q")], weights: { s: tensor([2], [1, 2]) }, input: [1, 2, 2, 3] }).message,
    ).toMatch(/has slopes of shape \[2\]/);
  });

  it("a Clip with bounds as inputs; without any it is nothing", () => {
    const weights = { low: tensor([], [-1]), high: tensor([], [1]), all: tensor([], [-3.4028234663852886e38]) };
    const clip = (inputs: string) => [
      { ...node("Clip", "x", "h"), input: inputs.split(" ").map((name) => name.replace("_", "")) },
      node("Neg", "h", "q"),
    ];
    expectFunction(clip("x low high"), (x) => -Math.min(Math.max(x, -1), 1), { weights });
    expectFunction(clip("x _ high"), (x) => -Math.min(x, 1), { weights });
    expect(expectFunction(clip("x all"), (x) => -x, { weights })).toMatchObject([{ op: "affine" }]);
    expect(expectFunction(clip("x"), (x) => -x)).toMatchObject([{ op: "affine" }]);
    const two = { low: tensor([2], [0, 1]) };
    expect(failure({ nodes: [...clip("x low"), node("Flatten", "q", "y")], weights: two }).message).toMatch(
      /has 2 numbers as its min/,
    );
  });
});
