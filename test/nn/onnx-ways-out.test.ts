import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { failure, node } from "./onnx-builder.js";

/** What people export, and a word of what to do about it. */
const WAYS_OUT: readonly (readonly [operators: string, wayOut: RegExp])[] = [
  ["MaxPool GlobalMaxPool", /average pooling.*fine-tune/],
  ["Softsign ThresholdedRelu Silu Exp Sqrt Floor", /quadratic.*fine-tune/],
  ["TopK ArgMin", /export the logits/],
  ["LayerNormalization InstanceNormalization GroupNormalization LRN", /batch normalization/],
  ["LSTM GRU Attention", /convolutional network or a perceptron/],
  ["ConvTranspose Resize Upsample", /classifier does without/],
  ["ConstantOfShape Not NonZero GatherND", /fixed sizes.*onnxsim/],
  ["QLinearConv DequantizeLinear QuantizeLinear MatMulInteger", /float32/],
  ["If Loop Scan", /control flow/],
  ["ReduceL2 ReduceMax ReduceProd", /ReduceSum|quadratic/],
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

  it("one that nobody knows: with what can be read", () => {
    for (const name of ["Frobnicate", "toString", "constructor"]) {
      const { message, fix } = failure({ nodes: [node(name, "x", "y")] });
      expect(message).toBe(`${name} "y_node": this operator is not supported`);
      expect(fix).toMatch(/^Use what can be read: Conv, Gemm, MatMul, .*\.$/);
    }
  });

  it("one that is read of constants only, with two inputs", () => {
    for (const name of ["Max", "Less", "Mod", "Where"]) {
      const inputs = name === "Where" ? "x x x" : "x x";
      expect(failure({ nodes: [node(name, inputs, "y")] }).message).toMatch(/this operator is not supported/);
    }
  });

  it("one that is newer than the operator set that the file names", () => {
    expect(failure({ nodes: [node("Gelu", "x", "y")], opset: 19 }).message).toMatch(
      /Gelu "y_node" is an operator that there is since operator set 20, not in 19/,
    );
  });
});
