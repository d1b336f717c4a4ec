import { expectMapSize, sizeOf } from "../graph/shapes.js";
import { multiplied } from "./elementwise.js";
import type { OperatorNode } from "./node.js";
import { type Signal, signalOf } from "./signal.js";
import { featureMap } from "./spatial.js";
import { append, type Stage } from "./stage.js";
import { type NodeWindows, reachOf, windowsOf } from "./windows.js";

// Means over windows and over whole maps.

/**
 * Windows without padding and dilation are a pooling. All others are a sum over each window, as a convolution of ones by
 * channel, divided by how many of its taps count.
 */
export function readAveragePool(node: OperatorNode): Signal {
  const stage = featureMap(node);
  const extents = stage.shape.slice(1);
  const kernel = node.list("kernel_shape") ?? [];
  if (kernel.length !== extents.length)
    throw node.malformed(`has ${kernel.length} values in "kernel_shape" instead of ${extents.length}`);
  const windows = windowsOf(node, extents, kernel);
  const outputs = extents.map((extent, axis) => countOf(node, windows, extent, axis));
  const { stride, dilation, padding } = windows;
  const inside = extents.every((extent, axis) => {
    const last = (outputs[axis] - 1) * stride[axis] + reachOf(windows, axis);
    return padding.before[axis] === 0 && dilation[axis] === 1 && last <= extent;
  });
  if (inside) {
    // Where one window is all there is, its stride says nothing.
    const strides = stride.map((step, axis) => (outputs[axis] === 1 ? kernel[axis] : step));
    const tiles = strides.every(
      (step, axis) => Math.floor((extents[axis] - kernel[axis]) / step) + 1 === outputs[axis],
    );
    return signalOf(append([stage], { op: "avgPool", kernel, stride: tiles ? strides : stride }, node.label));
  }
  return summedWindows(node, stage, windows, outputs);
}

/** How many windows there are along an axis. With `ceil_mode` a rest is one, and none begins behind the first padding and the map. */
function countOf(node: OperatorNode, windows: NodeWindows, extent: number, axis: number): number {
  const step = windows.stride[axis];
  const before = windows.padding.before[axis];
  const room = extent + before + windows.padding.after[axis] - reachOf(windows, axis);
  const same = node.text("auto_pad", "NOTSET").startsWith("SAME");
  const ceil = !same && node.flag("ceil_mode", false);
  const all = same ? Math.ceil(extent / step) : 1 + (ceil ? Math.ceil : Math.floor)(room / step);
  const count = ceil && (all - 1) * step >= extent + before ? all - 1 : all;
  if (room >= 0 && count >= 1) return count;
  throw node.unsupported(
    `its windows of ${windows.kernel.join("×")} do not fit into [${extent}]`,
    "Check the sizes of the pooling and of the image that the network takes.",
  );
}

function summedWindows(node: OperatorNode, stage: Stage, windows: NodeWindows, outputs: readonly number[]): Signal {
  const [channels, ...extents] = stage.shape;
  const { kernel, stride, dilation, padding } = windows;
  expectMapSize([channels, ...outputs], node.label);
  expectMapSize([channels, ...kernel], `${node.label}: its windows`);
  const counts = countedTaps(node, windows, extents, outputs);
  const [first] = counts;
  const uniform = counts.every((count) => count === first);
  const after = outputs.map(
    (count, axis) => (count - 1) * stride[axis] + reachOf(windows, axis) - extents[axis] - padding.before[axis],
  );
  const layer = {
    op: "conv",
    inChannels: channels,
    outChannels: channels,
    kernel,
    stride,
    dilation,
    padding: { before: padding.before, after },
    groups: channels,
    weights: new Float64Array(channels * sizeOf(kernel)).fill(uniform ? 1 / first : 1),
    bias: new Float64Array(channels),
  } as const;
  const summed = signalOf(append([stage], layer, node.label));
  if (uniform) return summed;
  const shares = Float64Array.from({ length: channels * counts.length }, (_, i) => 1 / counts[i % counts.length]);
  return multiplied(summed, shares);
}

/** For each window, the taps that its mean counts: those on the map, or on the padding too, never beyond both. */
function countedTaps(
  node: OperatorNode,
  windows: NodeWindows,
  extents: readonly number[],
  outputs: readonly number[],
): number[] {
  const withPadding = node.flag("count_include_pad", false);
  let counts = [1];
  for (const [axis, extent] of extents.entries()) {
    const { before, after } = windows.padding;
    const [low, high] = withPadding ? [-before[axis], extent + after[axis]] : [0, extent];
    const along = Array.from({ length: outputs[axis] }, (_, at) => {
      const begin = at * windows.stride[axis] - before[axis];
      let taps = 0;
      for (let tap = 0; tap < windows.kernel[axis]; tap++) {
        const place = begin + tap * windows.dilation[axis];
        if (place >= low && place < high) taps++;
      }
      return taps;
    });
    counts = counts.flatMap((count) => along.map((taps) => count * taps));
  }
  if (counts.every((count) => count > 0)) return counts;
  throw node.unsupported("a window of it has nothing in it", "Pad by less than the pooling's kernel.");
}

export function readGlobalAveragePool(node: OperatorNode): Signal {
  return signalOf(append([featureMap(node)], { op: "globalAvgPool" }, node.label));
}
