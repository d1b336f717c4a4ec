import { featureMap, paddingOf } from "./geometry.js";
import type { OperatorNode } from "./node.js";
import { append, dimsOf, type Signal, signalOf } from "./signal.js";

// Means over windows and over the whole map.

export function readAveragePool(node: OperatorNode): Signal {
  const stage = featureMap(node);
  const kernel = node.integers("kernel_shape", [], 2);
  const stride = node.integers("strides", [1, 1], 2);
  if (kernel.some((size) => size < 1) || stride.some((step) => step < 1)) {
    throw node.malformed(`has kernel ${kernel.join("×")} and strides ${stride.join("×")}`);
  }
  if (node.integers("dilations", [1, 1], 2).some((dilation) => dilation !== 1)) {
    throw node.unsupported("it is dilated", "Use average pooling with dilation 1.");
  }
  const extents = [stage.shape.height, stage.shape.width];
  const padding = Object.values(paddingOf(node, stage.shape, kernel, stride));
  const rounded =
    node.integer("ceil_mode", 0) !== 0 && extents.some((extent, axis) => (extent - kernel[axis]) % stride[axis] !== 0);
  if (padding.some((pixels) => pixels !== 0) || rounded) {
    throw node.unsupported("it pads the feature map", "Use average pooling without padding and with ceil_mode 0.");
  }
  // Where one window is all there is, its stride says nothing.
  const tiles = extents.every((extent, axis) => {
    const [size, step] = [kernel[axis], stride[axis]];
    return step === size || (extent < 2 * size && extent < size + step);
  });
  if (!tiles) {
    throw node.unsupported(
      `its windows of ${kernel.join("×")} move by ${stride.join("×")}`,
      "Use average pooling whose stride is its kernel.",
    );
  }
  return signalOf(append(stage, { op: "avgPool2d", kernel: [kernel[0], kernel[1]] }, node.label));
}

export function readGlobalAveragePool(node: OperatorNode): Signal {
  return signalOf(append(featureMap(node), { op: "globalAvgPool" }, node.label));
}

/** ReduceMean over height and width: a global average pooling. Its axes are an attribute before opset 18, an input since. */
export function readReduceMean(node: OperatorNode): Signal {
  const signal = node.signal(0);
  const { length } = dimsOf(signal.stage);
  const given = node.opset < 18 ? node.list("axes") : node.wholeNumbers(1);
  if (!given?.length && node.integer("noop_with_empty_axes", 0) !== 0) return signal;
  const axes = given?.length ? given.map((axis) => (axis < 0 ? axis + length : axis)) : [...Array(length).keys()];
  if (length !== 4 || axes.length !== 2 || !axes.includes(2) || !axes.includes(3)) {
    throw node.unsupported(
      `it takes the mean over the axes ${axes.join(", ")} of ${length}`,
      "Only the mean over height and width (axes 2 and 3) is read, as global average pooling.",
    );
  }
  const pooled = append(node.stage(0), { op: "globalAvgPool" }, node.label);
  return signalOf(node.integer("keepdims", 1) !== 0 ? pooled : append(pooled, { op: "flatten" }, node.label, true));
}
