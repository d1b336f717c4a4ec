/**
 * ONNX's change log as a table: what a form of a node means in an operator set, as a number, or that it is refused. Each form
 * acts on the same image, and its output is flattened.
 */
import { expect } from "vitest";
import { BlindsightError } from "../../src/errors.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { type Attribute, failure, type ModelInit, model, node, type TensorInit, tensor } from "./onnx-builder.js";

/** 1×2×2×2: channel 0 is 1, 2, 3, 4 and channel 1 is 10, 20, 30, 40. */
const IMAGE = Float64Array.of(1, 2, 3, 4, 10, 20, 30, 40);
const integers = (...values: number[]): TensorInit => ({
  dims: [BigInt(values.length)],
  dataType: 7,
  int64Data: values.map(BigInt),
});
const WEIGHTS: Record<string, TensorInit> = {
  two: tensor([1], [2]),
  twos: tensor([2], [2, 2]),
  ones: tensor([2], [1, 1]),
  zeros: tensor([2], [0, 0]),
  pair: tensor([2], [5, 7]),
  column: tensor([2, 1, 1], [5, 7]),
  whole: tensor([1, 2, 2, 2], Array(8).fill(3)),
  deep: tensor([1, 1, 2, 1, 1], [2, 2]),
  scalar: tensor([], [3]),
  few: tensor([2, 1, 1], [3, 0]),
  half: tensor([], [0.5]),
  zero: tensor([], [0]),
  one: tensor([], [1]),
  yes: { dims: [], dataType: 9, int32Data: [1] },
  flatShape: integers(1, 8),
  zeroShape: integers(0, -1),
  spatial: integers(2, 3),
  last: integers(-1, -2),
  none: integers(),
  pads: integers(0, 0, 1, 0, 0, 0, 0, 1),
  crop: integers(0, -1, 1, -1, 0, 0, -1, 0),
  cropAll: integers(0, -2, 0, 0, 0, 0, 0, 0),
  cropMore: integers(0, 0, -3, 0, 0, 0, 0, 0),
  pads2: integers(1, 0, 0, 1),
  noPads: integers(0, 0, 0, 0, 0, 0, 0, 0),
  kernel: tensor([1, 2, 2, 2], [1, 2, 3, 4, 0, 0, 0, 1]),
  matrix: tensor([8, 1], [1, 0, 0, 0, 0, 0, 0, 1]),
  bias: tensor([1], [100]),
};

export type Form = readonly [
  operator: string,
  inputs: string,
  attributes?: Record<string, Attribute>,
  outputs?: string,
];
const times = (factor: number) => [...IMAGE].map((value) => factor * value);
export const same = [...IMAGE];
const plus = (first: number, second: number) => same.map((value, k) => value + (k < 4 ? first : second));
/** One number for each column. */
const columns = (left: number, right: number) => same.map((value, k) => value + (k % 2 === 0 ? left : right));
export const refused = (message: RegExp) => message;
const norm = "x ones zeros zeros ones";
const normalised = times(1 / Math.sqrt(1 + 1e-5));
const training = refused(/training mode/);
export const unknown = refused(/does not know/);

export const TABLE: readonly [form: Form, byOpset: Record<number, number[] | RegExp>][] = [
  [["BatchNormalization", norm, { is_test: 1 }], { 1: normalised, 6: normalised, 7: unknown, 14: unknown }],
  [
    ["BatchNormalization", norm, {}],
    { 1: training, 6: training, 7: normalised, 9: normalised, 13: normalised, 14: normalised, 15: normalised },
  ],
  [
    ["BatchNormalization", norm, {}, "h m v sm sv"],
    { 7: training, 8: training, 9: training, 13: training, 14: refused(/has 5 outputs/), 15: refused(/has 5 outputs/) },
  ],
  [["BatchNormalization", norm, { is_test: 1 }, "h m v sm sv"], { 6: refused(/gives statistics/) }],
  [
    ["BatchNormalization", norm, {}, "h m v"],
    { 13: training, 14: refused(/gives statistics/), 15: refused(/gives statistics/) },
  ],
  [["BatchNormalization", norm, {}, "h _ _ _ _"], { 9: normalised, 15: normalised }],
  [["BatchNormalization", norm, { training_mode: 1 }], { 13: unknown, 14: training, 15: training }],
  [["BatchNormalization", norm, { training_mode: 0 }], { 14: normalised, 15: normalised }],
  [["BatchNormalization", norm, { is_test: 1, spatial: 0 }], { 6: refused(/not per channel/) }],
  [
    ["BatchNormalization", norm, { spatial: 0 }],
    { 7: refused(/not per channel/), 8: refused(/not per channel/), 9: unknown },
  ],
  [["BatchNormalization", norm, { is_test: 1, consumed_inputs: [0, 0, 0, 1, 1] }], { 1: normalised, 6: unknown }],
  [["BatchNormalization", "x ones zeros zeros", {}], { 9: refused(/has 4 inputs, which are 5/) }],

  [["Dropout", "x", {}], { 1: training, 6: training, 7: same, 10: same, 12: same, 13: same, 22: same }],
  [["Dropout", "x", { is_test: 1 }], { 1: same, 6: same, 7: unknown }],
  [["Dropout", "x", { ratio: { float: 0 } }], { 6: same, 7: same, 12: unknown }],
  [["Dropout", "x half", {}], { 10: refused(/has 2 inputs, which are 1/), 12: same, 13: same }],
  [["Dropout", "x half yes", {}], { 12: training, 13: training, 22: training }],
  [["Dropout", "x _ yes", {}], { 13: training }],
  [["Dropout", "x zero yes", {}], { 13: same }],
  [["Dropout", "x half", {}, "h mask"], { 13: same }],

  [
    ["Add", "x pair", {}],
    {
      6: refused(/with broadcast = 1 only/),
      7: columns(5, 7),
      13: columns(5, 7),
    },
  ],
  [["Add", "x pair", { broadcast: 1, axis: 1 }], { 1: plus(5, 7), 6: plus(5, 7), 7: unknown }],
  [["Add", "x pair", { broadcast: 1 }], { 6: columns(5, 7) }],
  [["Add", "x pair", { broadcast: 1, axis: 3 }], { 6: columns(5, 7) }],
  [["Add", "x kernel", { broadcast: 1, axis: 1 }], { 6: refused(/fit in no way/) }],
  [["Add", "x pair", { broadcast: 1, axis: -3 }], { 6: plus(5, 7) }],
  [["Add", "pair x", { broadcast: 1, axis: 1 }], { 6: refused(/broadcasts its first input/) }],
  [["Add", "x column", {}], { 6: refused(/with broadcast = 1 only/), 7: plus(5, 7), 14: plus(5, 7) }],
  [["Add", "column x", {}], { 7: plus(5, 7) }],
  [["Add", "x scalar", {}], { 6: plus(3, 3), 7: plus(3, 3) }],
  [["Add", "x whole", {}], { 6: plus(3, 3), 7: plus(3, 3) }],
  [["Add", "x deep", {}], { 7: plus(2, 2) }],
  [["Add", "x scalar scalar", {}], { 7: refused(/has 3 inputs, which are 2/) }],
  [["Sub", "scalar x", {}], { 7: same.map((value) => 3 - value) }],
  [["Mul", "x two", { broadcast: 1 }], { 6: times(2), 7: unknown }],
  [["Div", "x two", {}], { 7: times(0.5) }],
  [["Div", "two x", {}], { 7: refused(/depends on the image/) }],
  [
    ["Pow", "x two", {}],
    { 1: same.map((value) => value ** 2), 7: same.map((value) => value ** 2), 15: same.map((value) => value ** 2) },
  ],
  [["Pow", "x twos", { broadcast: 1, axis: 1 }], { 6: same.map((value) => value ** 2) }],
  [["Pow", "x deep", {}], { 7: same.map((value) => value ** 2) }],
  [["Pow", "x pair", { broadcast: 1, axis: 1 }], { 6: refused(/exponents from 5 to 7/) }],
  [["Pow", "x few", {}], { 7: same.map((value, k) => (k < 4 ? value ** 3 : 1)) }],
  [["Pow", "x scalar", {}], { 7: same.map((value) => value ** 3), 15: same.map((value) => value ** 3) }],
  [["Pow", "x half", {}], { 7: refused(/exponent 0.5: only whole powers/) }],
  [["Pow", "x one", {}], { 13: same }],
  [["Neg", "x", { consumed_inputs: [0] }], { 1: times(-1), 6: unknown }],

  [["Reshape", "x", { shape: [1, 8] }], { 1: same, 4: same, 5: unknown }],
  [["Reshape", "x", { shape: [0, -1] }], { 4: same }],
  [["Reshape", "x flatShape", {}], { 4: refused(/has 2 inputs, which are 1/), 5: same, 13: same }],
  [["Reshape", "x zeroShape", {}], { 5: same, 14: same }],
  [["Reshape", "x zeroShape", { allowzero: 1 }], { 13: unknown, 14: refused(/cannot make \[0, -1\]/) }],
  [["Flatten", "x", { axis: 1 }], { 1: same, 9: same, 13: same }],
  [["Flatten", "x", { axis: 0 }], { 1: same, 13: same }],
  [["Flatten", "x", { axis: -3 }], { 9: refused(/counts from the end since opset 11/), 11: same, 13: same }],
  [["Flatten", "x", { axis: 2 }], { 13: refused(/has the shape \[2, 4\] for one image/) }],
  [["Flatten", "x", { axis: 4 }], { 13: refused(/has the shape \[8, 1\] for one image/) }],
  [["Flatten", "x", { axis: 5 }], { 13: refused(/axis 5/) }],

  [
    ["AveragePool", "x", { kernel_shape: [2, 2], strides: [2, 2] }],
    { 1: [2.5, 25], 7: [2.5, 25], 10: [2.5, 25], 22: [2.5, 25] },
  ],
  [["AveragePool", "x", { kernel_shape: [2, 2] }], { 1: [2.5, 25], 22: [2.5, 25] }],
  [["AveragePool", "x", { kernel_shape: [1, 1], strides: [2, 2] }], { 10: [1, 10] }],
  [["AveragePool", "x", { kernel_shape: [2, 1], strides: [1, 1] }], { 10: [2, 3, 20, 30] }],
  [["AveragePool", "x", { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }], { 7: unknown, 10: [2.5, 25] }],
  [["AveragePool", "x", { kernel_shape: [2, 2], strides: [2, 2], count_include_pad: 1 }], { 6: unknown, 7: [2.5, 25] }],
  [["AveragePool", "x", { kernel_shape: [2, 2], strides: [2, 2], dilations: [1, 1] }], { 11: unknown, 19: [2.5, 25] }],
  [
    ["AveragePool", "x", { kernel_shape: [2, 2], strides: [1, 1], dilations: [2, 2], pads: [1, 1, 1, 1] }],
    { 19: [4, 3, 2, 1, 40, 30, 20, 10] },
  ],
  [
    ["AveragePool", "x", { kernel_shape: [2, 2], dilations: [2, 2] }],
    { 19: refused(/windows of 2×2 do not fit into \[2\]/) },
  ],
  [["AveragePool", "x", { kernel_shape: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1] }], { 1: same, 10: same }],
  [
    ["AveragePool", "x", { kernel_shape: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }],
    { 10: times(0.25) },
  ],
  [
    ["AveragePool", "x", { kernel_shape: [1, 1], pads: [1, 1, 1, 1] }],
    { 10: refused(/a window of it has nothing in it/) },
  ],
  [["GlobalAveragePool", "x", {}], { 1: [2.5, 25], 22: [2.5, 25] }],
  [["ReduceMean", "x", { axes: [2, 3] }], { 1: [2.5, 25], 11: [2.5, 25], 13: [2.5, 25], 18: unknown }],
  [["ReduceMean", "x", { axes: [-1, -2], keepdims: 0 }], { 11: [2.5, 25] }],
  [["ReduceMean", "x spatial", { keepdims: 0 }], { 17: refused(/has 2 inputs/), 18: [2.5, 25] }],
  [["ReduceMean", "x last", {}], { 18: [2.5, 25] }],
  [["ReduceMean", "x", {}], { 13: [13.75], 18: [13.75] }],
  [["ReduceMean", "x none", { noop_with_empty_axes: 1 }], { 18: same }],
  [["ReduceMean", "x none", {}], { 18: [13.75] }],
  [["ReduceMean", "x", { axes: [1] }], { 13: [5.5, 11, 16.5, 22] }],
  [["ReduceMean", "x", { axes: [1, 1] }], { 13: refused(/has the axes 1, 1 of 4/) }],
  [["ReduceMean", "x", { axes: [3], keepdims: 0 }], { 13: [1.5, 3.5, 15, 35] }],
  [["ReduceSum", "x", { axes: [3] }], { 1: [3, 7, 30, 70], 11: [3, 7, 30, 70], 13: unknown }],
  [["ReduceSum", "x spatial", {}], { 12: refused(/has 2 inputs/), 13: [10, 100] }],
  [["ReduceSum", "x", { axes: [1, 3], keepdims: 0 }], { 11: [33, 77] }],
  [["ReduceSumSquare", "x", { axes: [2, 3] }], { 13: [30, 3000], 18: unknown }],
  [["ReduceMax", "x", {}], { 13: refused(/not supported/) }],

  [["Transpose", "x", { perm: [0, 1, 2, 3] }], { 1: same, 13: same }],
  // The image is given in the order that a Transpose at the front makes.
  [["Transpose", "x", { perm: [0, 3, 2, 1] }], { 13: same }],
  [["Transpose", "x", {}], { 13: refused(/has the shape \[2, 4\] for one image/) }],
  [["Transpose", "x", { perm: [0, 0, 1, 2] }], { 13: refused(/has perm \[0, 0, 1, 2\]/) }],
  [["Cast", "x", { to: 1 }], { 6: same, 9: same, 13: same }],
  [["Cast", "x", { to: 10 }], { 9: same, 13: same }],
  [["Cast", "x", { to: 7 }], { 9: refused(/casts to INT64/) }],
  [["Cast", "x", { to: "FLOAT" }], { 1: same, 6: refused(/of type STRING instead of INT/) }],
  [["Conv", "x kernel _", {}], { 1: [1 + 4 + 9 + 16 + 40], 11: [70], 22: [70] }],
  [["Conv", "x kernel bias", {}], { 11: [170] }],
  [["Conv", "x kernel", { auto_pad: "VALID", pads: [1, 1, 1, 1] }], { 11: refused(/both pads and auto_pad/) }],
  [["Conv", "x kernel", { auto_pad: "SAME" }], { 11: refused(/auto_pad "SAME"/) }],
  [["Conv", "x kernel bias bias", {}], { 11: refused(/has 4 inputs/) }],
  [["Relu", "x", {}], { 1: same, 6: same, 14: same }],
  [["Identity", "x", {}], { 1: same, 16: same }],
  [["Identity", "x", {}, "h other"], { 16: refused(/has 2 outputs/) }],
  [["Relu", "x", { alpha: { float: 0.1 } }], { 14: unknown }],
];

/** `_` is an input or output that is left out. */
export function build(
  [operator, inputs, attributes, outputs = "h"]: Form,
  opset: number,
  behind: ModelInit["nodes"] = [],
): Uint8Array {
  const used = new Set([inputs, ...behind.map(({ input }) => input?.join(" "))].join(" ").split(" "));
  const made = node(operator, "", "h", attributes);
  const left = (names: string) => names.split(" ").map((name) => (name === "_" ? "" : name));
  const nodes = [{ ...made, input: left(inputs), output: left(outputs) }, ...behind, node("Flatten", "h", "y")];
  const weights = Object.fromEntries(Object.entries(WEIGHTS).filter(([name]) => used.has(name)));
  return model({ nodes: behind.length > 0 ? nodes.slice(0, -1) : nodes, weights, input: [1, 2, 2, 2], opset });
}

export function expectValue(bytes: Uint8Array, wanted: readonly number[] | RegExp): void {
  if (wanted instanceof RegExp) {
    const error = failure(bytes);
    expect(error).toBeInstanceOf(BlindsightError);
    expect(error.message).toMatch(wanted);
    expect(error.fix).toMatch(/^[^\n]{10,}$/);
    return;
  }
  const logits = [...interpret(importOnnx(bytes), IMAGE)];
  expect(logits.length).toBe(wanted.length);
  for (const [k, value] of wanted.entries()) expect(logits[k]).toBeCloseTo(value, 9);
}
