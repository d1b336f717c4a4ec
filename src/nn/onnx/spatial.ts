import { featureMap, paddingOf, vector } from "./geometry.js";
import type { OperatorNode } from "./node.js";
import { append, type Signal, type Stage, signalOf } from "./signal.js";

// Convolution, batch normalization and Relu.

export function readConv(node: OperatorNode): Signal {
  const { stage, around } = convInput(node);
  const weights = node.tensor(1);
  if (weights.dims.length !== 4) {
    throw node.unsupported(
      `its weights have ${weights.dims.length} dimensions`,
      "Only two-dimensional convolutions are read: write a one-dimensional one over [batch, channels, 1, length].",
    );
  }
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weights.dims;
  const group = node.integer("group", 1);
  if (group !== 1) {
    throw node.unsupported(
      `it has ${group} groups`,
      "Use convolutions with group 1: a grouped or depthwise one is that with zeros for the weights between groups.",
    );
  }
  if (node.integers("dilations", [1, 1], 2).some((dilation) => dilation !== 1)) {
    throw node.unsupported(
      "it is dilated",
      "Use convolutions with dilation 1: a dilated one is that with zeros between its weights.",
    );
  }
  const kernel = node.integers("kernel_shape", [kernelHeight, kernelWidth], 2);
  if (kernel[0] !== kernelHeight || kernel[1] !== kernelWidth || weights.values.length === 0) {
    throw node.malformed(`has kernel ${kernel.join("×")}, but weights of shape [${weights.dims.join(", ")}]`);
  }
  const stride = node.integers("strides", [1, 1], 2);
  if (stride.some((step) => step < 1)) throw node.malformed(`has strides ${stride.join(", ")}`);
  const bias = node.optionalTensor(2);
  const { height, width } = stage.shape;
  const padded = { height: height + around.top + around.bottom, width: width + around.left + around.right };
  const own = paddingOf(node, padded, kernel, stride);
  const layer = {
    op: "conv2d",
    inChannels,
    outChannels,
    kernel: [kernelHeight, kernelWidth],
    stride: [stride[0], stride[1]],
    padding: {
      top: own.top + around.top,
      left: own.left + around.left,
      bottom: own.bottom + around.bottom,
      right: own.right + around.right,
    },
    weights: weights.values,
    bias: bias ? vector(node, bias, outChannels) : new Float64Array(outChannels),
  } as const;
  return signalOf(append(stage, layer, node.label));
}

/** The map that it acts on, and the zeros that a Pad has put around it. */
function convInput(node: OperatorNode): { stage: Stage; around: ReturnType<typeof paddingOf> } {
  const value = node.value(0);
  if (value.kind === "padded") return { stage: value.signal.stage, around: value.padding };
  return { stage: featureMap(node), around: { top: 0, left: 0, bottom: 0, right: 0 } };
}

/**
 * The mode is said in three ways: `is_test` before opset 7, the number of outputs before 14 (statistics come out of training
 * only), `training_mode` since.
 */
export function readBatchNormalization(node: OperatorNode): Signal {
  const stage = node.stage(0);
  const { opset } = node;
  const training =
    opset < 7
      ? node.integer("is_test", 0) === 0
      : opset < 14
        ? node.outputCount > 1
        : node.integer("training_mode", 0) !== 0;
  if (training) throw node.unsupported("it is in training mode", "Export the model after model.eval().");
  if (node.outputCount > 1) throw node.contradicts("gives statistics, which it does in training mode only");
  if (node.integer("spatial", 1) !== 1) throw node.unsupported("it is not per channel", "Use batch norm per channel.");
  const { channels } = stage.shape;
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((input) => vector(node, node.tensor(input), channels));
  const epsilon = node.float("epsilon", 1e-5);
  if (variance.some((value) => !(value + epsilon > 0))) {
    throw node.malformed("has a variance that is not positive");
  }
  return signalOf(append(stage, { op: "batchNorm2d", gamma, beta, mean, variance, epsilon }, node.label));
}

export function readRelu(node: OperatorNode): Signal {
  return signalOf(append(node.stage(0), { op: "relu" }, node.label));
}
