import type { Conv2d } from "../graph.js";
import type { OperatorNode } from "./node.js";
import { quoted } from "./quoted.js";
import { dimsOf, settle, type Value } from "./signal.js";

/** Zeros around a feature map: the next convolution takes them as padding of its own. */
export function readPad(node: OperatorNode): Value {
  const signal = node.signal(0);
  const { length } = dimsOf(signal.stage);
  const pads = padsOf(node, length);
  if (pads.every((pixels) => pixels === 0)) return signal;
  const mode = node.text("mode", "constant");
  if (mode !== "constant") {
    throw node.unsupported(`mode ${quoted(mode)}`, "Pad with zeros: mode constant with value 0.");
  }
  const value =
    node.opset < 11 ? node.float("value", 0) : (node.optionalTensor(2)?.values.find((each) => each !== 0) ?? 0);
  if (value !== 0) throw node.unsupported(`it pads with ${value}`, "Pad with zeros: mode constant with value 0.");
  const spatial = pads.every((pixels, index) => pixels === 0 || (length === 4 && index % length >= 2));
  if (!spatial || Math.min(...pads) < 0) {
    throw node.unsupported(`it pads by [${pads.join(", ")}]`, "Pad height and width only, and do not crop by it.");
  }
  const [, , top, left, , , bottom, right] = pads;
  const padding: Conv2d["padding"] = { top, left, bottom, right };
  return { kind: "padded", signal: { kind: "signal", stage: settle(signal, node.label) }, padding, label: node.label };
}

/** Pixels before and after each axis, [before…, after…], however the operator set spells them. */
function padsOf(node: OperatorNode, rank: number): number[] {
  const given = node.opset < 11 ? node.list(node.opset < 2 ? "paddings" : "pads") : node.wholeNumbers(1);
  if (!given) throw node.malformed("says not how much to pad");
  const axes = node.wholeNumbers(3)?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? [...Array(rank).keys()];
  const known = axes.every((axis) => axis >= 0 && axis < rank) && new Set(axes).size === axes.length;
  if (!known || given.length !== 2 * axes.length) {
    throw node.malformed(`pads ${rank} dimensions by ${given.length} numbers along ${axes.length} axes`);
  }
  const pads = Array<number>(2 * rank).fill(0);
  for (const [index, axis] of axes.entries()) {
    pads[axis] = given[index];
    pads[rank + axis] = given[axes.length + index];
  }
  return pads;
}
