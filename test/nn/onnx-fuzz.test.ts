import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlindsightError } from "../../src/errors.js";
import { ModelProtoSchema } from "../../src/nn/onnx/onnx_pb.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { model, node, tensor } from "./onnx-builder.js";

const numbers = (length: number) => Array.from({ length }, (_, i) => ((i * 7) % 11) / 10 - 0.4);

/** Every kind of operator of a chain once, in a network that imports. */
const CHAIN = model({
  nodes: [
    node("Cast", "w", "cast", { to: 1 }),
    node("Conv", "x cast bias", "conv", { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
    node("BatchNormalization", "conv one bias bias one", "norm", { epsilon: { float: 1e-5 } }),
    node("Mul", "norm norm", "squared"),
    node("Mul", "squared a", "curved"),
    node("Add", "curved norm", "activated"),
    node("AveragePool", "activated", "pooled", { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Pad", "pooled pads", "padded", { mode: "constant" }),
    node("Conv", "padded v", "conv2", { auto_pad: "SAME_UPPER" }),
    node("ReduceMean", "conv2", "mean", { axes: [2, 3], keepdims: 1 }),
    node("Squeeze", "mean axes", "squeezed"),
    node("Unsqueeze", "squeezed axes", "unsqueezed"),
    node("Reshape", "unsqueezed shape", "features"),
    node("Transpose", "m", "mt", { perm: [1, 0] }),
    node("Gemm", "features mt offsets", "logits", { transB: 0 }),
    node("Softmax", "logits", "y", { axis: 1 }),
  ],
  input: ["batch", 1, 8, 8],
  weights: {
    w: tensor([2, 1, 3, 3], numbers(18)),
    v: tensor([3, 2, 2, 2], numbers(24)),
    bias: tensor([2], [0.1, -0.1]),
    one: tensor([2], [1, 2]),
    a: tensor([1, 2, 1, 1], [0.2, 0.3]),
    m: tensor([2, 3], numbers(6)),
    offsets: tensor([2], [0.5, -0.5]),
    shape: { dims: [2n], dataType: 7, int64Data: [1n, -1n] },
    axes: { dims: [2n], dataType: 7, int64Data: [2n, 3n] },
    pads: { dims: [8n], dataType: 7, int64Data: [0n, 0n, 1n, 0n, 0n, 0n, 0n, 1n] },
  },
  card: { name: "fuzzed", labels: ["no", "yes"], threshold: 0.4 },
});

/** Branches, moves, sizes and activations. */
const BRANCHED = model({
  nodes: [
    node("Shape", "x", "sizes"),
    node("Gather", "sizes zero", "n"),
    node("Concat", "n rest", "target", { axis: 0 }),
    node("Conv", "x w", "conv", { group: 2, dilations: [1, 2], auto_pad: "SAME_LOWER" }),
    node("Sigmoid", "conv", "gate"),
    node("Mul", "conv gate", "silu"),
    { ...node("Split", "silu", "left", { axis: 1 }), output: ["left", "right"] },
    node("Slice", "left from to axes", "cut"),
    node("Transpose", "right", "turned", { perm: [0, 1, 3, 2] }),
    node("Slice", "turned from to axes", "other"),
    node("Add", "cut other", "sum"),
    node("Concat", "sum cut", "joined", { axis: 1 }),
    node("Clip", "joined low high", "clipped"),
    node("AveragePool", "clipped", "pooled", { kernel_shape: [2, 2], pads: [1, 1, 1, 1] }),
    node("MatMul", "pooled m", "matrices"),
    node("Tile", "matrices twice", "tiled"),
    node("ReduceSum", "tiled axes", "reduced", { keepdims: 1 }),
    node("Pow", "reduced three", "cubes"),
    node("Expand", "cubes wide", "expanded"),
    node("DepthToSpace", "expanded", "blocks", { blocksize: 2, mode: "CRD" }),
    node("Reshape", "blocks target", "features"),
    node("Gemm", "features g", "logits"),
    node("ArgMax", "logits", "y", { axis: 1 }),
  ],
  input: ["batch", 4, 4, 4],
  weights: {
    w: tensor([4, 2, 3, 3], numbers(72)),
    m: tensor([2, 2], numbers(4)),
    g: tensor([8, 3], numbers(24)),
    low: tensor([], [-1]),
    high: tensor([], [1]),
    three: tensor([], [3]),
    zero: { dims: [1n], dataType: 7, int64Data: [0n] },
    rest: { dims: [1n], dataType: 7, int64Data: [-1n] },
    from: { dims: [2n], dataType: 7, int64Data: [1n, -1n] },
    to: { dims: [2n], dataType: 7, int64Data: [4n, 4n] },
    axes: { dims: [2n], dataType: 7, int64Data: [2n, 3n] },
    twice: { dims: [4n], dataType: 7, int64Data: [1n, 1n, 2n, 1n] },
    wide: { dims: [4n], dataType: 7, int64Data: [1n, 4n, 1n, 2n] },
  },
});

/** A network, or one of blindsight's errors in one line: nothing else may come out. */
function importsOrExplains(bytes: Uint8Array): void {
  try {
    importOnnx(bytes);
  } catch (error) {
    if (!(error instanceof BlindsightError)) throw error;
    expect(error.message).toMatch(/^[^\n\r]{1,600}$/);
    expect(error.fix).toMatch(/^[^\n\r]{1,600}$/);
  }
}

describe.each([
  ["a chain", CHAIN],
  ["branches", BRANCHED],
])("import of damaged files, %s: a network or one line that explains", (_, GOOD) => {
  it("the good model imports", () => {
    expect(importOnnx(GOOD).classes).toBe(GOOD === CHAIN ? 2 : 3);
  });

  it("every truncation", () => {
    for (let length = 0; length < GOOD.length; length++) importsOrExplains(GOOD.subarray(0, length));
  });

  it("changed bytes", () => {
    const changes = fc.array(fc.tuple(fc.nat(GOOD.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = GOOD.slice();
        for (const [at, byte] of list) bytes[at] = byte;
        importsOrExplains(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it("random bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), importsOrExplains), { numRuns: 1000 });
  });

  it("well-formed files with wrong sizes, attributes, inputs and operators", () => {
    const size = fc.oneof(
      fc.bigInt(-3n, 5n),
      fc.constantFrom(2n ** 31n, 2n ** 62n, -(2n ** 63n), 2n ** 53n + 1n, 1000003n),
    );
    const kinds = ["dims", "ints", "i", "input", "operator", "image", "drop", "type", "data"] as const;
    const change = fc.record({ kind: fc.constantFrom(...kinds), at: fc.nat(1000), to: size, index: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const proto = fromBinary(ModelProtoSchema, GOOD);
        const graph = proto.graph;
        if (!graph) throw new Error("unreachable");
        const names = [
          ...graph.node.flatMap(({ output }) => output),
          ...graph.initializer.map(({ name }) => name),
          "x",
          "",
        ];
        const operators = [
          ...new Set(graph.node.map(({ opType }) => opType)),
          "Pow",
          "Div",
          "Sub",
          "Neg",
          "Relu",
          "MatMul",
          "Flatten",
          "Dropout",
          "Constant",
          "GlobalAveragePool",
          "Sigmoid",
          "LogSoftmax",
          "LSTM",
          "Sum",
          "Mean",
          "Where",
          "Erf",
          "Softplus",
          "Tanh",
          "PRelu",
          "HardSigmoid",
          "SpaceToDepth",
          "ConstantOfShape",
          "Range",
          "Cast",
          "Unsqueeze",
          "ReduceMean",
          "ReduceProd",
          "Equal",
          "Max",
        ];
        for (const { kind, at, to, index } of changes) {
          const chosen = graph.node[at % graph.node.length];
          const initializer = graph.initializer[at % graph.initializer.length];
          const attributes = graph.node.flatMap(({ attribute }) => attribute);
          const attribute = attributes[at % attributes.length];
          if (kind === "dims") initializer.dims[index] = to;
          else if (kind === "ints") attribute.ints[index % 4] = to;
          else if (kind === "i") attribute.i = to;
          else if (kind === "input") chosen.input[index % 3] = names[Number(BigInt.asUintN(8, to)) % names.length];
          else if (kind === "operator")
            chosen.opType = operators[(Number(BigInt.asUintN(16, to)) + at) % operators.length];
          else if (kind === "drop") graph.node.splice(at % graph.node.length, 1);
          else if (kind === "type") initializer.dataType = Number(BigInt.asUintN(5, to));
          else if (kind === "data" && initializer.dataType === 7) initializer.int64Data[index] = to;
          else if (kind === "data") initializer.doubleData[index] = [Number.NaN, 1e308, -1e308, 0, Infinity, 1][index];
          else {
            const type = graph.input[0].type?.value;
            if (type?.case !== "tensorType" || !type.value.shape) throw new Error("unreachable");
            type.value.shape.dim[index % 4].value = { case: "dimValue", value: to };
          }
          if (graph.node.length === 0) return;
        }
        for (const { dims } of graph.initializer) for (let i = 0; i < dims.length; i++) dims[i] ??= 1n;
        for (const { attribute } of graph.node)
          for (const { ints } of attribute) for (let i = 0; i < ints.length; i++) ints[i] ??= 1n;
        for (const { input } of graph.node) for (let i = 0; i < input.length; i++) input[i] ??= "";
        for (const { int64Data } of graph.initializer) for (let i = 0; i < int64Data.length; i++) int64Data[i] ??= 1n;
        for (const { doubleData } of graph.initializer) for (let i = 0; i < doubleData.length; i++) doubleData[i] ??= 1;
        importsOrExplains(toBinary(ModelProtoSchema, proto));
      }),
      { numRuns: 3000 },
    );
  });
});
