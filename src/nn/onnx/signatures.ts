/** What ONNX lets a node of an operator have, by operator set: its change log, for the operators that are read. */
import type { OperatorNode } from "./node.js";

/** The newest operator set whose changes are in the table. */
export const NEWEST_OPSET = 27;

interface Signature {
  readonly since: number;
  readonly inputs: readonly [least: number, most: number];
  readonly outputs: number;
  readonly attributes: readonly string[];
}

const version = (since: number, least: number, most: number, outputs: number, attributes: string): Signature => ({
  since,
  inputs: [least, most],
  outputs,
  attributes: attributes.split(" ").filter((name) => name !== ""),
});

/** Two operands; before opset 7 the second is broadcast by attributes. */
const BINARY = [version(1, 2, 2, 1, "axis broadcast consumed_inputs"), version(7, 2, 2, 1, "")];
/** One operand, one attribute at most that only ever meant memory. */
const UNARY = [version(1, 1, 1, 1, "consumed_inputs"), version(6, 1, 1, 1, "")];
const SOFTMAX = [version(1, 1, 1, 1, "axis")];
const WINDOWS = "auto_pad kernel_shape pads strides";

const SIGNATURES: Readonly<Record<string, readonly Signature[]>> = {
  Add: BINARY,
  AveragePool: [
    version(1, 1, 1, 1, WINDOWS),
    version(7, 1, 1, 1, `${WINDOWS} count_include_pad`),
    version(10, 1, 1, 1, `${WINDOWS} count_include_pad ceil_mode`),
    version(19, 1, 1, 1, `${WINDOWS} count_include_pad ceil_mode dilations`),
  ],
  BatchNormalization: [
    version(1, 5, 5, 5, "consumed_inputs epsilon is_test momentum spatial"),
    version(6, 5, 5, 5, "epsilon is_test momentum spatial"),
    version(7, 5, 5, 5, "epsilon momentum spatial"),
    version(9, 5, 5, 5, "epsilon momentum"),
    version(14, 5, 5, 3, "epsilon momentum training_mode"),
  ],
  Cast: [
    version(1, 1, 1, 1, "to"),
    version(19, 1, 1, 1, "to saturate"),
    version(24, 1, 1, 1, "to saturate round_mode"),
  ],
  Constant: [
    version(1, 0, 0, 1, "value"),
    version(11, 0, 0, 1, "value sparse_value"),
    version(12, 0, 0, 1, "value sparse_value value_float value_floats value_int value_ints value_string value_strings"),
  ],
  Conv: [version(1, 2, 3, 1, `${WINDOWS} dilations group`)],
  Div: BINARY,
  Dropout: [
    version(1, 1, 1, 2, "consumed_inputs is_test ratio"),
    version(6, 1, 1, 2, "is_test ratio"),
    version(7, 1, 1, 2, "ratio"),
    version(12, 1, 3, 2, "seed"),
  ],
  Flatten: [version(1, 1, 1, 1, "axis")],
  Gemm: [
    version(1, 3, 3, 1, "alpha beta broadcast transA transB"),
    version(7, 3, 3, 1, "alpha beta transA transB"),
    version(11, 2, 3, 1, "alpha beta transA transB"),
  ],
  GlobalAveragePool: [version(1, 1, 1, 1, "")],
  Identity: [version(1, 1, 1, 1, "")],
  LogSoftmax: SOFTMAX,
  MatMul: [version(1, 2, 2, 1, "")],
  Mul: BINARY,
  Neg: UNARY,
  Pad: [
    version(1, 1, 1, 1, "mode paddings value"),
    version(2, 1, 1, 1, "mode pads value"),
    version(11, 2, 3, 1, "mode"),
    version(18, 2, 4, 1, "mode"),
  ],
  Pow: [version(1, 2, 2, 1, "axis broadcast"), version(7, 2, 2, 1, "")],
  ReduceMean: [version(1, 1, 1, 1, "axes keepdims"), version(18, 1, 2, 1, "keepdims noop_with_empty_axes")],
  Relu: UNARY,
  Reshape: [version(1, 1, 1, 1, "consumed_inputs shape"), version(5, 2, 2, 1, ""), version(14, 2, 2, 1, "allowzero")],
  Sigmoid: UNARY,
  Softmax: SOFTMAX,
  Squeeze: [version(1, 1, 1, 1, "axes"), version(13, 1, 2, 1, "")],
  Sub: BINARY,
  Transpose: [version(1, 1, 1, 1, "perm")],
  Unsqueeze: [version(1, 1, 1, 1, "axes"), version(13, 2, 2, 1, "")],
};

/**
 * Nothing that a node says is passed over: an input, an output or an attribute that its operator does not have in this
 * operator set would be a meaning that nobody reads.
 * @throws FormatError naming it.
 */
export function expectSignature(node: OperatorNode): void {
  const { opset } = node;
  const signature = SIGNATURES[node.operator]?.findLast(({ since }) => since <= opset);
  if (!signature) return;
  const unknown = node.attributeNames.find((name) => !signature.attributes.includes(name));
  if (unknown !== undefined) throw node.foreignAttribute(unknown);
  const [least, most] = signature.inputs;
  if (node.inputCount < least || node.inputCount > most) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    throw node.contradicts(`has ${node.inputCount} inputs, which are ${wanted} in operator set ${opset}`);
  }
  if (node.outputCount < 1 || node.outputCount > signature.outputs) {
    throw node.contradicts(
      `has ${node.outputCount} outputs, which are ${signature.outputs} at most in operator set ${opset}`,
    );
  }
}
