import { describe, expect, it } from "vitest";
import { interpret } from "../../src/nn/graph/interpret.js";
import { failure, type ModelInit, node, read, type TensorInit, tensor } from "./onnx-builder.js";

const integers = (...values: number[]): TensorInit => ({
  dims: [BigInt(values.length)],
  dataType: 7,
  int64Data: values.map(BigInt),
});

/** 1×2×3×4: element (c, y, x) is 100·c + 10·y + x. */
const SIZES = [2, 3, 4] as const;
const at = (c: number, y: number, x: number) => 100 * c + 10 * y + x;
const IMAGE = Float64Array.from({ length: 24 }, (_, i) => at(Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4));

/** All f(i, j, k) for these extents, the last one running fastest. */
function each(extents: readonly [number, number, number], f: (i: number, j: number, k: number) => number): number[] {
  const [a, b, c] = extents;
  return Array.from({ length: a * b * c }, (_, n) => f(Math.floor(n / (b * c)), Math.floor(n / c) % b, n % c));
}

/** What the nodes make of a copy of the image "r" (a Relu: the image itself may be transposed), flattened. */
function run(nodes: ModelInit["nodes"], weights: ModelInit["weights"] = {}, opset = 17): number[] {
  const shape = integers(1, -1);
  const all = [node("Relu", "x", "r"), ...nodes, node("Reshape", "q shape", "y")];
  return [...interpret(read({ nodes: all, weights: { ...weights, shape }, input: [1, ...SIZES], opset }), IMAGE)];
}

describe("operators that move numbers: by their definition, element by element", () => {
  it.each<[string, ModelInit["nodes"], number[]]>([
    ["a transpose", [node("Transpose", "r", "q", { perm: [0, 2, 3, 1] })], each([3, 4, 2], (y, x, c) => at(c, y, x))],
    ["all axes backwards", [node("Transpose", "r", "q")], each([4, 3, 2], (x, y, c) => at(c, y, x))],
    ["a slice", [node("Slice", "r s1 e3 a2", "q")], each([2, 2, 4], (c, y, x) => at(c, y + 1, x))],
    [
      "a slice with steps back",
      [node("Slice", "r back ends a23 steps", "q")],
      each([2, 3, 2], (c, y, x) => at(c, 2 - y, 3 - 2 * x)),
    ],
    [
      "a slice to the end of the world",
      [node("Slice", "r s1 world a2", "q")],
      each([2, 2, 4], (c, y, x) => at(c, y + 1, x)),
    ],
    [
      "rows gathered",
      [node("Gather", "r rows", "q", { axis: 2 })],
      each([2, 3, 4], (c, y, x) => at(c, [2, 0, 2][y], x)),
    ],
    ["the batch taken away", [node("Gather", "r zero", "q", { axis: 0 })], [...IMAGE]],
    [
      "a matrix of columns",
      [node("Gather", "r grid", "q", { axis: -1 })],
      each([6, 2, 2], (n, i, j) =>
        at(
          Math.floor(n / 3),
          n % 3,
          [
            [3, 2],
            [1, 0],
          ][i][j],
        ),
      ),
    ],
    ["tiles", [node("Tile", "r twice", "q")], each([2, 6, 4], (c, y, x) => at(c, y % 3, x))],
    [
      "an expansion",
      [node("Gather", "r one", "g", { axis: 1 }), node("Expand", "g wide", "q")],
      each([5, 3, 4], (_, y, x) => at(1, y, x)),
    ],
    [
      "depth to space, depth first",
      [node("Concat", "r r", "d", { axis: 1 }), node("DepthToSpace", "d", "q", { blocksize: 2 })],
      each([1, 6, 8], (_, y, x) => at((2 * (y % 2) + (x % 2)) % 2, y >> 1, x >> 1)),
    ],
    [
      "depth to space, columns first",
      [
        node("Transpose", "r", "t", { perm: [0, 3, 2, 1] }),
        node("DepthToSpace", "t", "q", { blocksize: 2, mode: "CRD" }),
      ],
      each([1, 6, 4], (_, y, x) => at(x >> 1, y >> 1, 2 * (y % 2) + (x % 2))),
    ],
    [
      "space to depth",
      [node("Slice", "r s0 e2 a2", "s"), node("SpaceToDepth", "s", "q", { blocksize: 2 })],
      each([8, 1, 2], (d, _, x) => at(d % 2, Math.floor(d / 4), 2 * x + (Math.floor(d / 2) % 2))),
    ],
    [
      "rows in front, and back",
      [node("Concat", "r r", "d", { axis: 2 }), node("Slice", "d s3 e6 a2", "q")],
      [...IMAGE],
    ],
  ])("%s", (_, nodes, wanted) => {
    const weights = {
      s0: integers(0),
      s1: integers(1),
      s3: integers(3),
      e2: integers(2),
      e3: integers(3),
      e6: integers(6),
      a2: integers(2),
      a23: integers(2, -1),
      back: integers(-1, 3),
      ends: integers(-4, -5),
      steps: integers(-1, -2),
      world: { dims: [1n], dataType: 7, int64Data: [2n ** 63n - 1n] },
      rows: integers(2, 0, -1),
      zero: { dims: [], dataType: 7, int64Data: [0n] },
      one: integers(1),
      grid: { dims: [2n, 2n], dataType: 7, int64Data: [3n, 2n, 1n, 0n] },
      twice: integers(1, 1, 2, 1),
      wide: integers(1, 5, 1, 1),
    };
    expect(run(nodes, weights)).toEqual(wanted);
  });

  it("values and constants one behind the other, along each axis", () => {
    const ones = tensor([1, 1, 3, 4], Array(12).fill(7));
    expect(run([node("Concat", "r ones", "q", { axis: 1 })], { ones })).toEqual([...IMAGE, ...Array(12).fill(7)]);
    const column = tensor([1, 2, 3, 1], [1, 2, 3, 4, 5, 6]);
    const wanted = each([2, 3, 5], (c, y, x) => (x === 0 ? 1 + 3 * c + y : at(c, y, x - 1)));
    expect(run([node("Concat", "column r", "q", { axis: 3 })], { column })).toEqual(wanted);
    expect(run([node("Concat", "r column", "q", { axis: -1 })], { column })).toEqual(
      each([2, 3, 5], (c, y, x) => (x === 4 ? 1 + 3 * c + y : at(c, y, x))),
    );
  });

  it.each<[number, Record<string, number | readonly number[]>, string, number[]]>([
    [5, { axis: 3, split: [1, 3] }, "", [1, 3]],
    [11, { axis: 3 }, "", [2, 2]],
    [13, { axis: 3 }, " sizes", [3, 1]],
    [18, { axis: 3, num_outputs: 3 }, "", [2, 2, 0]],
    [18, { axis: 3, num_outputs: 2 }, "", [2, 2]],
  ])("opset %i splits by %j", (opset, attributes, input, sizes) => {
    const split = { ...node("Split", `r${input}`, "p0", attributes), output: sizes.map((_, k) => `p${k}`) };
    const joined = node("Concat", sizes.map((_, k) => `p${sizes.length - 1 - k}`).join(" "), "q", { axis: 3 });
    const weights = { ...(input && { sizes: integers(3, 1) }) };
    if (sizes.includes(0)) {
      expect(() => run([split, joined], weights, opset)).toThrow(/which holds nothing/);
      return;
    }
    const [first] = sizes;
    const wanted = each([2, 3, 4], (c, y, x) => at(c, y, (x + first) % 4));
    expect(run([split, joined], weights, opset)).toEqual(wanted);
  });

  it("moves become one: a transpose and its way back are nothing, several cuts are one", () => {
    const nodes = [
      node("Relu", "x", "r"),
      node("Transpose", "r", "t", { perm: [0, 2, 3, 1] }),
      node("Transpose", "t", "b", { perm: [0, 3, 1, 2] }),
      node("Slice", "b s0 e1 a1", "s"),
      node("Concat", "s s", "d", { axis: 2 }),
      node("Transpose", "d", "q", { perm: [0, 1, 3, 2] }),
      node("Flatten", "q", "y"),
    ];
    const weights = { s0: integers(0), e1: integers(1), a1: integers(1) };
    const network = read({ nodes, weights, input: [1, ...SIZES] });
    expect(network.layers.map(({ op }) => op)).toEqual(["activation", "rearrange", "flatten"]);
    expect([...interpret(network, IMAGE)]).toEqual(each([1, 4, 6], (_, x, y) => at(0, y % 3, x)));
  });

  it.each<[string, ModelInit["nodes"], RegExp]>([
    ["a slice by steps of nothing", [node("Slice", "r s1 s1 s1 s0", "q")], /takes slices/],
    ["a slice of nothing", [node("Slice", "r s1 s1 s1", "q")], /which holds nothing/],
    ["an axis twice", [node("Slice", "r pair pair pair", "q")], /has the axes 1, 1 of 4/],
    ["entries that are not there", [node("Gather", "r s9", "q", { axis: 2 })], /takes entries beyond the 3/],
    ["axes of other sizes", [node("Concat", "r x2", "q", { axis: 1 })], /joins \[1, 2, 3, 4\] and \[1, 2, 3, 5\]/],
    ["blocks that do not fit", [node("DepthToSpace", "r", "q", { blocksize: 3 })], /blocks of 3×3 of 2 channels/],
    ["blocks of nothing", [node("SpaceToDepth", "r", "q", { blocksize: 0 })], /has blocksize 0/],
    ["rows that do not fit", [node("SpaceToDepth", "r", "q", { blocksize: 2 })], /2×2 of 3×4 pixels/],
    ["too few repeats", [node("Tile", "r s1", "q")], /repeats \[1, 2, 3, 4\] by \[1\]/],
    ["a shape that does not fit", [node("Expand", "r pair9", "q")], /cannot make \[9, 9\]/],
  ])("%s is refused", (_, nodes, message) => {
    const weights = {
      s0: integers(0),
      s1: integers(1),
      s9: integers(9),
      pair: integers(1, 1),
      pair9: integers(9, 9),
      x2: tensor([1, 2, 3, 5], Array(30).fill(1)),
    };
    const all = [node("Relu", "x", "r"), ...nodes, node("Flatten", "q", "y")];
    expect(failure({ nodes: all, weights, input: [1, ...SIZES] }).message).toMatch(message);
  });
});
