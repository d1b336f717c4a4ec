import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { failure, node } from "./onnx-builder.js";

/** What people export, and a word of what to do about it. */
const WAYS_OUT: readonly (readonly [operators: string, wayOut: RegExp])[] = [
  ["MaxPool GlobalMaxPool", /average pooling.*fine-tune/],
  ["LeakyRelu PRelu Elu Gelu HardSwish Tanh Clip Softplus Erf Silu Exp Sqrt Max", /quadratic.*fine-tune/],
  ["ArgMax TopK", /export the logits/],
  ["LayerNormalization InstanceNormalization GroupNormalization LRN", /batch normalization/],
  ["LSTM GRU Attention", /convolutional network or a perceptron/],
  ["ConvTranspose Resize Upsample DepthToSpace", /classifier does without/],
  ["Shape Gather Slice Expand ConstantOfShape Where", /fixed sizes.*onnxsim/],
  ["Concat Split", /one chain/],
  ["QLinearConv DequantizeLinear QuantizeLinear MatMulInteger", /float32/],
  ["If Loop Scan", /control flow/],
  ["Sum Mean ReduceSum", /Add|GlobalAveragePool/],
  ["com.microsoft.FusedConv org.pytorch.aten.ATen", /fused or vendor operators/],
  ["ai.onnx.ml.TreeEnsembleClassifier ai.onnx.ml.SVMClassifier", /trees and kernels/],
];

describe("an operator that cannot be read is answered with what to do", () => {
  it.each(
    WAYS_OUT.flatMap(([operators, wayOut]) => operators.split(" ").map((each) => [each, wayOut] as const)),
  )("%s", (operator, wayOut) => {
    const dot = operator.lastIndexOf(".");
    const made = { ...node(operator.slice(dot + 1), "x", "y"), domain: operator.slice(0, Math.max(0, dot)) };
    const error = failure({ nodes: [made] });
    expect(error).toBeInstanceOf(UnsupportedLayerError);
    expect(error.message).toBe(`${operator} "y_node": this operator is not supported`);
    expect(error.fix).toMatch(wayOut);
    expect(error.fix).toMatch(/^[A-Z][^\n]*\.$/);
  });

  it("one that nobody knows: with those that can be read, Relu not among them, which cannot be encrypted", () => {
    const { fix } = failure({ nodes: [node("Frobnicate", "x", "y")] });
    expect(fix).toMatch(/Add, AveragePool, BatchNormalization, .*, Softmax, .*, Unsqueeze\.$/);
    expect(fix).not.toMatch(/Relu/);
  });
});
