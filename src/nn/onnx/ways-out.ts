/** What to do about each operator that cannot be read: the sentence behind "is not supported". */

const QUADRATIC =
  "Replace it by a quadratic a·x² + b·x + c per channel and fine-tune: training/README.md shows how. Only additions and products can be encrypted.";
const POOLING = "Replace it by average pooling (AveragePool whose stride is its kernel) and fine-tune.";
const DROP_TAIL =
  "Take it out of the end of the network and export the logits: the key holder computes what follows from the decrypted logits.";
const NORM =
  "Divisions by a number computed from the image cannot be encrypted: use batch normalization, whose statistics are constants after model.eval(), and fine-tune.";
const SEQUENCE =
  "Recurrent layers and attention multiply and compare features: train a convolutional network or a perceptron instead.";
const ENLARGE = "Feature maps can only stay or shrink: a classifier does without it.";
const SHAPE =
  "Export with fixed sizes: it comes from sizes that are computed while the network runs. onnxsim model.onnx out.onnx folds them.";
const BRANCH = "The network must be one chain of layers: train one without branches and skip connections.";
const QUANTIZED = "Export the network in float32, as it was before it was quantised.";
const CLASSIFIER =
  "Train logistic regression, a perceptron or a convolutional network: trees and kernels compare features, which cannot be encrypted.";
const FLOW = "Export without control flow (in PyTorch: torch.jit.trace, or export of a model without if and for).";

const GROUPS: readonly (readonly [operators: string, wayOut: string])[] = [
  [
    "Relu LeakyRelu PRelu Elu Celu Selu Gelu Silu Swish Mish HardSwish HardSigmoid Softplus Softsign ThresholdedRelu Shrink Tanh Erf Exp Log Abs Sqrt Clip Sin Cos Max Min Sign Reciprocal",
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
  ["ConvTranspose Resize Upsample DepthToSpace SpaceToDepth MaxUnpool Tile GridSample", ENLARGE],
  [
    "Shape Gather GatherElements GatherND Slice Range Size NonZero ConstantOfShape Expand Where Equal Less Greater Not And Or Floor Ceil Round Mod",
    SHAPE,
  ],
  ["Concat Split", BRANCH],
  [
    "QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger BitShift BitwiseAnd",
    QUANTIZED,
  ],
  ["If Loop Scan SequenceAt SequenceConstruct SequenceEmpty Optional", FLOW],
  ["Sum", "Write it as Add of two inputs, one of them a constant: two branches cannot be joined."],
  ["Mean", "Write it as Add and Mul by a constant."],
  [
    "ReduceSum ReduceSumSquare ReduceL2 ReduceL1 ReduceMax ReduceMin ReduceProd",
    "Use GlobalAveragePool or ReduceMean over height and width.",
  ],
];

const WAYS_OUT: ReadonlyMap<string, string> = new Map(
  GROUPS.flatMap(([operators, wayOut]) => operators.split(" ").map((operator) => [operator, wayOut] as const)),
);

/** One sentence or two for an operator, with its domain in front unless that is ONNX's own. */
export function wayOutOf(operator: string, readable: readonly string[]): string {
  if (operator.startsWith("ai.onnx.ml.")) return CLASSIFIER;
  if (operator.includes(".")) {
    return "Export without fused or vendor operators (onnxruntime: the model before optimisation; PyTorch: without custom ops).";
  }
  return WAYS_OUT.get(operator) ?? `Use only what can be read: ${readable.join(", ")}.`;
}
