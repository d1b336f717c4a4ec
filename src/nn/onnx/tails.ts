import type { OperatorNode } from "./node.js";
import { dimsOf, type Probabilities, type Signal, type Value } from "./signal.js";

// What makes probabilities of logits. It cannot be encrypted and need not be: the key holder does it.

/** Softmax and LogSoftmax over the classes. */
export function readSoftmax(node: OperatorNode): Value {
  const signal = node.signal(0);
  const dims = dimsOf(signal.stage);
  const axis = node.integer("axis", node.opset < 13 ? 1 : -1);
  const along = axis < 0 ? axis + dims.length : axis;
  // Before opset 13 it runs over all that is behind the axis, which are the classes too where the map is one pixel.
  if (along !== 1 || dims.slice(2).some((extent) => extent !== 1)) {
    throw node.unsupported(
      `${node.operator} cannot be encrypted`,
      `${node.operator} over the classes may only end the network: there it is dropped.`,
    );
  }
  if (dims[1] === 1) {
    throw node.unsupported(
      "over one class, whose probability is always 1",
      "Give the network two outputs, or end it with a Sigmoid.",
    );
  }
  return probabilities(node, signal, "softmax");
}

/** Sigmoid: one logit of two classes, or a logit for each of several labels. */
export function readSigmoid(node: OperatorNode): Value {
  return probabilities(node, node.signal(0), "sigmoid");
}

function probabilities(node: OperatorNode, signal: Signal, activation: Probabilities["activation"]): Probabilities {
  return { kind: "probabilities", signal, activation, label: node.label };
}
