/** Small files whose nodes make much of little: each is one named error, and little was allocated. */
import { describe, expect, it } from "vitest";
import { BlindsightError } from "../../src/errors.js";
import { growth } from "./growth.js";
import { failure, type ModelInit, node, type TensorInit, tensor } from "./onnx-builder.js";

const integers = (...values: (number | bigint)[]): TensorInit => ({
  dims: [BigInt(values.length)],
  dataType: 7,
  int64Data: values.map(BigInt),
});
const number = (value: number | bigint): TensorInit => ({ dims: [], dataType: 7, int64Data: [BigInt(value)] });
const MIB = 2 ** 20;

/** Each node doubles what the one before it made. */
const doubled = (first: string, axis: number): ModelInit["nodes"] =>
  Array.from({ length: 60 }, (_, k) =>
    node("Concat", k === 0 ? `${first} ${first}` : `d${k - 1} d${k - 1}`, `d${k}`, { axis }),
  );

const WEIGHTS: Record<string, TensorInit> = {
  huge: integers(2n ** 40n, 2n ** 40n),
  huge4: integers(1, 2n ** 20n, 2n ** 20n, 2n ** 20n),
  overflowing: integers(2n ** 62n, 2n ** 62n, 2n ** 62n, 2n ** 62n),
  negative: integers(-5, 3, 2, 1),
  zeros: integers(0, 0, 0, 0),
  far: number(2n ** 50n),
  zero: number(0),
  one: number(1),
  tiny: tensor([], [1e-300]),
  zeroFloat: tensor([], [0]),
  oneFloat: tensor([], [1]),
  cube: tensor([1, 1, 2, 2], [1, 2, 3, 4]),
  column: tensor([5000, 1], Array(5000).fill(1)),
  row: tensor([1, 10000], Array(10000).fill(1)),
  lots: integers(...Array<number>(10000).fill(0)),
  long: tensor([10000], Array(10000).fill(1)),
  flat: integers(1, -1),
  cutting: integers(0, 0, -9, 0, 0, 0, 0, 0),
  widening: integers(0, 0, 2n ** 30n, 2n ** 30n, 0, 0, 2n ** 30n, 2n ** 30n),
  deepAxes: integers(...Array.from({ length: 40 }, (_, k) => k)),
  tower: { dims: [2n ** 12n, 1n, 2n, 2n], dataType: 1, floatData: Array(2 ** 14).fill(1) },
};

describe("nodes that make much of little", () => {
  it.each<[string, ModelInit["nodes"], RegExp]>([
    ["tiles", [node("Tile", "x huge4", "y")], /more than 4194304/],
    ["tiles beyond any number", [node("Tile", "x overflowing", "y")], /has 4611686018427388000 in input 2/],
    ["tiles of nothing", [node("Tile", "x zeros", "y")], /which holds nothing/],
    ["less than no tiles", [node("Tile", "x negative", "y")], /repeats \[1, 2, 4, 4\] by \[-5, 3, 2, 1\]/],
    ["tiles of a constant", [node("Tile", "cube huge4", "y")], /more than 16777216/],
    ["an expansion", [node("GlobalAveragePool", "x", "g"), node("Expand", "g huge", "y")], /more than 4194304/],
    ["an expansion of a constant", [node("Expand", "one huge", "y")], /more than 16777216/],
    [
      "an expansion to less than nothing",
      [node("GlobalAveragePool", "x", "g"), node("Expand", "g negative", "y")],
      /cannot make \[-5, 3, 2, 1\]/,
    ],
    ["a constant of a shape", [node("ConstantOfShape", "huge", "y")], /makes 1.2\d+e\+24 numbers, more than 4194304/],
    ["a constant of a negative shape", [node("ConstantOfShape", "negative", "y")], /makes \[-5, 3, 2, 1\]/],
    ["a range", [node("Range", "zero far one", "y")], /makes 1125899906842624 numbers/],
    ["a range by steps of nothing", [node("Range", "zeroFloat oneFloat tiny", "y")], /numbers, more than 4194304/],
    ["a range without steps", [node("Range", "zero one zero", "y")], /makes Infinity numbers/],
    ["sums of rows and columns", [node("Add", "column row", "y")], /makes 50000000 numbers/],
    [
      "a value by rows and columns",
      [
        node("Reshape", "x flat", "f"),
        node("Unsqueeze", "f one1", "u"),
        node("Add", "u column", "v"),
        node("Add", "v sheet", "y"),
      ],
      /more than 4194304/,
    ],
    [
      "entries of a constant",
      [node("Unsqueeze", "long one1", "l"), node("Gather", "l lots0", "y", { axis: 1 })],
      /makes 100000000 numbers, more than 16777216/,
    ],
    [
      "entries of a value",
      [node("Gather", "x lots", "g", { axis: 2 }), node("Gather", "g lots", "y", { axis: 3 })],
      /more than 4194304/,
    ],
    ["a value laid behind itself again and again", doubled("x", 2), /more than 4194304/],
    ["a constant laid behind itself again and again", doubled("cube", 2), /more than 16777216/],
    ["axes without end", [node("Unsqueeze", "x deepAxes", "y")], /makes 44 dimensions/],
    ["axes of a constant without end", [node("Unsqueeze", "cube deepAxes", "y")], /makes 44 dimensions/],
    ["zeros around a value", [node("Pad", "x widening", "y")], /more than 4194304/],
    ["more cut off than there is", [node("Pad", "x cutting", "y")], /pads \[1, 2, 4, 4\] by/],
    [
      "windows of a pooling",
      [
        node("AveragePool", "x", "y", {
          kernel_shape: [2 ** 20, 2 ** 20],
          pads: [2 ** 20, 2 ** 20, 2 ** 20, 2 ** 20],
          count_include_pad: 1,
        }),
      ],
      /more than 4194304/,
    ],
    [
      "padding of a pooling",
      [node("AveragePool", "x", "y", { kernel_shape: [1, 1], pads: [0, 0, 2 ** 30, 2 ** 30], count_include_pad: 1 })],
      /more than 4194304/,
    ],
    ["blocks", [node("SpaceToDepth", "x", "y", { blocksize: 2 ** 30 })], /takes blocks/],
    ["blocks of channels", [node("DepthToSpace", "x", "y", { blocksize: 2 ** 40 })], /makes blocks/],
    [
      "matrices for every entry before",
      [node("Tile", "x often", "t"), node("Reshape", "t sheets", "s"), node("MatMul", "s tower", "y")],
      /more than 4194304/,
    ],
    ["groups", [node("Conv", "x cube", "y", { group: 2 ** 40 })], /is made for|in 1099511627776 groups/],
  ])("%s", (_, nodes, message) => {
    const weights = {
      ...WEIGHTS,
      one1: integers(1),
      sheet: tensor([400, 1, 1], Array(400).fill(1)),
      sheets: integers(1, 4096, 2, 2),
      often: integers(1, 512, 1, 1),
      lots0: integers(...Array<number>(10000).fill(0)),
    };
    const grown = growth(() => {
      const error = failure({ nodes, weights, output: nodes[nodes.length - 1].output?.[0] });
      expect(error).toBeInstanceOf(BlindsightError);
      expect(error.message).toMatch(message);
      expect(`${error.message} ${error.fix}`).toMatch(/^[^\n]{1,900}$/);
    });
    expect(grown).toBeLessThan(300 * MIB);
  });

  it.each<[string, (k: number, from: string) => ModelInit["nodes"][number]]>([
    ["transposes", (k, from) => node("Transpose", from, `h${k}`, { perm: [0, 1, 3, 2] })],
    ["per-element sums", (k, from) => node("Add", `${from} sheet`, `h${k}`)],
    ["slices", (k, from) => node("Slice", `${from} ends starts axis back`, `h${k}`)],
  ])("fifteen hundred %s of two million values", (_, make) => {
    const nodes: ModelInit["nodes"][number][] = [];
    let last = "x";
    for (let k = 0; k < 1500; k++) {
      nodes.push(make(k, last));
      last = `h${k}`;
      // What cannot be put together with what comes behind it.
      if (k % 3 === 2) nodes.push(node("Relu", last, `r${k}`));
      if (k % 3 === 2) last = `r${k}`;
    }
    const sheet = tensor(
      [1024, 1],
      Array.from({ length: 1024 }, (_, k) => k),
    );
    const weights = { sheet, ends: integers(-1), starts: integers(-2000), axis: integers(2), back: integers(-1) };
    const error = failure({ nodes, weights, input: [1, 2, 1024, 1024], output: last });
    expect(error.message).toBe(`the model's weights, each as often as it is used, are more than ${2 ** 25} numbers`);
  });
});
