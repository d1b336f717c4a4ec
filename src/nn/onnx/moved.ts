import { sizeOf } from "../graph/shapes.js";
import { expectNumbers } from "./budget.js";
import type { Move } from "./moves.js";
import type { OperatorNode } from "./node.js";
import { movedSignal } from "./settle.js";
import type { Value } from "./signal.js";
import type { Marks, Stage } from "./stage.js";
import type { Tensor } from "./tensor.js";

/** Deeper than any network; a list of axes is copied with each node. */
const MOST_AXES = 16;

/** The value with its elements moved: a constant at once, what depends on the image by a layer where the order changes. */
export function moved(
  node: OperatorNode,
  value: Value,
  change: (dims: readonly number[]) => Move,
  marks: (source: Stage) => Marks = () => ({}),
): Value {
  const move = change(value.dims);
  if (move.dims.length > MOST_AXES) throw node.unsupported(`it makes ${move.dims.length} dimensions`, FEWER_AXES);
  if (value.kind === "tensor") return movedTensor(node, value, move);
  if (value.kind === "signal") return movedSignal(value, move, node.label, marks);
  // Probabilities often take another shape before the end.
  if (move.index) return node.asSignal(value, 0);
  return { ...value, dims: move.dims, signal: { ...value.signal, dims: move.dims } };
}

/** As `moved`, of a constant. */
export function movedTensor(node: OperatorNode, tensor: Tensor, { dims, index }: Move): Tensor {
  expectNumbers(sizeOf(dims), node.label);
  if (!index) return { ...tensor, dims };
  const places = index();
  const values = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) if (places[i] >= 0) values[i] = tensor.values[places[i]];
  return { ...tensor, dims, values };
}

const FEWER_AXES = `Use values of at most ${MOST_AXES} dimensions.`;
