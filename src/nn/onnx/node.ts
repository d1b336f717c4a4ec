import { FormatError, type UnsupportedLayerError } from "../../errors.js";
import { NodeAttributes } from "./attributes.js";
import type { NodeProto } from "./onnx_pb.js";
import { quoted } from "./quoted.js";
import { materialized } from "./settle.js";
import type { Signal, Value } from "./signal.js";
import type { Stage } from "./stage.js";
import { isFloat, type Tensor, Type } from "./tensor.js";
import { wayOutOf } from "./ways-out.js";

/** One node of the graph with its inputs looked up, and typed access to inputs and attributes. */
export class OperatorNode extends NodeAttributes {
  constructor(
    proto: NodeProto,
    /** What the inputs are; undefined for an optional one that is left out. */
    readonly inputs: readonly (Value | undefined)[],
    readonly opset: number,
    index: number,
    /** Tells the caller of the import, in a sentence, what was changed or left out. */
    readonly note: (text: string) => void = () => {},
  ) {
    super(proto, index);
  }

  /** Names of what it makes, those behind the last that has a name left out. */
  get outputs(): readonly string[] {
    return this.proto.output.slice(0, 1 + this.proto.output.findLastIndex((name) => name !== ""));
  }

  /** Inputs up to the last that is there. */
  get inputCount(): number {
    return 1 + this.inputs.findLastIndex((value) => value !== undefined);
  }

  value(index: number): Value {
    const value = this.inputs[index];
    if (!value) throw this.malformed(`has no input ${index + 1}`);
    return value;
  }

  signal(index: number): Signal {
    return this.asSignal(this.value(index), index);
  }

  asSignal(value: Value, index: number): Signal {
    switch (value.kind) {
      case "signal":
        return value;
      case "tensor":
        throw this.unsupported(
          `its input ${index + 1}, ${quoted(value.name)}, is a constant`,
          "Make it act on the image's features; constants are folded by onnxsim or by exporting with do_constant_folding.",
        );
      case "probabilities":
        throw this.unsupported(
          `it comes after ${value.label}, which cannot be encrypted`,
          "Softmax, LogSoftmax and ArgMax may only end the network, where they are dropped: export without this node. Inside, as " +
            "in attention, they compare features, which cannot be encrypted.",
        );
    }
  }

  /** What this node acts on as a stage of the shape that ONNX gives it, one image of it. */
  stage(index: number): Stage {
    const signal = this.signal(index);
    const [batch, ...shape] = signal.dims;
    if (batch === 1 && shape.length > 0) return materialized(signal, this.label);
    throw this.unsupported(
      `it acts on [${signal.dims.join(", ")}], whose first dimension is no batch of one`,
      "Keep the batch in front and apart: one image is computed at a time.",
    );
  }

  tensor(index: number): Tensor {
    const value = this.value(index);
    if (value.kind === "tensor") return value;
    throw this.unsupported(
      `its input ${index + 1} depends on the image, where a constant is expected`,
      "Weights, shapes and axes must be initializers of the graph or Constant nodes: quotients and matrix products of features, as in attention, cannot be read.",
    );
  }

  optionalTensor(index: number): Tensor | undefined {
    return this.inputs[index] ? this.tensor(index) : undefined;
  }

  /** Numbers to multiply with, which no integers are. */
  weights(index: number): Tensor {
    const tensor = this.tensor(index);
    if (isFloat(tensor.type)) return tensor;
    throw new FormatError(
      `tensor ${quoted(tensor.name)} has type ${Type[tensor.type]}, where ${this.label} takes floating-point numbers`,
      "Export the model in float32 (in PyTorch: model.float()), as it was before it was quantised.",
    );
  }

  /** A list of whole numbers that is an input; undefined where it is left out. */
  wholeNumbers(index: number): number[] | undefined {
    const values = this.wholeBounds(index);
    if (values === undefined || values.every(Number.isSafeInteger)) return values;
    throw this.malformed(`has ${values.find((value) => !Number.isSafeInteger(value))} in input ${index + 1}`);
  }

  /** As `wholeNumbers`, of any size: some stand for "as far as it goes". */
  wholeBounds(index: number): number[] | undefined {
    const tensor = this.optionalTensor(index);
    if (!tensor) return undefined;
    if (tensor.dims.length <= 1 && tensor.values.every(Number.isInteger)) return [...tensor.values];
    throw this.malformed(`has ${quoted(tensor.name)}, which is no list of whole numbers, as input ${index + 1}`);
  }

  /** Axes counted from the front. @throws FormatError for one that is not there, or is there twice. */
  axes(given: readonly number[], rank: number): number[] {
    const axes = given.map((axis) => (axis < 0 ? axis + rank : axis));
    if (new Set(axes).size === axes.length && axes.every((axis) => axis >= 0 && axis < rank)) return axes;
    throw this.malformed(`has the axes ${given.slice(0, 8).join(", ")} of ${rank}`);
  }

  foreignAttribute(name: string): FormatError {
    return this.contradicts(`has an attribute ${quoted(name)}, which operator set ${this.opset} does not know`);
  }

  /** For an operator that is not read, or not where its input depends on the image. */
  unread(): UnsupportedLayerError {
    return this.unsupported("this operator is not supported", wayOutOf(this.operator));
  }
}
