import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { activationOf } from "../../src/nn/graph/activations.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { ActivationName, Conv, Layer, Shape } from "../../src/nn/graph/network.js";
import { outputShape, sizeOf, valueShapes } from "../../src/nn/graph/shapes.js";
import { direct } from "./direct.js";

const card = { name: "made", labels: ["a", "b"], positive: 1, threshold: 0.5, input: { scale: 1, offset: 0 } };
const run = (input: Shape, layers: readonly Layer[], image: readonly number[]) => [
  ...interpret({ input, layers, classes: 2, card }, image),
];
const zeros = (length: number) => new Float64Array(length);

const CONV: Conv = {
  op: "conv",
  inChannels: 2,
  outChannels: 4,
  kernel: [3, 2],
  stride: [1, 2],
  dilation: [2, 1],
  padding: { before: [1, 0], after: [0, 1] },
  groups: 2,
  weights: zeros(24),
  bias: zeros(4),
};

describe("values of a graph", () => {
  it("a layer takes what stands before it, unless it says what it takes", () => {
    const relu: Layer = { op: "activation", name: "relu" };
    const twice: Layer = { op: "affine", scale: Float64Array.of(2), offset: Float64Array.of(0) };
    const layers: Layer[] = [
      relu,
      { ...twice, inputs: [0] },
      { op: "add", inputs: [0, 1, 2] },
      { op: "multiply", inputs: [3, 3] },
      { op: "rearrange", inputs: [4, 0, 1], shape: [4], index: Int32Array.of(0, 2, 5, -1) },
    ];
    expect(valueShapes([1, 1, 2], layers)).toEqual([[1, 1, 2], [1, 1, 2], [1, 1, 2], [1, 1, 2], [1, 1, 2], [4]]);
    // x = (−1, 3): relu (0, 3), 2x (−2, 6), sum (−3, 12), square (9, 144).
    expect(run([1, 1, 2], layers, [-1, 3])).toEqual([9, -1, 3, 0]);
  });

  it.each<[string, readonly number[]]>([
    ["what it gives itself", [1]],
    ["what comes later", [2]],
    ["what is no number of a value", [-1]],
    ["half a value", [0.5]],
  ])("a layer cannot take %s", (_, inputs) => {
    const relu: Layer = { op: "activation", name: "relu", inputs };
    expect(() => valueShapes([2], [relu, { op: "flatten" }])).toThrow(
      /^layer 0 \(activation\) takes value .*, which is not there/,
    );
    expect(() => run([2], [relu], [1, 2])).toThrow(RangeError);
  });

  it.each<[string, Layer, readonly Shape[]]>([
    ["add of one value", { op: "add", inputs: [0] }, [[2]]],
    ["multiply of three values", { op: "multiply", inputs: [0, 0, 0] }, [[2], [2], [2]]],
    ["relu of two values", { op: "activation", name: "relu", inputs: [0, 0] }, [[2], [2]]],
    ["relu of nothing", { op: "activation", name: "relu", inputs: [] }, []],
  ])("%s is none", (_, layer, shapes) => {
    expect(() => outputShape(layer, shapes)).toThrow(RangeError);
  });
});

describe("outputShape", () => {
  const list = (length: number) => zeros(length);
  it.each<[Layer, Shape, Shape]>([
    [CONV, [2, 5, 6], [4, 2, 3]],
    [{ ...CONV, kernel: [1, 1], weights: list(4), padding: { before: [-1, 0], after: [0, -3] } }, [2, 5, 6], [4, 4, 2]],
    [{ op: "avgPool", kernel: [2], stride: [3] }, [3, 9], [3, 3]],
    [{ op: "globalAvgPool" }, [3, 4, 5, 6], [3, 1, 1, 1]],
    [{ op: "flatten" }, [3, 4, 5], [60]],
    [{ op: "reshape", shape: [5, 12] }, [3, 4, 5], [5, 12]],
    [{ op: "rearrange", shape: [2, 1], index: Int32Array.of(-1, 59) }, [3, 4, 5], [2, 1]],
    [{ op: "linear", inFeatures: 60, outFeatures: 7, weights: list(420), bias: list(7) }, [3, 4, 5], [7]],
    [{ op: "affine", scale: list(3), offset: list(3) }, [3, 4, 5], [3, 4, 5]],
    [{ op: "affine", scale: list(60), offset: list(60) }, [3, 4, 5], [3, 4, 5]],
  ])("%j of %j is %j", (layer, input, wanted) => {
    expect(outputShape(layer, [input])).toEqual(wanted);
  });

  it.each<[string, Layer, Shape]>([
    ["channels", { ...CONV, inChannels: 4, weights: list(48) }, [2, 5, 6]],
    ["axes", CONV, [2, 5]],
    ["a kernel beyond the value", CONV, [2, 3, 6]],
    ["a crop beyond the value", { ...CONV, padding: { before: [-9, 0], after: [0, 0] } }, [2, 5, 6]],
    [
      "channels of a norm",
      { op: "batchNorm", gamma: list(3), beta: list(3), mean: list(3), variance: list(3), epsilon: 1 },
      [2, 5],
    ],
    ["numbers of a quadratic", { op: "quad", a: list(3), b: list(3), c: list(3) }, [2, 5]],
    ["numbers of an affine map", { op: "affine", scale: list(5), offset: list(5) }, [2, 5]],
    ["a window of a pooling", { op: "avgPool", kernel: [6], stride: [1] }, [2, 5]],
    ["features", { op: "linear", inFeatures: 9, outFeatures: 1, weights: list(9), bias: list(1) }, [2, 5]],
    ["a shape of another size", { op: "reshape", shape: [9] }, [2, 5]],
  ])("%s that do not fit: UnsupportedLayerError", (_, layer, input) => {
    expect(() => outputShape(layer, [input])).toThrow(UnsupportedLayerError);
  });

  it("sums and products of values of other shapes: UnsupportedLayerError", () => {
    expect(() =>
      outputShape({ op: "add", inputs: [0, 1] }, [
        [2, 3],
        [3, 2],
      ]),
    ).toThrow(UnsupportedLayerError);
    expect(() => outputShape({ op: "multiply", inputs: [0, 1] }, [[6], [6, 1]])).toThrow(UnsupportedLayerError);
  });

  it.each<[string, Layer]>([
    ["weights", { ...CONV, weights: list(23) }],
    ["a bias", { ...CONV, bias: list(3) }],
    ["a stride of nothing", { ...CONV, stride: [0, 1] }],
    ["a dilation of nothing", { ...CONV, dilation: [1, 0] }],
    ["a kernel of a half", { ...CONV, kernel: [1.5, 2], weights: list(12) }],
    ["groups", { ...CONV, groups: 3 }],
    ["no groups", { ...CONV, groups: 0 }],
    ["an offset", { op: "affine", scale: list(2), offset: list(1) }],
    ["a list of a quadratic", { op: "quad", a: list(2), b: list(2), c: list(60) }],
    ["an index", { op: "rearrange", shape: [2], index: Int32Array.of(0) }],
    ["an element beyond", { op: "rearrange", shape: [1], index: Int32Array.of(60) }],
    ["an element before", { op: "rearrange", shape: [1], index: Int32Array.of(-2) }],
    ["a shape of nothing", { op: "rearrange", shape: [0], index: new Int32Array() }],
    ["a negative shape", { op: "reshape", shape: [-6, -10] }],
  ])("%s that contradicts the layer itself: RangeError", (_, layer) => {
    expect(() => outputShape(layer, [[2, 5, 6]])).toThrow(RangeError);
  });
});

describe("a convolution", () => {
  const axis = fc.record({
    extent: fc.integer({ min: 1, max: 6 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: -1, max: 3 }),
    after: fc.integer({ min: -1, max: 3 }),
  });
  const few = fc.integer({ min: 1, max: 3 });
  const numbers = (length: number, step: number) =>
    Float64Array.from({ length }, (_, k) => ((k * step + 13) % 97) / 48 - 1);

  it("is its formula over no axis to three, in groups, dilated, padded and cropped", () => {
    fc.assert(
      fc.property(fc.array(axis, { maxLength: 3 }), few, few, few, (axes, groups, ofGroup, outGroup) => {
        const fitting = axes.filter((a) => (a.kernel - 1) * a.dilation + 1 <= a.extent + a.before + a.after);
        const list = (name: keyof (typeof axes)[number]) => fitting.map((each) => each[name]);
        const [inChannels, outChannels] = [groups * ofGroup, groups * outGroup];
        const input = [inChannels, ...list("extent")];
        const conv: Conv = {
          op: "conv",
          inChannels,
          outChannels,
          kernel: list("kernel"),
          stride: list("stride"),
          dilation: list("dilation"),
          padding: { before: list("before"), after: list("after") },
          groups,
          weights: numbers(outChannels * ofGroup * sizeOf(list("kernel")), 31),
          bias: numbers(outChannels, 7),
        };
        const image = [...numbers(sizeOf(input), 41)];
        const wanted = direct(conv, input, image);
        const actual = run(input, [conv], image);
        expect(actual).toHaveLength(wanted.length);
        for (const [k, value] of wanted.entries()) expect(actual[k]).toBeCloseTo(value, 12);
      }),
    );
  });
});

describe("activations", () => {
  // Computed with mpmath, to fifty digits.
  it.each([
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [1.99, 0.995111413199617],
    [2, 0.9953222650189527],
    [2.5, 0.999593047982555],
    [3, 0.9999779095030014],
    [4, 0.9999999845827421],
  ])("gelu at √2·%f has erf = %f in it", (x, erf) => {
    const gelu = activationOf({ name: "gelu" });
    const y = Math.SQRT2 * x;
    expect(Math.abs(gelu(y) - (y / 2) * (1 + erf))).toBeLessThan(1e-13 * Math.max(1, y));
    expect(Math.abs(gelu(-y) + (y / 2) * (1 - erf))).toBeLessThan(1e-13 * Math.max(1, y));
  });

  const NAMES: readonly ActivationName[] = [
    "relu",
    "leakyRelu",
    "elu",
    "sigmoid",
    "tanh",
    "silu",
    "gelu",
    "geluTanh",
    "softplus",
    "mish",
    "hardSwish",
    "hardSigmoid",
    "clip",
  ];

  it.each(NAMES)("%s is finite from one end to the other, and near what it tends to", (name) => {
    const f = activationOf({ name, parameters: name === "clip" ? [-1, 2] : undefined });
    for (const x of [-1e300, -1e3, -40, -1, -1e-300, 0, 1e-300, 1, 40, 1e3, 1e300]) {
      expect(Number.isFinite(f(x)), `${name}(${x})`).toBe(true);
    }
    const bounded = { sigmoid: 1, tanh: 1, hardSigmoid: 1, clip: 2 }[name as "tanh"];
    expect(f(1e3)).toBeCloseTo(bounded ?? 1e3, 9);
    const low = { leakyRelu: -10, elu: -1, tanh: -1, clip: -1 }[name as "tanh"] ?? 0;
    expect(f(-1e3)).toBeCloseTo(low, 9);
  });

  it.each<[ActivationName, readonly number[] | undefined, number, number]>([
    ["leakyRelu", [0.25], -4, -1],
    ["elu", [2], -1, 2 * (Math.exp(-1) - 1)],
    ["sigmoid", undefined, 1, 1 / (1 + Math.exp(-1))],
    ["silu", undefined, -1, -1 / (1 + Math.E)],
    ["softplus", undefined, 0, Math.LN2],
    ["mish", undefined, 0, 0],
    ["mish", undefined, 1, Math.tanh(Math.log(1 + Math.E))],
    ["geluTanh", undefined, 1, 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * 1.044715))],
    ["hardSwish", undefined, 1, 4 / 6],
    ["hardSwish", undefined, -4, 0],
    ["hardSigmoid", [0.5, 0.25], 1, 0.75],
    ["hardSigmoid", undefined, -9, 0],
    ["clip", [1, 2], 0, 1],
    ["clip", [3, 2], 0, 2],
  ])("%s %j of %f is %f", (name, parameters, x, wanted) => {
    expect(activationOf({ name, parameters })(x)).toBeCloseTo(wanted, 14);
  });
});
