/** What to do about each operator that cannot be read: the sentence behind "is not supported". */

export const QUADRATIC =
  "Replace it by a quadratic a·x² + b·x + c per channel and fine-tune: training/README.md shows how. Only additions and products can be encrypted.";
const POOLING = "Replace it by average pooling (AveragePool, of any windows) and fine-tune.";
const DROP_TAIL =
  "Take it out of the end of the network and export the logits: the key holder computes what follows from the decrypted logits.";
const NORM =
  "Divisions by a number computed from the image cannot be encrypted: use batch normalization, whose statistics are constants after model.eval(), and fine-tune.";
const SEQUENCE =
  "Recurrent layers and attention multiply and compare features: train a convolutional network or a perceptron instead.";
const ENLARGE = "Feature maps can only stay or shrink: a classifier does without it.";
const SHAPE =
  "Export with fixed sizes: it comes from sizes that are computed while the network runs. onnxsim model.onnx out.onnx folds them.";
const QUANTIZED = "Export the network in float32, as it was before it was quantised.";
const CLASSIFIER =
  "Train logistic regression, a perceptron or a convolutional network: trees and kernels compare features, which cannot be encrypted.";
const READABLE =
  "Use what can be read: Conv, Gemm, MatMul, arithmetic by element, BatchNormalization, average pooling, sums and means, activations such as Relu and Gelu, and what only moves numbers.";
const FLOW = "Export without control flow (in PyTorch: torch.jit.trace, or export of a model without if and for).";

const GROUPS: readonly (readonly [operators: string, wayOut: string])[] = [
  [
    "Silu Softsign ThresholdedRelu Shrink Exp Log Abs Sqrt Sin Cos Max Min Sign Reciprocal Floor Ceil Round ReduceMax ReduceMin ReduceProd",
    QUADRATIC,
  ],
  ["MaxPool GlobalMaxPool LpPool GlobalLpPool MaxRoiPool RoiAlign", POOLING],
  ["ArgMax ArgMin TopK Hardmax NonMaxSuppression", DROP_TAIL],
  [
    "LayerNormalization InstanceNormalization GroupNormalization RMSNormalization LRN LpNormalization MeanVarianceNormalization",
    NORM,
  ],
  [
    "LSTM GRU RNN Attention MultiHeadAttention Einsum RotaryEmbedding CausalConvWithState LinearAttention Embedding",
    SEQUENCE,
  ],
  ["ConvTranspose Resize Upsample MaxUnpool GridSample", ENLARGE],
  ["GatherElements GatherND ScatterND Range NonZero ConstantOfShape Where Equal Less Greater Not And Or Mod", SHAPE],
  [
    "QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger BitShift BitwiseAnd",
    QUANTIZED,
  ],
  ["If Loop Scan SequenceAt SequenceConstruct SequenceEmpty Optional", FLOW],
  ["ReduceL2 ReduceL1", "Use ReduceMean or ReduceSum."],
];

const WAYS_OUT: ReadonlyMap<string, string> = new Map(
  GROUPS.flatMap(([operators, wayOut]) => operators.split(" ").map((operator) => [operator, wayOut] as const)),
);

/** One sentence or two for an operator, with its domain in front unless that is ONNX's own. */
export function wayOutOf(operator: string): string {
  if (operator.startsWith("ai.onnx.ml.")) return CLASSIFIER;
  if (operator.includes(".")) {
    return "Export without fused or vendor operators (onnxruntime: the model before optimisation; PyTorch: without custom ops).";
  }
  return WAYS_OUT.get(operator) ?? READABLE;
}
