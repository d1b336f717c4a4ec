import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { BlindsightError } from "../../src/errors.js";
import type { Network } from "../../src/nn/graph/network.js";
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  TensorProto_DataType as Type,
} from "../../src/nn/onnx/onnx_pb.js";
import { importOnnx } from "../../src/nn/onnx.js";

export type Attribute = number | string | readonly number[] | { readonly float: number };
export type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

/** Dimensions and numbers of an initializer. */
export function tensor(dims: readonly number[], values: readonly number[], name = ""): TensorInit {
  return { name, dataType: Type.DOUBLE, dims: dims.map(BigInt), doubleData: [...values] };
}

export function node(
  opType: string,
  inputs: string,
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): MessageInitShape<typeof NodeProtoSchema> {
  const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
  return { opType, input: inputs === "" ? [] : inputs.split(" "), output: [output], name: `${output}_node`, attribute };
}

function attributeOf(name: string, value: Attribute): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === "number") return { name, type: AttributeType.INT, i: BigInt(value) };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: value.map(BigInt) };
}

export interface ModelInit {
  readonly nodes: readonly MessageInitShape<typeof NodeProtoSchema>[];
  /** Sizes of the input "x"; a string is a dynamic size. */
  readonly input?: readonly (number | string)[];
  readonly output?: string;
  readonly weights?: Readonly<Record<string, TensorInit>>;
  readonly card?: unknown;
  readonly opset?: number;
  readonly elemType?: number;
}

/** Bytes of a model with one input "x" and one output, "y" unless said. */
export function model(init: ModelInit): Uint8Array {
  const { input = [1, 2, 4, 4], output = "y", weights = {}, card, opset = 17, elemType = Type.FLOAT } = init;
  const dim = input.map((size) => ({
    value:
      typeof size === "string"
        ? ({ case: "dimParam", value: size } as const)
        : ({ case: "dimValue", value: BigInt(size) } as const),
  }));
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ version: BigInt(opset) }],
      graph: {
        name: "built",
        node: [...init.nodes],
        initializer: Object.entries(weights).map(([name, proto]) => ({ ...proto, name })),
        input: [{ name: "x", type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } } }],
        output: [{ name: output }],
      },
      metadataProps:
        card === undefined
          ? []
          : [{ key: "blindsight", value: typeof card === "string" ? card : JSON.stringify(card) }],
    }),
  );
}

export function read(init: ModelInit): Network {
  return importOnnx(model(init));
}

export function operators(init: ModelInit): string[] {
  return read(init).layers.map(({ op }) => op);
}

/** The error that importing ends with. */
export function failure(init: ModelInit | Uint8Array): BlindsightError {
  try {
    importOnnx(init instanceof Uint8Array ? init : model(init));
  } catch (error) {
    return error as BlindsightError;
  }
  throw new Error("it was imported");
}
