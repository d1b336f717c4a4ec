import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError, UnsupportedLayerError } from "../../src/errors.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Layer } from "../../src/nn/graph/network.js";
import { failure, type ModelInit, node, read, tensor } from "./onnx-builder.js";

describe("element-wise arithmetic on one value is a polynomial per channel or per element", () => {
  const flat = node("Flatten", "q", "y");
  const a = tensor([1, 2, 1, 1], [0.5, -0.25]);
  const b = tensor([2, 1, 1], [1, 2]);
  const c = tensor([], [3]);
  const two = tensor([1], [2]);
  const spellings: Record<string, ModelInit["nodes"]> = {
    "a·(x·x) + b·x + c": [
      node("Mul", "x x", "s"),
      node("Mul", "a s", "as"),
      node("Mul", "b x", "bx"),
      node("Add", "as bx", "sum"),
      node("Add", "sum c", "q"),
    ],
    "(a·x + b)·x + c": [
      node("Mul", "x a", "ax"),
      node("Add", "ax b", "t"),
      node("Mul", "t x", "tx"),
      node("Add", "c tx", "q"),
    ],
    "a·pow(x, 2) − (−b·x − c)": [
      node("Pow", "x two", "s"),
      node("Mul", "a s", "as"),
      node("Mul", "b x", "bx"),
      node("Neg", "bx", "nbx"),
      node("Sub", "nbx c", "t"),
      node("Sub", "as t", "q"),
    ],
  };

  it.each(Object.keys(spellings))("%s is the quadratic a, b, c", (spelling) => {
    const { layers } = read({ nodes: [...spellings[spelling], flat], weights: { a, b, c, two } });
    const quad: Layer = {
      op: "quad",
      a: Float64Array.of(0.5, -0.25),
      b: Float64Array.of(1, 2),
      c: Float64Array.of(3, 3),
    };
    expect(layers).toEqual([quad, { op: "flatten" }]);
  });

  it("any expression of degree two at most means what it says", () => {
    // Each step combines earlier values; degrees are tracked so that none exceeds two.
    const step = fc.record({
      op: fc.constantFrom("Add", "Sub", "Mul", "Neg", "Div"),
      left: fc.nat(99),
      right: fc.nat(99),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.double({ min: -2, max: 2, noNaN: true }),
        (steps, x) => {
          // `size` bounds the value and the coefficients behind it: rounding is measured against it.
          const values = [{ name: "x", degree: 1, value: x, size: Math.max(1, Math.abs(x)) }];
          for (const value of [0.5, -3, 2]) values.push({ name: `k${value}`, degree: 0, value, size: Math.abs(value) });
          const nodes = [];
          for (const [i, { op, left, right }] of steps.entries()) {
            const [l, r] = [values[left % values.length], values[right % values.length]];
            const degree = op === "Mul" ? l.degree + r.degree : op === "Neg" ? l.degree : Math.max(l.degree, r.degree);
            const constantOnly = op === "Neg" ? l.degree === 0 : l.degree + r.degree === 0;
            if (constantOnly || degree > 2 || (op === "Div" && r.degree > 0)) continue;
            const { value, size } = {
              Add: { value: l.value + r.value, size: l.size + r.size },
              Sub: { value: l.value - r.value, size: l.size + r.size },
              Mul: { value: l.value * r.value, size: l.size * r.size },
              Div: { value: l.value / r.value, size: l.size / r.size },
              Neg: { value: -l.value, size: l.size },
            }[op];
            nodes.push(node(op, op === "Neg" ? l.name : `${l.name} ${r.name}`, `v${i}`));
            values.push({ name: `v${i}`, degree, value, size: Math.max(1, size) });
          }
          const last = values[values.length - 1];
          if (last.degree === 0) return;
          const weights = Object.fromEntries([0.5, -3, 2].map((number) => [`k${number}`, tensor([1], [number])]));
          nodes.push(node("Flatten", last.name, "y"));
          const [result] = interpret(read({ nodes, weights, input: [1, 1, 1, 1] }), Float64Array.of(x));
          expect(Math.abs(result - last.value)).toBeLessThan(1e-12 * last.size);
        },
      ),
    );
  });

  it("degree 1 is an affine layer, or the bias of the convolution or matrix before it", () => {
    const affine = { op: "affine", scale: Float64Array.of(0.5, -0.25), offset: new Float64Array(2) };
    expect(read({ nodes: [node("Mul", "x a", "q"), flat], weights: { a } }).layers).toEqual([
      affine,
      { op: "flatten" },
    ]);
    const w = tensor([2, 2, 1, 1], [1, 2, 3, 4]);
    const conv = read({ nodes: [node("Conv", "x w", "h"), node("Add", "h b", "q"), flat], weights: { w, b } });
    expect(conv.layers[0]).toMatchObject({ op: "conv", bias: Float64Array.of(1, 2) });
    const matrix = [node("MatMul", "x m", "h"), node("Add", "h o", "y")];
    const linear = read({
      nodes: matrix,
      weights: { m: tensor([3, 2], [1, 2, 3, 4, 5, 6]), o: tensor([2], [7, 8]) },
      input: [1, 3],
    });
    const weights = Float64Array.of(1, 3, 5, 2, 4, 6);
    expect(linear.layers).toEqual([
      { op: "linear", inFeatures: 3, outFeatures: 2, weights, bias: Float64Array.of(7, 8) },
    ]);
  });

  const image = Float64Array.from({ length: 32 }, (_, k) => k / 8 - 2);
  const pixels = tensor(
    [4, 4],
    Array.from({ length: 16 }, (_, k) => k / 4),
  );
  const weights = { a, b, c, two, pixels, s3: tensor([1], [3]), ch3: tensor([2, 1, 1], [3, 3]) };
  const column = tensor([4, 1], [1, 2, 3, 4]);
  it.each<[string, ModelInit["nodes"], string[], (x: number, k: number) => number]>([
    ["degree 3", [node("Mul", "x x", "s"), node("Mul", "s x", "q")], ["polynomial"], (x) => x ** 3],
    [
      "degree 3 per channel",
      [node("Mul", "x x", "s"), node("Mul", "s a", "t"), node("Add", "t b", "u"), node("Mul", "u x", "q")],
      ["quad", "multiply"],
      (x, k) => (k < 16 ? 0.5 * x ** 3 + x : -0.25 * x ** 3 + 2 * x),
    ],
    ["degree 4", [node("Mul", "x x", "s"), node("Mul", "s s", "q")], ["quad", "quad"], (x) => x ** 4],
    ["an exponent of 3", [node("Pow", "x c", "q")], ["polynomial"], (x) => x ** 3],
    ["an exponent of 3 by channel", [node("Pow", "x ch3", "q")], ["polynomial"], (x) => x ** 3],
    ["a constant per pixel", [node("Add", "x pixels", "q")], ["affine"], (x, k) => x + (k % 16) / 4],
    ["a constant per row", [node("Mul", "x column", "q")], ["affine"], (x, k) => x * (1 + (Math.floor(k / 4) % 4))],
    [
      "two constants",
      [node("Add", "a c", "t"), node("Mul", "t x", "q")],
      ["affine"],
      (x, k) => x * (k < 16 ? 3.5 : 2.75),
    ],
    [
      "a quadratic per element",
      [node("Add", "x pixels", "t"), node("Mul", "t t", "q")],
      ["quad"],
      (x, k) => (x + (k % 16) / 4) ** 2,
    ],
    [
      "a quadratic behind Flatten, of the value before it",
      [node("Flatten", "x", "f"), node("Mul", "f f", "q")],
      ["quad"],
      (x) => x * x,
    ],
    [
      "a quadratic between two transposes, per channel of the value before them",
      [
        node("Relu", "x", "r"),
        node("Transpose", "r", "t", { perm: [0, 2, 3, 1] }),
        node("Mul", "t last", "u"),
        node("Mul", "u t", "v"),
        node("Transpose", "v", "q", { perm: [0, 3, 1, 2] }),
      ],
      ["activation", "quad"],
      (x, k) => Math.max(x, 0) ** 2 * (k < 16 ? 7 : 9),
    ],
  ])("%s", (_, nodes, ops, wanted) => {
    const network = read({ nodes: [...nodes, flat], weights: { ...weights, column, last: tensor([2], [7, 9]) } });
    expect(network.layers.map(({ op }) => op)).toEqual([...ops, "flatten"]);
    const [quad] = network.layers.filter(({ op }) => op === "quad");
    if (quad?.op === "quad" && !nodes.some(({ input }) => input?.includes("pixels"))) expect(quad.a).toHaveLength(2);
    for (const [k, value] of interpret(network, image).entries()) expect(value).toBeCloseTo(wanted(image[k], k), 10);
  });

  it("a value that two operators need is made once", () => {
    const nodes = [
      node("Mul", "x x", "s"),
      node("Relu", "s", "left"),
      node("Tanh", "s", "right"),
      node("Add", "left right", "q"),
      flat,
    ];
    const { layers } = read({ nodes });
    expect(layers).toMatchObject([
      { op: "quad" },
      { op: "activation", name: "relu" },
      { op: "activation", name: "tanh", inputs: [1] },
      { op: "add", inputs: [2, 3] },
      { op: "flatten" },
    ]);
    expect(layers.map((layer) => "inputs" in layer)).toEqual([false, false, true, true, false]);
  });

  it.each([
    ["an exponent of a half", [node("Pow", "x half", "q"), flat], UnsupportedLayerError, /exponent 0.5/],
    [
      "a quotient of two values",
      [node("Relu", "x", "r"), node("Div", "x r", "q"), flat],
      UnsupportedLayerError,
      /depends on the image/,
    ],
    ["a division by zero", [node("Div", "x zero", "q"), flat], UnsupportedLayerError, /divides by zero/],
    [
      "shapes that do not fit",
      [node("Add", "x wrong", "q"), flat],
      FormatError,
      /joins \[1, 2, 4, 4\] and \[3\], which fit in no way/,
    ],
    [
      "an overflow",
      [node("Mul", "x huge", "t"), node("Mul", "t huge", "q"), flat],
      FormatError,
      /its numbers overflow/,
    ],
    [
      "constants that overflow",
      [node("Mul", "huge huge", "t"), node("Mul", "t x", "q"), flat],
      FormatError,
      /computes Infinity/,
    ],
  ] as const)("%s is refused", (_, nodes, kind, message) => {
    const constants = {
      half: tensor([], [0.5]),
      zero: tensor([1], [0]),
      wrong: tensor([3], [1, 2, 3]),
      huge: tensor([], [1e200]),
    };
    const error = failure({ nodes, weights: constants });
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(message);
  });
});
