import type { Conv2d, Shape } from "../graph.js";
import type { OperatorNode } from "./node.js";
import { quoted } from "./quoted.js";
import type { Stage } from "./signal.js";
import type { Tensor } from "./tensor.js";

// What convolutions, batch norms and poolings have in common.

/** The features as a map. */
export function featureMap(node: OperatorNode): Stage {
  const stage = node.stage(0);
  if (!stage.flat) return stage;
  throw node.unsupported("it comes after the features were flattened", "Put it before Flatten.");
}

/** A constant with one number for each channel. */
export function vector(node: OperatorNode, tensor: Tensor, length: number): Float64Array {
  if (tensor.dims.length === 1 && tensor.values.length === length) return tensor.values;
  throw node.malformed(`has ${quoted(tensor.name)} of shape [${tensor.dims.join(", ")}] instead of [${length}]`);
}

/** Pixels of padding on a map of this shape, from `pads` or `auto_pad`. */
export function paddingOf(
  node: OperatorNode,
  shape: Pick<Shape, "height" | "width">,
  kernel: readonly number[],
  stride: readonly number[],
): Conv2d["padding"] {
  const mode = node.text("auto_pad", "NOTSET") || "NOTSET";
  const [top, left, bottom, right] = node.integers("pads", [0, 0, 0, 0], 4);
  if (Math.min(top, left, bottom, right) < 0) {
    throw node.unsupported("its padding is negative", "Crop the image instead.");
  }
  if (mode === "NOTSET") return { top, left, bottom, right };
  if (top + left + bottom + right > 0) throw node.malformed(`has both pads and auto_pad ${quoted(mode)}`);
  if (mode === "VALID") return { top, left, bottom, right };
  if (mode !== "SAME_UPPER" && mode !== "SAME_LOWER") throw node.malformed(`has auto_pad ${quoted(mode)}`);
  const [vertical, horizontal] = [shape.height, shape.width].map((extent, axis) => {
    const windows = Math.ceil(extent / stride[axis]);
    const pixels = (windows - 1) * stride[axis] + kernel[axis] - extent;
    if (pixels >= -1) return Math.max(pixels, 0);
    // TensorFlow pads by nothing there, onnxruntime crops by half of it, ONNX's reference by half of it rounded down.
    throw node.unsupported(
      `auto_pad ${mode} with strides far beyond its kernel, which runtimes do not agree on`,
      "Export with explicit pads.",
    );
  });
  // An odd pixel goes below and to the right, or above and to the left.
  const before = (pixels: number) => (mode === "SAME_UPPER" ? Math.floor : Math.ceil)(pixels / 2);
  return {
    top: before(vertical),
    left: before(horizontal),
    bottom: vertical - before(vertical),
    right: horizontal - before(horizontal),
  };
}
