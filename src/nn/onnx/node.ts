import { FormatError, UnsupportedLayerError } from "../../errors.js";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
  type TensorProto,
} from "./onnx_pb.js";
import { quoted } from "./quoted.js";
import { type Signal, type Stage, settle, type Value } from "./signal.js";
import type { Tensor } from "./tensor.js";

/** One node of the graph with its inputs looked up, and typed access to inputs and attributes. */
export class OperatorNode {
  readonly operator: string;
  /** See `labelOf`. */
  readonly label: string;
  private readonly attributes: ReadonlyMap<string, AttributeProto>;

  constructor(
    private readonly proto: NodeProto,
    /** What the inputs are; undefined for an optional one that is left out. */
    readonly inputs: readonly (Value | undefined)[],
    readonly opset: number,
    index: number,
    /** Tells the caller of the import, in a sentence, what was changed or left out. */
    readonly note: (text: string) => void = () => {},
  ) {
    this.operator = operatorOf(proto);
    this.label = labelOf(proto, index);
    this.attributes = new Map(proto.attribute.map((attribute) => [attribute.name, attribute]));
    if (this.attributes.size < proto.attribute.length) throw this.malformed("has an attribute twice");
  }

  get output(): string {
    return this.proto.output[0] ?? "";
  }

  /** Outputs up to the last that has a name: those behind it are left out. */
  get outputCount(): number {
    return 1 + this.proto.output.findLastIndex((name) => name !== "");
  }

  /** Inputs up to the last that is there. */
  get inputCount(): number {
    return 1 + this.inputs.findLastIndex((value) => value !== undefined);
  }

  get attributeNames(): string[] {
    return [...this.attributes.keys()];
  }

  value(index: number): Value {
    const value = this.inputs[index];
    if (!value) throw this.malformed(`has no input ${index + 1}`);
    return value;
  }

  signal(index: number): Signal {
    const value = this.value(index);
    switch (value.kind) {
      case "signal":
        return value;
      case "tensor":
        throw this.unsupported(
          `its input ${index + 1}, ${quoted(value.name)}, is a constant`,
          "Make it act on the image's features; constants are folded by onnxsim or by exporting with do_constant_folding.",
        );
      case "padded":
        throw this.unsupported(
          `it acts on what ${value.label} padded`,
          "Only a Conv may follow a Pad: it takes the zeros as its own padding.",
        );
      case "probabilities":
        throw this.unsupported(
          `it comes after ${value.label}, which cannot be encrypted`,
          "Softmax, LogSoftmax and Sigmoid may only end the network, where they are dropped: export without this node. Inside, as in " +
            "SiLU, x·sigmoid(x), replace the activation by a quadratic a·x² + b·x + c per channel and fine-tune.",
        );
    }
  }

  /** The features that this node acts on, as a stage of the chain. */
  stage(index: number): Stage {
    return this.settled(this.signal(index));
  }

  settled(signal: Signal): Stage {
    return settle(signal, this.label);
  }

  tensor(index: number): Tensor {
    const value = this.value(index);
    if (value.kind === "tensor") return value;
    throw this.unsupported(
      `its input ${index + 1} depends on the image, where a constant is expected`,
      "Weights, shapes and axes must be initializers of the graph or Constant nodes: products and quotients of features, and attention, cannot be read.",
    );
  }

  optionalTensor(index: number): Tensor | undefined {
    return this.inputs[index] ? this.tensor(index) : undefined;
  }

  has(name: string): boolean {
    return this.attributes.has(name);
  }

  integer(name: string, otherwise: number): number {
    const attribute = this.attribute(name, AttributeType.INT);
    return attribute ? this.safe(name, attribute.i) : otherwise;
  }

  integers(name: string, otherwise: readonly number[], length: number): number[] {
    const attribute = this.attribute(name, AttributeType.INTS);
    const values = attribute ? attribute.ints.map((value) => this.safe(name, value)) : [...otherwise];
    if (values.length !== length)
      throw this.malformed(`has ${values.length} values in ${quoted(name)} instead of ${length}`);
    return values;
  }

  float(name: string, otherwise: number): number {
    const value = this.attribute(name, AttributeType.FLOAT)?.f ?? otherwise;
    if (!Number.isFinite(value)) throw this.malformed(`has an infinite or undefined ${quoted(name)}`);
    return value;
  }

  /** Whole numbers from an attribute up to some operator set, from an input since. */
  wholeNumbers(index: number): number[] | undefined {
    const tensor = this.optionalTensor(index);
    if (!tensor) return undefined;
    if (tensor.dims.length <= 1 && tensor.values.every(Number.isSafeInteger)) return [...tensor.values];
    throw this.malformed(`has ${quoted(tensor.name)}, which is no list of whole numbers, as input ${index + 1}`);
  }

  text(name: string, otherwise: string): string {
    const attribute = this.attribute(name, AttributeType.STRING);
    return attribute ? new TextDecoder().decode(attribute.s) : otherwise;
  }

  /** A list of any length, undefined when it is not there. */
  list(name: string): number[] | undefined {
    return this.attribute(name, AttributeType.INTS)?.ints.map((value) => this.safe(name, value));
  }

  tensorAttribute(name: string): TensorProto | undefined {
    return this.attribute(name, AttributeType.TENSOR)?.t;
  }

  /** Floating-point or integer lists and scalars, as Constant has them. */
  numbers(name: string): number[] | undefined {
    const attribute = this.attributes.get(name);
    switch (attribute?.type) {
      case AttributeType.FLOAT:
        return [attribute.f];
      case AttributeType.INT:
        return [Number(attribute.i)];
      case AttributeType.FLOATS:
        return attribute.floats;
      case AttributeType.INTS:
        return attribute.ints.map(Number);
      default:
        return undefined;
    }
  }

  /** The same change to whatever features the input is: also inside of the probabilities that are made of them. */
  through(index: number, change: (signal: Signal) => Signal): Value {
    const value = this.value(index);
    return value.kind === "probabilities" ? { ...value, signal: change(value.signal) } : change(this.signal(index));
  }

  unsupported(reason: string, fix: string): UnsupportedLayerError {
    return new UnsupportedLayerError(`${this.label}: ${reason}`, fix);
  }

  malformed(reason: string): FormatError {
    return new FormatError(
      `${this.label} ${reason}`,
      "The file is damaged or was written wrongly: export the model again.",
    );
  }

  /** For a node that has what its operator has not in this operator set. */
  contradicts(reason: string): FormatError {
    return new FormatError(
      `${this.label} ${reason}`,
      "Export the model again: the file names one operator set and is written by the rules of another.",
    );
  }

  foreignAttribute(name: string): FormatError {
    return this.contradicts(`has an attribute ${quoted(name)}, which operator set ${this.opset} does not know`);
  }

  private attribute(name: string, type: AttributeType): AttributeProto | undefined {
    const attribute = this.attributes.get(name);
    if (!attribute) return undefined;
    // Files older than IR version 2 leave the type out.
    if (attribute.type !== type && attribute.type !== AttributeType.UNDEFINED) {
      throw this.malformed(
        `has an attribute ${quoted(name)} of type ${AttributeType[attribute.type]} instead of ${AttributeType[type]}`,
      );
    }
    return attribute;
  }

  private safe(name: string, value: bigint): number {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    throw this.malformed(`has ${value} in ${quoted(name)}`);
  }
}

/** 'Conv "conv1"', or 'Conv (node 3)' when the node has no name. */
export function labelOf(proto: NodeProto, index: number): string {
  const operator = operatorOf(proto);
  const printable = /^[\w.:-]{1,60}$/.test(operator) ? operator : quoted(operator);
  return `${printable} ${proto.name ? quoted(proto.name) : `(node ${index + 1})`}`;
}

/** The operator's type, with its domain in front unless that is ONNX's own. */
function operatorOf({ domain, opType }: NodeProto): string {
  return domain === "" || domain === "ai.onnx" ? opType : `${domain}.${opType}`;
}
