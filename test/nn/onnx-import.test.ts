import { describe, expect, it } from "vitest";
import { FormatError, UnsupportedLayerError } from "../../src/errors.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { failure, type ModelInit, model, node, read, type tensor } from "./onnx-builder.js";

describe("the graph's input", () => {
  const nodes = [node("Flatten", "x", "y")];

  it.each([[["N", 1, 4, 4]], [[0, 1, 4, 4]], [[-1, 1, 4, 4]], [[1, 1, 4, 4]]])("%j is one image of 1×4×4", (input) => {
    expect(read({ nodes, input }).input).toEqual([1, 4, 4]);
  });

  it("[batch, features] is a vector", () => {
    expect(read({ nodes: [node("Relu", "x", "y")], input: [1, 30] })).toMatchObject({ input: [30], classes: 30 });
  });

  it.each([[["N", 3, 50]], [[1, 2, 3, 4, 5]]])("%j is one value of so many axes", (input) => {
    expect(read({ nodes, input }).input).toEqual(input.slice(1));
  });

  it.each([1, 10, 11, 16])("any floating-point type (%i) is read as real numbers", (elemType) => {
    expect(read({ nodes, elemType }).layers).toEqual([{ op: "flatten" }]);
  });

  it.each([
    [[2, 1, 4, 4], /batch size 2/],
    [[1, 1, "H", 4], /not fixed: \[batch, 1, \?, 4\]/],
    [[1, 1, 0, 4], /not fixed/],
    [[4], /1 dimensions/],
    [[1, 1, 2, 2, 2, 2], /6 dimensions/],
    [[1, 1, 2 ** 30, 2 ** 30], /more than 4194304/],
  ])("%j is refused", (input, message) => {
    expect(failure({ nodes, input })).toBeInstanceOf(UnsupportedLayerError);
    expect(failure({ nodes, input }).message).toMatch(message);
  });

  it("must be float and the only one", () => {
    expect(failure({ nodes, elemType: 2 }).message).toMatch(/type UINT8/);
    expect(failure({ nodes: [node("Relu", "z", "y")] }).message).toMatch(
      /Relu "y_node" reads "z", which nothing before it makes/,
    );
  });
});

describe("weights", () => {
  const build = (w: ReturnType<typeof tensor>): ModelInit => ({
    nodes: [node("MatMul", "x w", "y")],
    weights: { w },
    input: [1, 2],
  });
  const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer);
  const dims = [2n, 1n];

  it.each([
    ["float_data", { dims, dataType: 1, floatData: [0.5, -2] }],
    ["double_data", { dims, dataType: 11, doubleData: [0.5, -2] }],
    ["raw float32", { dims, dataType: 1, rawData: bytes(Float32Array.of(0.5, -2)) }],
    ["raw float64", { dims, dataType: 11, rawData: bytes(Float64Array.of(0.5, -2)) }],
    ["raw float16", { dims, dataType: 10, rawData: bytes(Uint16Array.of(0x3800, 0xc000)) }],
    ["float16 in a list", { dims, dataType: 10, int32Data: [0x3800, 0xc000] }],
    ["bfloat16 in a list", { dims, dataType: 16, int32Data: [0x3f00, 0xc000] }],
    ["raw bfloat16", { dims, dataType: 16, rawData: bytes(Uint16Array.of(0x3f00, 0xc000)) }],
  ])("%s is read", (_, w) => {
    expect(read(build(w)).layers[0]).toMatchObject({ op: "linear", weights: Float64Array.of(0.5, -2) });
  });

  it.each([
    ["NaN", { dims, dataType: 1, floatData: [1, Number.NaN] }, /^tensor "w" holds NaN or infinity$/],
    [
      "infinity",
      { dims, dataType: 1, rawData: bytes(Float32Array.of(Number.POSITIVE_INFINITY, 0)) },
      /^tensor "w" holds NaN/,
    ],
    [
      "int8",
      { dims, dataType: 3, rawData: new Uint8Array(2) },
      /^tensor "w" has type INT8, where MatMul "y_node" takes/,
    ],
    ["too few values", { dims, dataType: 1, floatData: [1] }, /^tensor "w" is declared as 2×1, but holds 1 values$/],
    [
      "huge sizes",
      { dims: [1n << 40n, 1n << 40n], dataType: 1, floatData: [1] },
      /^tensor "w" is declared as 1099511627776×/,
    ],
    [
      "a negative size",
      { dims: [-2n, -1n], dataType: 1, floatData: [1, 2] },
      /^tensor "w" has a negative or huge size$/,
    ],
    ["half a number", { dims, dataType: 1, rawData: new Uint8Array(7) }, /^tensor "w" holds 7 bytes/],
  ])("%s is an error that names the tensor", (_, w, message) => {
    expect(failure(build(w))).toBeInstanceOf(FormatError);
    expect(failure(build(w)).message).toMatch(message);
  });
});

describe("weights in a file beside the model", () => {
  const numbers = Float32Array.of(9, 0.5, -2, 9);
  const stored = (external: Record<string, string>): Uint8Array => {
    const externalData = Object.entries(external).map(([key, value]) => ({ key, value }));
    const w = { dims: [2n, 1n], dataType: 1, dataLocation: 1, externalData };
    return model({ nodes: [node("MatMul", "x w", "y")], weights: { w }, input: [1, 2] });
  };
  const open = (external: Record<string, string>, asked: string[] = []) =>
    importOnnx(stored(external), {
      external: (name) => {
        asked.push(name);
        return name === "m.data" ? new Uint8Array(numbers.buffer) : undefined;
      },
    });

  it.each([
    [{ location: "m.data", offset: "4", length: "8" }],
    [{ location: "./m.data", offset: "4", length: "8" }],
  ])("%j is read", (external) => {
    expect(open(external).layers[0]).toMatchObject({ weights: Float64Array.of(0.5, -2) });
  });

  it.each([
    [{ location: "m.data" }, /declared as 2×1, but holds 4 values/],
    [{ location: "m.data", offset: "12", length: "8" }, /is to lie at 12 in "m.data", which has 16 bytes/],
    [{ location: "m.data", offset: "-4", length: "8" }, /is to lie at -4/],
    [{ location: "other.data" }, /keeps its data in another file, "other.data"/],
  ])("%j: an error that names the tensor and the file", (external, message) => {
    expect(() => open(external)).toThrow(FormatError);
    expect(() => open(external)).toThrow(message);
    expect(() => importOnnx(stored(external))).toThrow(/^tensor "w"/);
  });

  it.each([
    "/etc/passwd",
    "../m.data",
    "..",
    "a/b",
    "a\\b",
    "C:x",
    "file\u0000",
    "",
  ])("%j is never asked for", (location) => {
    const asked: string[] = [];
    expect(() => open({ location }, asked)).toThrow(/which is no file beside the model/);
    expect(asked).toEqual([]);
  });
});

describe("what is not ONNX", () => {
  it.each([
    ["nothing", new Uint8Array()],
    ["a text", new TextEncoder().encode("This is a text file.\nIt has two lines.\n")],
    ["a PNG", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)],
    ["zeros", new Uint8Array(64)],
    ["half a model", model({ nodes: [node("Flatten", "x", "y")] }).subarray(0, 40)],
  ])("%s: FormatError", (_, bytes) => {
    expect(failure(bytes)).toBeInstanceOf(FormatError);
    expect(failure(bytes).message).toMatch(/^not an ONNX model: [^\n]+$/);
  });

  it("a string is a TypeError", () => {
    expect(() => importOnnx("model.onnx" as never)).toThrow(TypeError);
  });
});

describe("the model card", () => {
  const init = { nodes: [node("Flatten", "x", "y")], input: [1, 2, 1, 1] };

  it("is neutral when the file has none", () => {
    const { card } = read(init);
    expect(card).toEqual({
      name: "built",
      labels: ["class 0", "class 1"],
      positive: 1,
      threshold: 0.5,
      input: { scale: 1 / 127.5, offset: -1 },
    });
  });

  it("is read as written", () => {
    const card = {
      name: "rl3",
      dataset: "breastmnist",
      modality: ["US"],
      labels: ["malignant", "benign"],
      positive: 0,
      threshold: 0.4,
      input: { height: 1, width: 1, channels: 2, scale: 0.5, offset: 0 },
      training: { pixelMean: [10, 20], pixelStd: [1, 2] },
      twin: null,
      unknown: 1,
    };
    const { input, unknown, twin, ...rest } = card;
    expect(read({ ...init, card }).card).toEqual({ ...rest, input: { scale: 0.5, offset: 0 } });
  });

  it.each([
    ["name", { name: 3 }],
    ["name", { name: "\u001b[2J" }],
    ["labels", { labels: ["one"] }],
    ["labels", { labels: "two" }],
    ["positive", { positive: 2 }],
    ["threshold", { threshold: "0.5" }],
    ["input", { input: [] }],
    ["input.height", { input: { height: 28 } }],
    ["input.scale", { input: { scale: 0 } }],
    ["training.pixelStd", { training: { pixelMean: [1, 2] } }],
    ["training.pixelMean", { training: { pixelMean: [2, 1], pixelStd: [1, 2] } }],
    ["twin", { twin: {} }],
    ["modality", { modality: "US" }],
    ["modality", { modality: [] }],
    ["modality", { modality: ["us"] }],
    ["modality", { modality: ["US", "US"] }],
  ])("a wrong %s is named", (field, card) => {
    expect(failure({ ...init, card })).toBeInstanceOf(FormatError);
    expect(failure({ ...init, card }).message).toContain(`model card: "${field}" must be `);
  });

  it.each(["{", "[]", "3"])("%s is no card", (card) => {
    expect(failure({ ...init, card }).message).toMatch(/model card .* is not/);
  });
});
