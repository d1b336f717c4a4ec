import { FormatError } from "../../errors.js";
import { type ExternalFile, readExternal } from "./external.js";
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType as Type } from "./onnx_pb.js";
import { quoted } from "./quoted.js";

export { Type };

/** A constant of the graph, its numbers as doubles. */
export interface Tensor {
  readonly kind: "tensor";
  readonly name: string;
  readonly type: Type;
  readonly dims: readonly number[];
  readonly values: Float64Array;
}

/**
 * Reads tensors of floating-point numbers, integers and BOOL.
 * The data's length is compared with the declared shape before anything is allocated by that shape.
 * @param external gives the bytes of a file beside the model; without it, data in another file is an error
 * @throws FormatError naming the tensor: another type, data that is not there, wrong length, NaN or infinity.
 */
export function readTensor(proto: TensorProto, name: string, external?: ExternalFile): Tensor {
  const label = `tensor ${quoted(name)}`;
  const dims = proto.dims.map(Number);
  if (dims.some((dim) => !(Number.isSafeInteger(dim) && dim >= 0)))
    throw damaged(`${label} has a negative or huge size`);
  const outside = proto.dataLocation === TensorProto_DataLocation.EXTERNAL;
  const raw = outside ? readExternal(proto, label, external) : proto.rawData;
  const source = sourceOf(proto, raw, label);
  if (dims.reduce((product, dim) => product * dim, 1) !== source.length) {
    throw damaged(`${label} is declared as ${dims.join("×") || "a scalar"}, but holds ${source.length} values`);
  }
  const values = Float64Array.from({ length: source.length }, (_, index) => source.at(index));
  if (values.some((value) => !Number.isFinite(value))) {
    throw new FormatError(
      `${label} holds NaN or infinity`,
      "Train and export the model again: its weights must be finite.",
    );
  }
  return { kind: "tensor", name, type: proto.dataType, dims, values };
}

/** A constant that a node has computed. */
export function constantOf(name: string, type: Type, dims: readonly number[], values: Float64Array): Tensor {
  return { kind: "tensor", name, type, dims, values: type === Type.FLOAT ? values.map(Math.fround) : values };
}

export function isFloat(type: Type): boolean {
  return type === Type.FLOAT || type === Type.DOUBLE || type === Type.FLOAT16 || type === Type.BFLOAT16;
}

/** Least and largest number of each integer type; doubles hold those of 64 bits up to 2^53 only. */
const BITS: Readonly<Partial<Record<Type, readonly [least: number, most: number]>>> = {
  [Type.BOOL]: [0, 1],
  [Type.INT8]: [-(2 ** 7), 2 ** 7 - 1],
  [Type.UINT8]: [0, 2 ** 8 - 1],
  [Type.INT16]: [-(2 ** 15), 2 ** 15 - 1],
  [Type.UINT16]: [0, 2 ** 16 - 1],
  [Type.INT32]: [-(2 ** 31), 2 ** 31 - 1],
  [Type.UINT32]: [0, 2 ** 32 - 1],
  [Type.INT64]: [-(2 ** 63), 2 ** 63],
  [Type.UINT64]: [0, 2 ** 64],
};

/** The constant in another type, truncated where that holds integers; undefined where it holds no such numbers. */
export function castTensor(tensor: Tensor, to: Type): Tensor | undefined {
  const range = BITS[to];
  if (!range) return isFloat(to) ? constantOf(tensor.name, to, tensor.dims, tensor.values) : undefined;
  const values = to === Type.BOOL ? tensor.values.map((x) => (x === 0 ? 0 : 1)) : tensor.values.map(Math.trunc);
  const fits = values.every((value) => value >= range[0] && value <= range[1]);
  return fits ? constantOf(tensor.name, to, tensor.dims, values) : undefined;
}

interface Source {
  readonly length: number;
  at(index: number): number;
}

function sourceOf(proto: TensorProto, bytes: Uint8Array, label: string): Source {
  const raw = bytes.length > 0 ? bytes : undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (proto.dataType) {
    case Type.FLOAT:
      return raw ? rawSource(raw, 4, label, (at) => view.getFloat32(at, true)) : listSource(proto.floatData);
    case Type.DOUBLE:
      return raw ? rawSource(raw, 8, label, (at) => view.getFloat64(at, true)) : listSource(proto.doubleData);
    // Lists of them hold the sixteen bits as integers.
    case Type.FLOAT16:
      return raw
        ? rawSource(raw, 2, label, (at) => halfOf(view.getUint16(at, true)))
        : listSource(proto.int32Data, halfOf);
    case Type.BFLOAT16:
      return raw
        ? rawSource(raw, 2, label, (at) => brainOf(view.getUint16(at, true)))
        : listSource(proto.int32Data, brainOf);
    case Type.INT32:
      return raw ? rawSource(raw, 4, label, (at) => view.getInt32(at, true)) : listSource(proto.int32Data);
    case Type.INT64:
      return raw ? rawSource(raw, 8, label, (at) => Number(view.getBigInt64(at, true))) : listSource(proto.int64Data);
    case Type.BOOL:
    case Type.UINT8:
      return raw ? rawSource(raw, 1, label, (at) => view.getUint8(at)) : listSource(proto.int32Data);
    case Type.INT8:
      return raw ? rawSource(raw, 1, label, (at) => view.getInt8(at)) : listSource(proto.int32Data);
    case Type.INT16:
      return raw ? rawSource(raw, 2, label, (at) => view.getInt16(at, true)) : listSource(proto.int32Data);
    case Type.UINT16:
      return raw ? rawSource(raw, 2, label, (at) => view.getUint16(at, true)) : listSource(proto.int32Data);
    case Type.UINT32:
      return raw ? rawSource(raw, 4, label, (at) => view.getUint32(at, true)) : listSource(proto.uint64Data);
    case Type.UINT64:
      return raw ? rawSource(raw, 8, label, (at) => Number(view.getBigUint64(at, true))) : listSource(proto.uint64Data);
    default:
      throw new FormatError(
        `${label} has type ${Type[proto.dataType] ?? proto.dataType}, which is not read`,
        "Export the model in float32 (in PyTorch: model.float()), as it was before it was quantised.",
      );
  }
}

function rawSource(raw: Uint8Array, size: number, label: string, read: (byte: number) => number): Source {
  if (raw.length % size !== 0) throw damaged(`${label} holds ${raw.length} bytes, which is no multiple of ${size}`);
  return { length: raw.length / size, at: (index) => read(index * size) };
}

function listSource(values: readonly (number | bigint)[], of: (value: number) => number = (value) => value): Source {
  return { length: values.length, at: (index) => of(Number(values[index])) };
}

/** IEEE 754 binary16: a sign, five bits of exponent, ten of fraction. */
function halfOf(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** The upper half of a float32. */
function brainOf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits & 0xffff);
  return view.getFloat32(0);
}

function damaged(message: string): FormatError {
  return new FormatError(message, "The file is damaged or was written wrongly: export the model again.");
}
