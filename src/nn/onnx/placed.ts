import type { FormatError } from "../../errors.js";
import { sameShape } from "../graph/shapes.js";
import type { OperatorNode } from "./node.js";
import type { Value } from "./signal.js";

/** Operators that broadcast without saying so, or never did. */
const UNSAID = ["Gemm", "Max", "Mean", "Min", "Sum"];

/** The second one's shape, ready to be broadcast. Before opset 7 `broadcast` puts it at `axis`, or at the end. */
export function placedDims(node: OperatorNode, left: Value, right: Value): readonly number[] {
  const [dims, second] = [left.dims, right.dims];
  const { opset } = node;
  if (opset >= 7 || UNSAID.includes(node.operator)) return second;
  if (!node.has("broadcast") || !node.flag("broadcast", false)) {
    // One number is the same by every rule, and exporters wrote it.
    const one = [left, right].some((value) => value.kind === "tensor" && value.values.length === 1);
    if (one || sameShape(dims, second)) return second;
    throw node.contradicts(
      `joins [${dims.join(", ")}] and [${second.join(", ")}], which operator set ${opset} does with broadcast = 1 only`,
    );
  }
  if (left.kind === "tensor" && right.kind !== "tensor") {
    throw node.contradicts(`broadcasts its first input, which operator set ${opset} does not do`);
  }
  const from = node.integer("axis", dims.length - second.length);
  const at = from < 0 ? from + dims.length : from;
  const places = second.map((extent, k) => (extent === 1 || extent === dims[at + k] ? extent : Number.NaN));
  if (at < 0 || at + second.length > dims.length || places.some(Number.isNaN)) throw unequal(node, left, right);
  return [...second, ...Array<number>(dims.length - at - second.length).fill(1)];
}

export function unequal(node: OperatorNode, left: Value, right: Value): FormatError {
  return node.malformed(`joins [${left.dims.join(", ")}] and [${right.dims.join(", ")}], which fit in no way`);
}
