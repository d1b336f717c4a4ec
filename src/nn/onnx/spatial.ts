import { sizeOf } from "../graph/shapes.js";
import type { OperatorNode } from "./node.js";
import { quoted } from "./quoted.js";
import { type Signal, signalOf } from "./signal.js";
import { append, type Stage } from "./stage.js";
import type { Tensor } from "./tensor.js";
import { windowsOf } from "./windows.js";

// Convolution and batch normalization.

export function readConv(node: OperatorNode): Signal {
  const weights = node.weights(1);
  const [outChannels, ofGroup, ...kernel] = weights.dims;
  const { source, before, after } = zerosTaken(featureMap(node));
  const [channels, ...extents] = source.shape;
  if (kernel.length !== extents.length) {
    throw node.unsupported(
      `it has weights of shape [${weights.dims.join(", ")}] for [1, ${source.shape.join(", ")}]`,
      "Export with all dimensions, the batch in front: [batch, channels, height, width] for an image.",
    );
  }
  const groups = node.integer("group", 1);
  const inChannels = ofGroup * groups;
  const declared = node.integers("kernel_shape", kernel, kernel.length);
  if (declared.some((taps, axis) => taps !== kernel[axis]) || sizeOf(weights.dims) === 0) {
    throw node.malformed(`has kernel ${declared.join("×")}, but weights of shape [${weights.dims.join(", ")}]`);
  }
  if (groups < 1 || (inChannels === channels && outChannels % groups !== 0)) {
    throw node.malformed(`makes ${outChannels} channels in ${groups} groups`);
  }
  const around = extents.map((extent, axis) => extent + before[axis] + after[axis]);
  const { stride, dilation, padding } = windowsOf(node, around, kernel);
  const bias = node.inputs[2] ? vector(node, node.weights(2), outChannels) : new Float64Array(outChannels);
  const layer = {
    op: "conv",
    inChannels,
    outChannels,
    kernel,
    stride,
    dilation,
    padding: {
      before: padding.before.map((pixels, axis) => pixels + before[axis]),
      after: padding.after.map((pixels, axis) => pixels + after[axis]),
    },
    groups,
    weights: weights.values,
    bias,
  } as const;
  return signalOf(append([source], layer, node.label));
}

/** What it acts on, with channels and one axis at least. */
export function featureMap(node: OperatorNode): Stage {
  const { dims } = node.signal(0);
  if (dims.length >= 3) return node.stage(0);
  throw node.unsupported(
    `it acts on [${dims.join(", ")}], which are features in a row`,
    "Put it before Flatten, or Reshape to [batch, channels, length] first.",
  );
}

/** The stage inside of the zeros that Pads have put around it, and how many these are. */
function zerosTaken(stage: Stage) {
  const nothing = stage.shape.slice(1).map(() => 0);
  let [source, before, after] = [stage, nothing, nothing];
  for (let zeros = source.marks.padded; zeros; zeros = source.marks.padded) {
    const added = zeros;
    before = before.map((pixels, axis) => pixels + added.before[axis]);
    after = after.map((pixels, axis) => pixels + added.after[axis]);
    source = added.source;
  }
  return { source, before, after };
}

/**
 * The mode is said in three ways: `is_test` before opset 7, the number of outputs before 14 (statistics come out of training
 * only), `training_mode` since.
 */
export function readBatchNormalization(node: OperatorNode): Signal {
  const stage = node.stage(0);
  const { opset } = node;
  const statistics = node.outputs.length > 1;
  const training =
    opset < 7 ? !node.flag("is_test", false) : opset < 14 ? statistics : node.flag("training_mode", false);
  if (training) throw node.unsupported("it is in training mode", "Export the model after model.eval().");
  if (statistics) throw node.contradicts("gives statistics, which it does in training mode only");
  if (node.integer("spatial", 1) !== 1) throw node.unsupported("it is not per channel", "Use batch norm per channel.");
  const [channels] = stage.shape;
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((input) => vector(node, node.weights(input), channels));
  const epsilon = node.float("epsilon", 1e-5);
  if (variance.some((value) => !(value + epsilon > 0))) {
    throw node.malformed("has a variance that is not positive");
  }
  return signalOf(append([stage], { op: "batchNorm", gamma, beta, mean, variance, epsilon }, node.label));
}

/** A constant with one number for each channel. */
function vector(node: OperatorNode, tensor: Tensor, length: number): Float64Array {
  if (tensor.dims.length === 1 && tensor.values.length === length) return tensor.values;
  throw node.malformed(`has ${quoted(tensor.name)} of shape [${tensor.dims.join(", ")}] instead of [${length}]`);
}
