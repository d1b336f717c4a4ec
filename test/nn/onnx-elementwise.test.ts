import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import type { Layer } from "../../src/nn/graph.js";
import { interpret } from "../../src/nn/interpret.js";
import { failure, type ModelInit, node, operators, read, tensor } from "./onnx-builder.js";

describe("element-wise arithmetic is a polynomial per channel", () => {
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
    expect(operators({ nodes: [node("Mul", "x a", "q"), flat], weights: { a } })).toEqual(["batchNorm2d", "flatten"]);
    const w = tensor([2, 2, 1, 1], [1, 2, 3, 4]);
    const conv = read({ nodes: [node("Conv", "x w", "h"), node("Add", "h b", "q"), flat], weights: { w, b } });
    expect(conv.layers[0]).toMatchObject({ op: "conv2d", bias: Float64Array.of(1, 2) });
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

  it.each([
    [
      "degree 3",
      [node("Mul", "x x", "s"), node("Mul", "s x", "q"), flat],
      /Mul "q_node": it makes a polynomial of degree 3/,
    ],
    ["degree 4", [node("Mul", "x x", "s"), node("Mul", "s s", "q"), flat], /degree 4/],
    ["an exponent of 3", [node("Pow", "x c", "q"), flat], /exponent 3/],
    ["a skip connection", [node("Relu", "x", "r"), node("Add", "x r", "q"), flat], /joins two branches/],
    [
      "a constant per pixel",
      [node("Add", "x pixels", "q"), flat],
      /shape \[4, 4\] on features of shape \[1, 2, 4, 4\]/,
    ],
    ["two constants", [node("Add", "a c", "q"), flat], /two constants/],
  ] as const)("%s is refused", (_, nodes, message) => {
    const error = failure({ nodes, weights: { a, c, pixels: tensor([4, 4], Array(16).fill(1)) } });
    expect(error).toBeInstanceOf(UnsupportedLayerError);
    expect(error.message).toMatch(message);
  });
});
