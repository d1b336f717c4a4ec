import { FormatError, UnsupportedLayerError } from "../../errors.js";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
  type TensorProto,
} from "./onnx_pb.js";
import { quoted } from "./quoted.js";

/** What a node says of itself, by type, and the errors that name it. */
export class NodeAttributes {
  readonly operator: string;
  /** See `labelOf`. */
  readonly label: string;
  private readonly attributes: ReadonlyMap<string, AttributeProto>;

  constructor(
    protected readonly proto: NodeProto,
    index: number,
  ) {
    this.operator = operatorOf(proto);
    this.label = labelOf(proto, index);
    this.attributes = new Map(proto.attribute.map((attribute) => [attribute.name, attribute]));
    if (this.attributes.size < proto.attribute.length) throw this.malformed("has an attribute twice");
  }

  get attributeNames(): string[] {
    return [...this.attributes.keys()];
  }

  has(name: string): boolean {
    return this.attributes.has(name);
  }

  integer(name: string, otherwise: number): number {
    const attribute = this.attribute(name, AttributeType.INT);
    return attribute ? this.safe(name, attribute.i) : otherwise;
  }

  flag(name: string, otherwise: boolean): boolean {
    return this.integer(name, otherwise ? 1 : 0) !== 0;
  }

  integers(name: string, otherwise: readonly number[], length: number): number[] {
    const values = this.list(name) ?? [...otherwise];
    if (values.length !== length)
      throw this.malformed(`has ${values.length} values in ${quoted(name)} instead of ${length}`);
    return values;
  }

  /** Of any length; undefined when it is not there. */
  list(name: string): number[] | undefined {
    return this.attribute(name, AttributeType.INTS)?.ints.map((value) => this.safe(name, value));
  }

  /** As `list`, with numbers that stand for "as far as it goes" cut to what a double holds. */
  bounds(name: string): number[] | undefined {
    return this.attribute(name, AttributeType.INTS)?.ints.map(Number);
  }

  float(name: string, otherwise: number): number {
    const value = this.attribute(name, AttributeType.FLOAT)?.f ?? otherwise;
    if (!Number.isFinite(value)) throw this.malformed(`has an infinite or undefined ${quoted(name)}`);
    return value;
  }

  text(name: string, otherwise: string): string {
    const attribute = this.attribute(name, AttributeType.STRING);
    return attribute ? new TextDecoder().decode(attribute.s) : otherwise;
  }

  tensorAttribute(name: string): TensorProto | undefined {
    return this.attribute(name, AttributeType.TENSOR)?.t;
  }

  /** Floating-point or integer lists and scalars, as Constant has them. */
  numbers(name: string): { readonly values: number[]; readonly whole: boolean } | undefined {
    const attribute = this.attributes.get(name);
    switch (attribute?.type) {
      case AttributeType.FLOAT:
        return { values: [attribute.f], whole: false };
      case AttributeType.INT:
        return { values: [Number(attribute.i)], whole: true };
      case AttributeType.FLOATS:
        return { values: attribute.floats, whole: false };
      case AttributeType.INTS:
        return { values: attribute.ints.map(Number), whole: true };
      default:
        return undefined;
    }
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
