import { describe, expect, it } from "vitest";
import { interpret } from "../../src/nn/graph/interpret.js";
import { type Attribute, failure, type ModelInit, node, read, type TensorInit, tensor } from "./onnx-builder.js";

const integers = (...values: number[]): TensorInit => ({
  dims: [BigInt(values.length)],
  dataType: 7,
  int64Data: values.map(BigInt),
});
const number = (value: number): TensorInit => ({ dims: [], dataType: 7, int64Data: [BigInt(value)] });
const one = (value: number): Attribute => value;
const IMAGE = Float64Array.from({ length: 24 }, (_, k) => k + 1);

/** Reshapes the image by "target", which the nodes compute, to [batch, channels, rest]; the last row of it all. */
function shapeBy(nodes: ModelInit["nodes"], weights: ModelInit["weights"] = {}, opset = 17) {
  const all = [node("Relu", "x", "r"), ...nodes, node("Reshape", "r target", "h"), node("Flatten", "h", "y")];
  return read({ nodes: all, weights, input: ["N", 2, 3, 4], opset });
}

describe("sizes that a file computes are constants", () => {
  const zero = number(0);
  it.each<[string, ModelInit["nodes"]]>([
    [
      "view(x.size(0), -1)",
      [
        node("Shape", "r", "s"),
        node("Gather", "s zero", "n", { axis: one(0) }),
        node("Unsqueeze", "n axis", "u"),
        node("Concat", "u rest", "target", { axis: 0 }),
      ],
    ],
    [
      "by a slice",
      [node("Shape", "r", "s"), node("Slice", "s axis first", "n"), node("Concat", "n rest", "target", { axis: 0 })],
    ],
    [
      "by products",
      [
        node("Shape", "r", "s"),
        node("Gather", "s one", "c"),
        node("Gather", "s two", "height"),
        node("Gather", "s three", "w"),
        node("Mul", "c height", "ch"),
        node("Mul", "ch w", "chw"),
        node("Unsqueeze", "chw axis", "u"),
        node("Concat", "first u", "target", { axis: 0 }),
      ],
    ],
    [
      "by all that there is",
      [
        node("Size", "r", "n"),
        node("Add", "n two", "a"),
        node("Sub", "a two", "b"),
        node("Div", "b one", "c"),
        node("Cast", "c", "f", { to: 1 }),
        node("Floor", "f", "g"),
        node("Cast", "g", "i", { to: 7 }),
        node("Reshape", "i axis1", "u"),
        node("Concat", "first u", "target", { axis: 0 }),
      ],
    ],
    [
      "by a range",
      [
        node("Range", "one four two", "g"),
        node("ReduceSum", "g", "s"),
        node("Squeeze", "s", "t"),
        node("Mul", "t six", "p"),
        node("Unsqueeze", "p axis", "u"),
        node("Concat", "first u", "target", { axis: 0 }),
      ],
    ],
    [
      "by what is to be kept",
      [
        node("Shape", "r", "s"),
        node("ConstantOfShape", "len", "ones"),
        node("Equal", "wanted none", "e"),
        node("Where", "e s2 wanted", "target"),
      ],
    ],
  ])("%s", (_, nodes) => {
    const weights = {
      zero,
      one: number(1),
      two: number(2),
      three: number(3),
      four: number(4),
      six: number(6),
      rest: integers(-1),
      first: integers(1),
      axis: integers(0),
      axis1: integers(1),
      len: integers(2),
      wanted: integers(-1, 24),
      none: integers(-1),
      s2: integers(1, 24),
    };
    const network = shapeBy(nodes, weights);
    expect(network.layers.map(({ op }) => op)).toEqual(["activation", "flatten"]);
    expect([...interpret(network, IMAGE)]).toEqual([...IMAGE]);
  });

  it.each<[number, Record<string, Attribute>, number[]]>([
    [13, {}, [1, 2, 3, 4]],
    [15, { start: 1 }, [2, 3, 4]],
    [15, { start: -2 }, [3, 4]],
    [19, { start: 1, end: -1 }, [2, 3]],
    [15, { start: -9, end: 9 }, [1, 2, 3, 4]],
  ])("opset %i: Shape %j", (opset, attributes, wanted) => {
    const nodes = [
      node("Shape", "x", "s", attributes),
      node("Cast", "s", "f", { to: 1 }),
      node("ReduceSum", "x spatial", "t", { keepdims: 0 }),
      node("Relu", "t", "r"),
      node("Mul", "r f", "y"),
    ];
    const spatial = integers(1, 2, 3);
    expect([...interpret(read({ nodes, weights: { spatial }, input: [1, 2, 3, 4], opset }), IMAGE)]).toEqual(
      wanted.map((extent) => 300 * extent),
    );
  });

  it("constants are computed in their own type", () => {
    const value = (nodes: ModelInit["nodes"], weights: ModelInit["weights"]) =>
      interpret(
        read({ nodes: [...nodes, node("Mul", "x k", "h"), node("Flatten", "h", "y")], weights, input: [1, 1, 1] }),
        Float64Array.of(1),
      )[0];
    const pair = (left: number, right: number) => ({ a: integers(left), b: integers(right) });
    const cast = node("Cast", "q", "k", { to: 11 });
    expect(value([node("Div", "a b", "q"), cast], pair(-7, 2))).toBe(-3);
    expect(value([node("Mod", "a b", "q"), cast], pair(-7, 3))).toBe(2);
    expect(value([node("Mod", "a b", "q", { fmod: 1 }), cast], pair(-7, 3))).toBe(-1);
    expect(value([node("Max", "a b", "q"), cast], pair(-7, 3))).toBe(3);
    expect(value([node("Div", "a b", "k")], { a: tensor([], [-7]), b: tensor([], [2]) })).toBe(-3.5);
    const third = { dims: [], dataType: 1, floatData: [1 / 3] };
    expect(value([node("Mul", "a a", "k")], { a: third })).toBe(Math.fround(Math.fround(1 / 3) ** 2));
    expect(value([node("Cast", "a", "q", { to: 7 }), cast], { a: tensor([], [-2.75]) })).toBe(-2);
    expect(value([node("Cast", "a", "q", { to: 9 }), cast], { a: tensor([], [-2.75]) })).toBe(1);
    const unary: [string, number, number][] = [
      ["Sqrt", 2.25, 1.5],
      ["Reciprocal", 4, 0.25],
      ["Ceil", 1.2, 2],
      ["Abs", -3, 3],
      ["Exp", 0, 1],
      ["Log", 1, 0],
      ["Neg", 2, -2],
    ];
    for (const [operator, from, to] of unary)
      expect(value([node(operator, "a", "k")], { a: tensor([1, 1], [from]) })).toBe(to);
    const reductions: [string, number][] = [
      ["ReduceProd", 24],
      ["ReduceMax", 4],
      ["ReduceMin", 1],
      ["ReduceMean", 2.5],
      ["ReduceSum", 10],
    ];
    for (const [operator, to] of reductions)
      expect(value([node(operator, "a", "k")], { a: tensor([2, 2], [1, 2, 3, 4]) })).toBe(to);
  });

  it("sums of constants along some axes", () => {
    const nodes = [node("ReduceSum", "k axis", "s", { keepdims: 0 }), node("Mul", "x s", "y")];
    const k = tensor([2, 3], [1, 2, 3, 10, 20, 30]);
    const sums = (axis: number, input: number[]) => [
      ...interpret(read({ nodes, weights: { k, axis: integers(axis) }, input }), new Float64Array(input[1]).fill(1)),
    ];
    expect(sums(0, [1, 3])).toEqual([11, 22, 33]);
    expect(sums(-1, [1, 2])).toEqual([6, 60]);
  });

  it.each<[string, ModelInit["nodes"], RegExp]>([
    ["a division of integers by zero", [node("Div", "a none", "target")], /computes NaN of constants by Div/],
    ["a root of a negative number", [node("Sqrt", "minus", "target")], /computes NaN of constants by Sqrt/],
    [
      "a number that its type does not hold",
      [node("Cast", "big", "target", { to: 3 })],
      /casts "big" to INT8, which does not hold its numbers/,
    ],
    ["a text", [node("Cast", "a", "target", { to: 8 })], /casts "a" to STRING/],
    ["shapes that do not fit", [node("Add", "a three", "target")], /joins constants of the shapes \[2\] and \[3\]/],
    [
      "a range by nothing",
      [node("Range", "zero one zero", "target")],
      /takes numbers, one each|it makes Infinity numbers/,
    ],
    ["a negative size", [node("ConstantOfShape", "minusOne", "target")], /makes \[-1\]/],
    [
      "a shape that does not fit",
      [node("Identity", "a", "target")],
      /cannot make \[5, 7\] of \[1, 2, 3, 4\], one image/,
    ],
    ["numbers that are no sizes", [node("Identity", "minus", "target")], /no list of whole numbers|cannot make/],
  ])("%s is refused", (_, nodes, message) => {
    const weights = {
      a: integers(5, 7),
      none: integers(0),
      minus: tensor([1], [-0.5]),
      big: integers(300),
      three: integers(1, 2, 3),
      zero: number(0),
      one: number(1),
      minusOne: integers(-1),
    };
    const all = [...nodes, node("Reshape", "x target", "y")];
    expect(failure({ nodes: all, weights, input: [1, 2, 3, 4] }).message).toMatch(message);
  });
});
