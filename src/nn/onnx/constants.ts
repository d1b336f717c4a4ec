import { sizeOf } from "../graph/shapes.js";
import { constants } from "./arithmetic.js";
import { expectNumbers } from "./budget.js";
import type { OperatorNode } from "./node.js";
import { quoted } from "./quoted.js";
import type { Value } from "./signal.js";
import { castTensor, constantOf, isFloat, readTensor, type Tensor, Type } from "./tensor.js";

// Constants, and what is known of any value before it is computed: its shape.

/** Constants that a node makes out of nothing: a small file could ask for any number of them. */
const MOST_MADE = 2 ** 22;

export function readConstant(node: OperatorNode): Tensor {
  const tensor = node.tensorAttribute("value");
  if (tensor) return readTensor(tensor, tensor.name || node.outputs[0]);
  for (const name of ["value_float", "value_int", "value_floats", "value_ints"]) {
    const numbers = node.numbers(name);
    if (!numbers) continue;
    const { values, whole } = numbers;
    if (!values.every(Number.isFinite)) throw node.malformed("holds NaN or infinity");
    const dims = name.endsWith("s") ? [values.length] : [];
    return constantOf(node.outputs[0], whole ? Type.INT64 : Type.FLOAT, dims, Float64Array.from(values));
  }
  throw node.unsupported("it holds no dense numbers", "Use Constant with value, value_float(s) or value_int(s).");
}

/** One number for all elements of a shape. */
export function readConstantOfShape(node: OperatorNode): Tensor {
  constants(node);
  const dims = node.wholeNumbers(0) ?? [];
  if (dims.some((extent) => extent < 0)) throw node.malformed(`makes [${dims.slice(0, 8).join(", ")}]`);
  const proto = node.tensorAttribute("value");
  const value = proto && readTensor(proto, quoted(node.outputs[0]));
  if (value && value.values.length !== 1) throw node.malformed(`fills with ${value.values.length} numbers`);
  const values = new Float64Array(madeLength(node, sizeOf(dims))).fill(value?.values[0] ?? 0);
  return constantOf(node.outputs[0], value?.type ?? Type.FLOAT, dims, values);
}

/** start, start + delta, … below limit. */
export function readRange(node: OperatorNode): Tensor {
  const [start, limit, delta] = constants(node).map(({ values }) => (values.length === 1 ? values[0] : Number.NaN));
  const length = madeLength(node, Math.max(0, Math.ceil((limit - start) / delta)));
  const values = Float64Array.from({ length }, (_, k) => start + k * delta);
  return constantOf(node.outputs[0], node.tensor(0).type, [length], values);
}

function madeLength(node: OperatorNode, length: number): number {
  if (Number.isNaN(length)) throw node.malformed("takes numbers, one each");
  if (length <= MOST_MADE) return length;
  throw node.unsupported(
    `it makes ${length} numbers, more than ${MOST_MADE}`,
    "Networks of that size cannot be encrypted: use smaller feature maps.",
  );
}

/** Known without the image: sizes are fixed and there is one image. */
export function readShape(node: OperatorNode): Tensor {
  const { dims } = node.value(0);
  const sizes = dims.slice(node.integer("start", 0), node.has("end") ? node.integer("end", 0) : undefined);
  return constantOf(node.outputs[0], Type.INT64, [sizes.length], Float64Array.from(sizes));
}

export function readSize(node: OperatorNode): Tensor {
  return constantOf(node.outputs[0], Type.INT64, [], Float64Array.of(sizeOf(node.value(0).dims)));
}

/** Constants to any type of numbers; what depends on the image stays a real number. */
export function readCast(node: OperatorNode): Value {
  const value = node.value(0);
  // The type is a name before opset 6.
  const to = node.opset < 6 ? Type[node.text("to", "") as keyof typeof Type] : node.integer("to", 0);
  if (value.kind === "tensor") {
    const cast = castTensor(value, to);
    if (cast) return cast;
    expectNumbers(value.values.length, node.label);
    throw node.unsupported(
      `it casts ${quoted(value.name)} to ${Type[to] ?? to}, which does not hold its numbers`,
      "Export the model in float32 (in PyTorch: model.float()).",
    );
  }
  // A class's number is one in any type.
  if (value.kind === "probabilities" || isFloat(to)) return value;
  throw node.unsupported(`it casts to ${Type[to] ?? to}`, "Export the model in float32 (in PyTorch: model.float()).");
}
