import { sizeOf } from "../graph/shapes.js";
import type { OperatorNode } from "./node.js";
import { asTail, droppedNote, type Probabilities } from "./signal.js";

// What is made of logits at the end of a network. It cannot be encrypted and need not be: the key holder does it.

/** Softmax and LogSoftmax over the classes. */
export function readSoftmax(node: OperatorNode): Probabilities {
  const signal = node.signal(0);
  const { dims } = signal;
  const [axis] = node.axes([node.integer("axis", node.opset < 13 ? 1 : -1)], dims.length);
  // Before opset 13 it runs over all that is behind the axis, which are the classes too where the map is one pixel.
  const over = node.opset < 13 ? sizeOf(dims.slice(axis)) : dims[axis];
  if (over !== sizeOf(dims)) {
    throw node.unsupported(
      `${node.operator} cannot be encrypted`,
      `${node.operator} over the classes may only end the network: there it is dropped.`,
    );
  }
  expectClasses(node, over);
  const { label } = node;
  return { kind: "probabilities", signal, dims, activation: "softmax", label, notes: [droppedNote(label)] };
}

/** The number of the largest of the logits, or of the probabilities that were made of them. */
export function readArgMax(node: OperatorNode): Probabilities {
  const value = node.value(0);
  if (value.kind === "tensor") throw node.unread();
  const { dims } = value;
  const [axis] = node.axes([node.integer("axis", 0)], dims.length);
  if (dims[axis] !== sizeOf(dims)) {
    throw node.unsupported(
      `it takes the largest along axis ${axis} of [${dims.join(", ")}]`,
      "ArgMax over the classes may only end the network: there it is dropped. Export the logits.",
    );
  }
  expectClasses(node, dims[axis]);
  const tail = asTail(value);
  const kept = node.flag("keepdims", true) ? dims.with(axis, 1) : dims.toSpliced(axis, 1);
  const note = `${node.label} was dropped: the key holder takes the largest of the decrypted logits.`;
  const logits = tail?.signal ?? node.signal(0);
  return {
    kind: "probabilities",
    // Its own result has one number; what is encrypted are the logits.
    signal: { ...logits, dims },
    dims: kept,
    activation: tail?.activation,
    label: node.label,
    notes: [...(tail?.notes ?? []), note],
  };
}

function expectClasses(node: OperatorNode, classes: number): void {
  if (classes > 1) return;
  throw node.unsupported(
    "over one class, whose probability is always 1",
    "Give the network two outputs, or end it with a Sigmoid.",
  );
}
