import { describe, expect, it } from "vitest";
import { failure, type ModelInit, node, tensor } from "./onnx-builder.js";
import { expectFunction, gelu, sigmoid, softplus, tanhGelu } from "./onnx-functions.js";

describe("activations that exporters spell out are one layer", () => {
  const weights = {
    half: tensor([], [0.5]),
    one: tensor([], [1]),
    root: tensor([], [Math.fround(Math.SQRT2)]),
    inverse: tensor([1], [Math.fround(Math.SQRT1_2)]),
    three: tensor([], [3]),
    six: tensor([], [6]),
    zero: tensor([], [0]),
    sixth: tensor([], [Math.fround(1 / 6)]),
    beta: tensor([], [1.702]),
    kappa: tensor([], [Math.fround(0.044715)]),
    outer: tensor([], [Math.fround(Math.sqrt(2 / Math.PI))]),
  };
  it.each<[string, ModelInit["nodes"], object[], (x: number) => number]>([
    ["SiLU", [node("Sigmoid", "x", "s"), node("Mul", "x s", "q")], [{ name: "silu" }], (x) => x * sigmoid(x)],
    [
      "SiLU of a flattened value",
      [node("Flatten", "x", "f"), node("Sigmoid", "f", "s"), node("Mul", "s f", "q")],
      [{ name: "silu" }],
      (x) => x * sigmoid(x),
    ],
    [
      "quick GELU",
      [node("Mul", "x beta", "b"), node("Sigmoid", "b", "s"), node("Mul", "x s", "q")],
      [{ op: "affine" }, { name: "silu" }, { op: "affine" }],
      (x) => x * sigmoid(1.702 * x),
    ],
    [
      "GELU, (x·(1 + erf(x/√2)))·0.5",
      [
        node("Div", "x root", "d"),
        node("Erf", "d", "e"),
        node("Add", "e one", "a"),
        node("Mul", "x a", "m"),
        node("Mul", "m half", "q"),
      ],
      [{ name: "gelu" }],
      gelu,
    ],
    [
      "GELU, (0.5·x)·(erf(x·0.7071) + 1)",
      [
        node("Mul", "x inverse", "d"),
        node("Erf", "d", "e"),
        node("Add", "one e", "a"),
        node("Mul", "half x", "h"),
        node("Mul", "h a", "q"),
      ],
      [{ name: "gelu" }],
      gelu,
    ],
    [
      "GELU, x·(0.5·(1 + erf))",
      [
        node("Div", "x root", "d"),
        node("Erf", "d", "e"),
        node("Add", "e one", "a"),
        node("Mul", "a half", "m"),
        node("Mul", "m x", "q"),
      ],
      [{ name: "gelu" }],
      gelu,
    ],
    [
      "GELU by tanh",
      [
        node("Mul", "x x", "x2"),
        node("Mul", "x2 x", "x3"),
        node("Mul", "x3 kappa", "k"),
        node("Add", "x k", "i"),
        node("Mul", "i outer", "o"),
        node("Tanh", "o", "t"),
        node("Add", "t one", "a"),
        node("Mul", "x half", "h"),
        node("Mul", "h a", "q"),
      ],
      [{ name: "geluTanh" }],
      tanhGelu,
    ],
    [
      "GELU by tanh, with a power",
      [
        node("Pow", "x three", "x3"),
        node("Mul", "kappa x3", "k"),
        node("Add", "x k", "i"),
        node("Mul", "outer i", "o"),
        node("Tanh", "o", "t"),
        node("Add", "one t", "a"),
        node("Mul", "x a", "m"),
        node("Mul", "half m", "q"),
      ],
      [{ name: "geluTanh" }],
      tanhGelu,
    ],
    [
      "hard swish by a clip",
      [
        node("Add", "x three", "t"),
        node("Clip", "t zero six", "c"),
        node("Mul", "x c", "m"),
        node("Div", "m six", "q"),
      ],
      [{ name: "hardSwish" }],
      (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    ],
    [
      "hard swish by a hard sigmoid",
      [node("HardSigmoid", "x", "h", { alpha: { float: 1 / 6 } }), node("Mul", "x h", "q")],
      [{ name: "hardSwish" }],
      (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    ],
    [
      "Mish",
      [node("Softplus", "x", "s"), node("Tanh", "s", "t"), node("Mul", "x t", "q")],
      [{ name: "mish" }],
      (x) => x * Math.tanh(softplus(x)),
    ],
  ])("%s", (_, nodes, layers, wanted) => {
    expect(expectFunction(nodes, wanted, { weights })).toMatchObject(layers);
  });

  it.each<[string, ModelInit["nodes"], string[], (x: number) => number]>([
    [
      "a gate of another value",
      [node("Relu", "x", "r"), node("Sigmoid", "x", "s"), node("Mul", "r s", "q")],
      ["activation", "activation", "multiply"],
      (x) => Math.max(x, 0) * sigmoid(x),
    ],
    [
      "a gate and a square",
      [node("Mul", "x x", "x2"), node("Tanh", "x", "t"), node("Mul", "x2 t", "m"), node("Add", "m x", "q")],
      ["activation", "quad", "multiply", "add"],
      (x) => x * x * Math.tanh(x) + x,
    ],
    [
      "twice the gate and one",
      [node("Sigmoid", "x", "s"), node("Add", "s s", "d"), node("Add", "d one", "q")],
      ["activation", "affine"],
      (x) => 2 * sigmoid(x) + 1,
    ],
    [
      "the square of a gate",
      [node("Sigmoid", "x", "s"), node("Mul", "s s", "q")],
      ["activation", "quad"],
      (x) => sigmoid(x) ** 2,
    ],
    [
      "a gate of a gate",
      [node("Tanh", "x", "t"), node("Sigmoid", "t", "s"), node("Mul", "s t", "q")],
      ["activation", "activation"],
      (x) => Math.tanh(x) * sigmoid(Math.tanh(x)),
    ],
    [
      "two gates",
      [node("Tanh", "x", "t"), node("Sigmoid", "x", "s"), node("Add", "s t", "q")],
      ["activation", "activation", "add"],
      (x) => Math.tanh(x) + sigmoid(x),
    ],
    [
      "another factor",
      [node("HardSigmoid", "x", "h"), node("Mul", "x h", "q")],
      ["activation", "multiply"],
      (x) => x * Math.min(Math.max(0.2 * x + 0.5, 0), 1),
    ],
    [
      "the tanh of a softplus",
      [node("Softplus", "x", "s"), node("Tanh", "s", "t"), node("Neg", "t", "q")],
      ["activation", "activation", "affine"],
      (x) => -Math.tanh(softplus(x)),
    ],
    [
      "SiLU and more",
      [node("Sigmoid", "x", "s"), node("Mul", "x s", "m"), node("Sub", "m x", "q")],
      ["activation", "affine", "add"],
      (x) => x * sigmoid(x) - x,
    ],
  ])("%s stays what it is", (_, nodes, ops, wanted) => {
    expect(expectFunction(nodes, wanted, { weights }).map(({ op }) => op)).toEqual(ops);
  });

  it("an Erf that is no part of GELU is refused by name", () => {
    const { message, fix } = failure({
      nodes: [node("Erf", "x", "e"), node("Mul", "e e", "q"), node("Flatten", "q", "y")],
    });
    expect(message).toMatch(/^Erf "e_node": it is read as a part of GELU only/);
    expect(fix).toMatch(/quadratic/);
  });
});
