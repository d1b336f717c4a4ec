import type { Padding } from "../graph/network.js";
import type { OperatorNode } from "./node.js";
import { quoted } from "./quoted.js";

/** Windows as ONNX's attributes say them, one entry an axis. */
export interface NodeWindows {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: Padding;
}

/** How windows of `kernel` move over a map of these extents. */
export function windowsOf(node: OperatorNode, extents: readonly number[], kernel: readonly number[]): NodeWindows {
  const rank = extents.length;
  const ones = kernel.map(() => 1);
  const stride = node.integers("strides", ones, rank);
  const dilation = node.integers("dilations", ones, rank);
  if ([...kernel, ...stride, ...dilation].some((size) => size < 1)) {
    const lists = [kernel, stride, dilation].map((list) => list.join("×"));
    throw node.malformed(`has kernel ${lists[0]}, strides ${lists[1]} and dilations ${lists[2]}`);
  }
  return { kernel, stride, dilation, padding: paddingOf(node, extents, kernel, stride, dilation) };
}

/** From the first tap of a window to its last one. */
export function reachOf({ kernel, dilation }: NodeWindows, axis: number): number {
  return (kernel[axis] - 1) * dilation[axis] + 1;
}

/** Zeros around a map, from `pads` or `auto_pad`. */
function paddingOf(
  node: OperatorNode,
  extents: readonly number[],
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): Padding {
  const rank = extents.length;
  const mode = node.text("auto_pad", "NOTSET") || "NOTSET";
  const pads = node.integers("pads", Array<number>(2 * rank).fill(0), 2 * rank);
  const given = { before: pads.slice(0, rank), after: pads.slice(rank) };
  if (Math.min(...pads) < 0) throw node.unsupported("its padding is negative", "Crop the image instead.");
  if (mode === "NOTSET") return given;
  if (pads.some((pixels) => pixels > 0)) throw node.malformed(`has both pads and auto_pad ${quoted(mode)}`);
  if (mode === "VALID") return given;
  if (mode !== "SAME_UPPER" && mode !== "SAME_LOWER") throw node.malformed(`has auto_pad ${quoted(mode)}`);
  const totals = extents.map((extent, axis) => {
    const windows = Math.ceil(extent / stride[axis]);
    const pixels = (windows - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1 - extent;
    if (pixels >= -1) return Math.max(pixels, 0);
    // TensorFlow pads by nothing there, onnxruntime crops by half of it, ONNX's reference by half of it rounded down.
    throw node.unsupported(
      `auto_pad ${mode} with strides far beyond its kernel, which runtimes do not agree on`,
      "Export with explicit pads.",
    );
  });
  // An odd pixel goes below and to the right, or above and to the left.
  const before = totals.map((pixels) => (mode === "SAME_UPPER" ? Math.floor : Math.ceil)(pixels / 2));
  return { before, after: totals.map((pixels, axis) => pixels - before[axis]) };
}
