/** ONNX's change log, for the operators that are read: what a node may have, by operator set. */
export interface Signature {
  readonly since: number;
  readonly inputs: readonly [least: number, most: number];
  readonly outputs: number;
  readonly attributes: readonly string[];
}

const ANY = Number.POSITIVE_INFINITY;

const version = (since: number, least: number, most: number, outputs: number, attributes: string): Signature => ({
  since,
  inputs: [least, most],
  outputs,
  attributes: attributes.split(" ").filter((name) => name !== ""),
});

/** Two operands; before opset 7 the second is broadcast by attributes. */
const BINARY = [version(1, 2, 2, 1, "axis broadcast consumed_inputs"), version(7, 2, 2, 1, "")];
/** As `BINARY`, from when there is no other way to broadcast. */
const COMPARISON = [version(1, 2, 2, 1, "axis broadcast"), version(7, 2, 2, 1, "")];
/** One operand, one attribute at most that only ever meant memory. */
const UNARY = [version(1, 1, 1, 1, "consumed_inputs"), version(6, 1, 1, 1, "")];
const SEVERAL = [version(1, 1, ANY, 1, "consumed_inputs"), version(6, 1, ANY, 1, "")];
const SOFTMAX = [version(1, 1, 1, 1, "axis")];
const WINDOWS = "auto_pad kernel_shape pads strides";
const REDUCTION = [version(1, 1, 1, 1, "axes keepdims"), version(18, 1, 2, 1, "keepdims noop_with_empty_axes")];
const ALPHA = [version(1, 1, 1, 1, "alpha consumed_inputs"), version(6, 1, 1, 1, "alpha")];
const NO_ATTRIBUTE = (since: number, inputs = 1) => [version(since, inputs, inputs, 1, "")];

export const CHANGE_LOG: Readonly<Record<string, readonly Signature[]>> = {
  Abs: UNARY,
  Add: BINARY,
  And: COMPARISON,
  ArgMax: [version(1, 1, 1, 1, "axis keepdims"), version(12, 1, 1, 1, "axis keepdims select_last_index")],
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
  Ceil: UNARY,
  Celu: [version(12, 1, 1, 1, "alpha")],
  Clip: [version(1, 1, 1, 1, "consumed_inputs max min"), version(6, 1, 1, 1, "max min"), version(11, 1, 3, 1, "")],
  Concat: [version(1, 1, ANY, 1, "axis")],
  Constant: [
    version(1, 0, 0, 1, "value"),
    version(11, 0, 0, 1, "value sparse_value"),
    version(12, 0, 0, 1, "value sparse_value value_float value_floats value_int value_ints value_string value_strings"),
  ],
  ConstantOfShape: [version(9, 1, 1, 1, "value")],
  Conv: [version(1, 2, 3, 1, `${WINDOWS} dilations group`)],
  DepthToSpace: [version(1, 1, 1, 1, "blocksize"), version(11, 1, 1, 1, "blocksize mode")],
  Div: BINARY,
  Dropout: [
    version(1, 1, 1, 2, "consumed_inputs is_test ratio"),
    version(6, 1, 1, 2, "is_test ratio"),
    version(7, 1, 1, 2, "ratio"),
    version(12, 1, 3, 2, "seed"),
  ],
  Elu: ALPHA,
  Equal: COMPARISON,
  Erf: NO_ATTRIBUTE(9),
  Exp: UNARY,
  Expand: NO_ATTRIBUTE(8, 2),
  Flatten: [version(1, 1, 1, 1, "axis")],
  Floor: UNARY,
  Gather: [version(1, 2, 2, 1, "axis")],
  Gelu: [version(20, 1, 1, 1, "approximate")],
  Gemm: [
    version(1, 3, 3, 1, "alpha beta broadcast transA transB"),
    version(7, 3, 3, 1, "alpha beta transA transB"),
    version(11, 2, 3, 1, "alpha beta transA transB"),
  ],
  GlobalAveragePool: NO_ATTRIBUTE(1),
  Greater: COMPARISON,
  GreaterOrEqual: NO_ATTRIBUTE(12, 2),
  HardSigmoid: [version(1, 1, 1, 1, "alpha beta consumed_inputs"), version(6, 1, 1, 1, "alpha beta")],
  HardSwish: NO_ATTRIBUTE(14),
  Identity: NO_ATTRIBUTE(1),
  LeakyRelu: ALPHA,
  Less: COMPARISON,
  LessOrEqual: NO_ATTRIBUTE(12, 2),
  Log: UNARY,
  LogSoftmax: SOFTMAX,
  MatMul: NO_ATTRIBUTE(1, 2),
  Max: SEVERAL,
  Mean: SEVERAL,
  Min: SEVERAL,
  Mish: NO_ATTRIBUTE(18),
  Mod: [version(10, 2, 2, 1, "fmod")],
  Mul: BINARY,
  Neg: UNARY,
  Not: NO_ATTRIBUTE(1),
  Or: COMPARISON,
  PRelu: [version(1, 2, 2, 1, "consumed_inputs"), version(6, 2, 2, 1, "")],
  Pad: [
    version(1, 1, 1, 1, "mode paddings value"),
    version(2, 1, 1, 1, "mode pads value"),
    version(11, 2, 3, 1, "mode"),
    version(18, 2, 4, 1, "mode"),
  ],
  Pow: COMPARISON,
  Range: NO_ATTRIBUTE(11, 3),
  Reciprocal: UNARY,
  ReduceMax: REDUCTION,
  ReduceMean: REDUCTION,
  ReduceMin: REDUCTION,
  ReduceProd: REDUCTION,
  ReduceSum: [version(1, 1, 1, 1, "axes keepdims"), version(13, 1, 2, 1, "keepdims noop_with_empty_axes")],
  ReduceSumSquare: REDUCTION,
  Relu: UNARY,
  Reshape: [version(1, 1, 1, 1, "consumed_inputs shape"), version(5, 2, 2, 1, ""), version(14, 2, 2, 1, "allowzero")],
  Selu: [version(1, 1, 1, 1, "alpha consumed_inputs gamma"), version(6, 1, 1, 1, "alpha gamma")],
  Shape: [version(1, 1, 1, 1, ""), version(15, 1, 1, 1, "start end")],
  Sigmoid: UNARY,
  Size: NO_ATTRIBUTE(1),
  Slice: [version(1, 1, 1, 1, "axes ends starts"), version(10, 3, 5, 1, "")],
  Softmax: SOFTMAX,
  Softplus: NO_ATTRIBUTE(1),
  SpaceToDepth: [version(1, 1, 1, 1, "blocksize")],
  Split: [
    version(1, 1, 2, ANY, "axis split"),
    version(2, 1, 1, ANY, "axis split"),
    version(13, 1, 2, ANY, "axis"),
    version(18, 1, 2, ANY, "axis num_outputs"),
  ],
  Sqrt: UNARY,
  Squeeze: [version(1, 1, 1, 1, "axes"), version(13, 1, 2, 1, "")],
  Sub: BINARY,
  Sum: SEVERAL,
  Swish: [version(24, 1, 1, 1, "alpha")],
  Tanh: UNARY,
  Tile: [version(1, 3, 3, 1, ""), version(6, 2, 2, 1, "")],
  Transpose: [version(1, 1, 1, 1, "perm")],
  Unsqueeze: [version(1, 1, 1, 1, "axes"), version(13, 2, 2, 1, "")],
  Where: NO_ATTRIBUTE(9, 3),
};
