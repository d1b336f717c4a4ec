import type { OperatorNode } from "./node.js";
import { quoted } from "./quoted.js";
import { append, type Signal, type Stage, signalOf } from "./signal.js";
import type { Tensor } from "./tensor.js";

// Operators on feature maps: Conv, BatchNormalization and the poolings.

export function readConv(node: OperatorNode): Signal {
  const stage = featureMap(node);
  const weights = node.tensor(1);
  if (weights.dims.length !== 4) {
    throw node.unsupported(
      `its weights have ${weights.dims.length} dimensions`,
      "Only two-dimensional convolutions are read.",
    );
  }
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weights.dims;
  const group = node.integer("group", 1);
  if (group !== 1) throw node.unsupported(`it has ${group} groups`, "Use convolutions with group 1.");
  if (node.integers("dilations", [1, 1], 2).some((dilation) => dilation !== 1)) {
    throw node.unsupported("it is dilated", "Use convolutions with dilation 1.");
  }
  const kernel = node.integers("kernel_shape", [kernelHeight, kernelWidth], 2);
  if (
    kernel[0] !== kernelHeight ||
    kernel[1] !== kernelWidth ||
    kernelHeight < 1 ||
    kernelWidth < 1 ||
    outChannels < 1
  ) {
    throw node.malformed(`has kernel ${kernel.join("×")}, but weights of shape [${weights.dims.join(", ")}]`);
  }
  const stride = node.integers("strides", [1, 1], 2);
  if (stride.some((step) => step < 1)) throw node.malformed(`has strides ${stride.join(", ")}`);
  const bias = node.optionalTensor(2);
  const layer = {
    op: "conv2d",
    inChannels,
    outChannels,
    kernel: [kernelHeight, kernelWidth],
    stride: [stride[0], stride[1]],
    padding: paddingOf(node, stage, kernel, stride),
    weights: weights.values,
    bias: bias ? vector(node, bias, outChannels) : new Float64Array(outChannels),
  } as const;
  return signalOf(append(stage, layer, node.label));
}

export function readBatchNormalization(node: OperatorNode): Signal {
  const stage = node.stage(0);
  // Before opset 7 an inference node says is_test = 1, since 14 a training node says training_mode = 1.
  if (node.integer("training_mode", 0) !== 0 || (node.opset < 7 && node.integer("is_test", 0) !== 1)) {
    throw node.unsupported("it is in training mode", "Export the model after model.eval().");
  }
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

export function readAveragePool(node: OperatorNode): Signal {
  const stage = featureMap(node);
  const kernel = node.integers("kernel_shape", [], 2);
  const stride = node.integers("strides", [1, 1], 2);
  if (kernel.some((size) => size < 1)) throw node.malformed(`has kernel ${kernel.join("×")}`);
  if (stride[0] !== kernel[0] || stride[1] !== kernel[1]) {
    throw node.unsupported(
      `its windows of ${kernel.join("×")} move by ${stride.join("×")}`,
      "Use average pooling whose stride is its kernel.",
    );
  }
  if (node.integers("dilations", [1, 1], 2).some((dilation) => dilation !== 1)) {
    throw node.unsupported("it is dilated", "Use average pooling with dilation 1.");
  }
  const rounded = stage.shape.height % kernel[0] !== 0 || stage.shape.width % kernel[1] !== 0;
  const padding = Object.values(paddingOf(node, stage, kernel, stride));
  if (padding.some((pixels) => pixels !== 0) || (node.integer("ceil_mode", 0) !== 0 && rounded)) {
    throw node.unsupported("it pads the feature map", "Use average pooling without padding and with ceil_mode 0.");
  }
  return signalOf(append(stage, { op: "avgPool2d", kernel: [kernel[0], kernel[1]] }, node.label));
}

export function readGlobalAveragePool(node: OperatorNode): Signal {
  return signalOf(append(featureMap(node), { op: "globalAvgPool" }, node.label));
}

function featureMap(node: OperatorNode): Stage {
  const stage = node.stage(0);
  if (!stage.flat) return stage;
  throw node.unsupported("it comes after the features were flattened", "Put it before Flatten.");
}

/** A constant with one number for each channel. */
function vector(node: OperatorNode, tensor: Tensor, length: number): Float64Array {
  if (tensor.dims.length === 1 && tensor.values.length === length) return tensor.values;
  throw node.malformed(`has ${quoted(tensor.name)} of shape [${tensor.dims.join(", ")}] instead of [${length}]`);
}

function paddingOf(node: OperatorNode, { shape }: Stage, kernel: readonly number[], stride: readonly number[]) {
  const mode = node.text("auto_pad", "NOTSET");
  switch (mode) {
    case "NOTSET":
    case "": {
      const [top, left, bottom, right] = node.integers("pads", [0, 0, 0, 0], 4);
      if (Math.min(top, left, bottom, right) < 0)
        throw node.unsupported("its padding is negative", "Crop the image instead.");
      return { top, left, bottom, right };
    }
    case "VALID":
      return { top: 0, left: 0, bottom: 0, right: 0 };
    case "SAME_UPPER": {
      const [vertical, horizontal] = [shape.height, shape.width].map((extent, axis) => {
        const windows = Math.ceil(extent / stride[axis]);
        return Math.max((windows - 1) * stride[axis] + kernel[axis] - extent, 0);
      });
      const [top, left] = [Math.floor(vertical / 2), Math.floor(horizontal / 2)];
      return { top, left, bottom: vertical - top, right: horizontal - left };
    }
    default:
      throw node.unsupported(`auto_pad ${quoted(mode)}`, "Use explicit pads, SAME_UPPER or VALID.");
  }
}
