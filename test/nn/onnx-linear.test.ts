import { describe, expect, it } from "vitest";
import { mulberry32 } from "../../src/data/mulberry32.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import { type Attribute, failure, type ModelInit, node, read, type TensorInit, tensor } from "./onnx-builder.js";

const word = mulberry32(7);
const numbers = (length: number) => Array.from({ length }, () => word() / 2 ** 31 - 1);
const size = (dims: readonly number[]) => dims.reduce((product, extent) => product * extent, 1);
const integers = (...values: number[]): TensorInit => ({
  dims: [BigInt(values.length)],
  dataType: 7,
  int64Data: values.map(BigInt),
});

/** NumPy's product of matrices of these dims (two at least), lead axes broadcast. */
function product(
  a: readonly number[],
  b: readonly number[],
  aDims: readonly number[],
  bDims: readonly number[],
): number[] {
  const [rows, inner, columns] = [...aDims.slice(-2), bDims[bDims.length - 1]];
  const rank = Math.max(aDims.length, bDims.length) - 2;
  const lead = (dims: readonly number[]) => [...Array<number>(rank + 2 - dims.length).fill(1), ...dims.slice(0, -2)];
  const [aLead, bLead] = [lead(aDims), lead(bDims)];
  const all = aLead.map((extent, k) => Math.max(extent, bLead[k]));
  const place = (index: number, dims: readonly number[]) => {
    let [rest, at, stride] = [index, 0, 1];
    for (let k = rank - 1; k >= 0; k--) {
      at += dims[k] === 1 ? 0 : (rest % all[k]) * stride;
      stride *= dims[k];
      rest = Math.floor(rest / all[k]);
    }
    return at;
  };
  const result: number[] = [];
  for (let n = 0; n < size(all); n++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          sum += a[(place(n, aLead) * rows + i) * inner + k] * b[(place(n, bLead) * inner + k) * columns + j];
        }
        result.push(sum);
      }
    }
  }
  return result;
}

/** What the nodes make of an image that they see as "r" of these dims, flattened. */
function run(
  dims: readonly number[],
  image: readonly number[],
  nodes: ModelInit["nodes"],
  weights: ModelInit["weights"],
) {
  const all = [node("Reshape", "x dims", "r"), ...nodes, node("Reshape", "q row", "y")];
  const shapes = { dims: integers(...dims), row: integers(1, -1) };
  const network = read({ nodes: all, weights: { ...weights, ...shapes }, input: [1, image.length, 1] });
  return { network, values: [...interpret(network, image)] };
}

function expectClose(values: readonly number[], wanted: readonly number[]): void {
  expect(values).toHaveLength(wanted.length);
  for (const [k, value] of wanted.entries()) expect(values[k]).toBeCloseTo(value, 10);
}

describe("MatMul is NumPy's", () => {
  it.each<[number[], number[]]>([
    [
      [1, 6],
      [6, 4],
    ],
    [
      [1, 5, 6],
      [6, 4],
    ],
    [
      [1, 1, 6],
      [6, 4],
    ],
    [
      [3, 6],
      [6, 4],
    ],
    [
      [1, 2, 3, 6],
      [6, 4],
    ],
    [
      [1, 2, 3, 6],
      [2, 6, 4],
    ],
    [
      [1, 2, 3, 6],
      [1, 1, 6, 4],
    ],
    [
      [2, 3, 6],
      [2, 1, 6, 4],
    ],
    [
      [1, 3, 6],
      [2, 6, 4],
    ],
    [
      [2, 1, 3, 6],
      [2, 1, 6, 4],
    ],
  ])("a value of %j by a constant of %j", (dims, constant) => {
    const [image, weights] = [numbers(size(dims)), numbers(size(constant))];
    const { values } = run(dims, image, [node("MatMul", "r w", "q")], { w: tensor(constant, weights) });
    expectClose(values, product(image, weights, dims, constant));
  });

  it.each<[number[], number[]]>([
    [
      [4, 6],
      [1, 6, 5],
    ],
    [
      [4, 6],
      [6, 1],
    ],
    [
      [4, 6],
      [2, 3, 6, 5],
    ],
    [
      [3, 4, 6],
      [1, 3, 6, 5],
    ],
    [
      [2, 1, 4, 6],
      [3, 6, 2],
    ],
  ])("a constant of %j by a value of %j", (constant, dims) => {
    const [image, weights] = [numbers(size(dims)), numbers(size(constant))];
    const { values } = run(dims, image, [node("MatMul", "w r", "q")], { w: tensor(constant, weights) });
    expectClose(values, product(weights, image, constant, dims));
  });

  it("vectors are rows on the left and columns on the right", () => {
    const [image, row, matrix] = [numbers(6), numbers(6), numbers(24)];
    expectClose(
      run([6], image, [node("MatMul", "r w", "q")], { w: tensor([6], row) }).values,
      product(image, row, [1, 6], [6, 1]),
    );
    expectClose(
      run([6], image, [node("MatMul", "r w", "q")], { w: tensor([6, 4], matrix) }).values,
      product(image, matrix, [1, 6], [6, 4]),
    );
    expectClose(
      run([6], image, [node("MatMul", "w r", "q")], { w: tensor([4, 6], matrix) }).values,
      product(matrix, image, [4, 6], [6, 1]),
    );
    const many = numbers(12);
    expectClose(
      run([1, 2, 6], many, [node("MatMul", "r w", "q")], { w: tensor([6], row) }).values,
      product(many, row, [1, 2, 6], [6, 1]),
    );
  });

  it("one row is a matrix, many are a convolution with a window of one", () => {
    const w = { w: tensor([6, 4], numbers(24)) };
    const ops = (dims: readonly number[]) =>
      run(dims, numbers(size(dims)), [node("MatMul", "r w", "q")], w).network.layers.map(({ op }) => op);
    expect(ops([1, 6])).toEqual(["flatten", "linear"]);
    expect(ops([1, 5, 6]).filter((op) => op !== "rearrange" && op !== "reshape" && op !== "flatten")).toEqual(["conv"]);
  });

  it.each<[string, ModelInit["nodes"], RegExp]>([
    [
      "two values",
      [node("Relu", "x", "r"), node("MatMul", "x r", "y")],
      /multiplies two values that depend on the image/,
    ],
    ["two constants", [node("MatMul", "w w", "y")], /multiplies two constants/],
    ["sizes that do not fit", [node("MatMul", "x w", "y")], /multiplies \[1, 5\] by \[6, 4\]/],
    [
      "integers",
      [node("MatMul", "x whole", "y")],
      /has type INT64, where MatMul "y_node" takes floating-point numbers/,
    ],
  ])("%s: refused", (_, nodes, message) => {
    const weights = {
      w: tensor([6, 4], numbers(24)),
      whole: { dims: [5n, 1n], dataType: 7, int64Data: [1n, 2n, 3n, 4n, 5n] },
    };
    expect(failure({ nodes, weights, input: [1, 5] }).message).toMatch(message);
  });
});

describe("Gemm is alpha·A·B + beta·C", () => {
  it.each<[number[], number[], number[], Record<string, Attribute>, boolean]>([
    [[1, 6], [6, 4], [4], {}, false],
    [[1, 6], [4, 6], [1, 4], { transB: 1 }, false],
    [[6, 1], [4, 6], [], { transA: 1, transB: 1 }, false],
    [[3, 6], [6, 4], [3, 1], {}, false],
    [[6, 3], [6, 4], [3, 4], { transA: 1 }, false],
    [[6, 5], [4, 6], [5], {}, true],
  ])("A %j, B %j, C %j, %j", (aDims, bDims, cDims, attributes, constantFirst) => {
    const [image, weights, offsets] = [numbers(size(aDims)), numbers(size(bDims)), numbers(size(cDims))];
    const gemm = node("Gemm", constantFirst ? "w r c" : "r w c", "q", {
      ...attributes,
      alpha: { float: 0.5 },
      beta: { float: -2 },
    });
    const { values } = run(aDims, image, [gemm], { w: tensor(bDims, weights), c: tensor(cDims, offsets) });
    const turned = (list: readonly number[], [rows, columns]: readonly number[], turn: boolean) =>
      turn
        ? { list: list.map((_, k) => list[(k % rows) * columns + Math.floor(k / rows)]), dims: [columns, rows] }
        : { list, dims: [rows, columns] };
    const a = turned(image, aDims, attributes["transA"] === 1);
    const b = turned(weights, bDims, attributes["transB"] === 1);
    const [left, right] = constantFirst ? [b, a] : [a, b];
    const columns = right.dims[1];
    const wanted = product(left.list, right.list, left.dims, right.dims).map((value, k) => {
      const [row, column] = [Math.floor(k / columns), k % columns];
      const [rowsOfC, columnsOfC] = [...Array<number>(2 - cDims.length).fill(1), ...cDims];
      return value / 2 - 2 * offsets[(rowsOfC === 1 ? 0 : row) * columnsOfC + (columnsOfC === 1 ? 0 : column)];
    });
    expectClose(values, wanted);
  });

  it("C may depend on the image, and may be no larger than the product", () => {
    const weights = { w: tensor([2, 2], [1, 2, 3, 4]), big: tensor([2, 2], [1, 1, 1, 1]) };
    const network = read({
      nodes: [node("Relu", "x", "r"), node("Gemm", "x w r", "y", { beta: { float: 10 } })],
      weights,
      input: [1, 2],
    });
    expect([...interpret(network, [1, -1])]).toEqual([1 - 3 + 10, 2 - 4]);
    expect(failure({ nodes: [node("Gemm", "x w big", "y")], weights, input: [1, 2] }).message).toMatch(
      /adds \[2, 2\] to \[1, 2\]/,
    );
  });
});
