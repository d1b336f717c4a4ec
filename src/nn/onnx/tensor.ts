import { FormatError } from "../../errors.js";
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType as Type } from "./onnx_pb.js";
import { quoted } from "./quoted.js";

/** A constant of the graph, its numbers as doubles. */
export interface Tensor {
  readonly kind: "tensor";
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float64Array;
}

/**
 * Reads FLOAT, DOUBLE, INT32, INT64 and BOOL tensors whose data is in the file.
 * The data's length is compared with the declared shape before anything is allocated by that shape.
 * @throws FormatError naming the tensor: another type, data in another file, wrong length, NaN or infinity.
 */
export function readTensor(proto: TensorProto, name: string): Tensor {
  const label = `tensor ${quoted(name)}`;
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw new FormatError(
      `${label} keeps its data in another file`,
      "Save the model with its weights inside one file: onnx.save(model, path, save_as_external_data=False).",
    );
  }
  const dims = proto.dims.map(Number);
  if (dims.some((dim) => !(Number.isSafeInteger(dim) && dim >= 0)))
    throw damaged(`${label} has a negative or huge size`);
  const source = sourceOf(proto, label);
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
  return { kind: "tensor", name, dims, values };
}

interface Source {
  readonly length: number;
  at(index: number): number;
}

function sourceOf(proto: TensorProto, label: string): Source {
  const raw = proto.rawData.length > 0 ? proto.rawData : undefined;
  const view = new DataView(proto.rawData.buffer, proto.rawData.byteOffset, proto.rawData.byteLength);
  switch (proto.dataType) {
    case Type.FLOAT:
      return raw ? rawSource(raw, 4, label, (at) => view.getFloat32(at, true)) : listSource(proto.floatData);
    case Type.DOUBLE:
      return raw ? rawSource(raw, 8, label, (at) => view.getFloat64(at, true)) : listSource(proto.doubleData);
    case Type.INT32:
      return raw ? rawSource(raw, 4, label, (at) => view.getInt32(at, true)) : listSource(proto.int32Data);
    case Type.INT64:
      return raw ? rawSource(raw, 8, label, (at) => Number(view.getBigInt64(at, true))) : listSource(proto.int64Data);
    case Type.BOOL:
      return raw ? rawSource(raw, 1, label, (at) => view.getUint8(at)) : listSource(proto.int32Data);
    default:
      throw new FormatError(
        `${label} has type ${Type[proto.dataType] ?? proto.dataType}, which is not read`,
        "Export the model in float32 (in PyTorch: model.float()).",
      );
  }
}

function rawSource(raw: Uint8Array, size: number, label: string, read: (byte: number) => number): Source {
  if (raw.length % size !== 0) throw damaged(`${label} holds ${raw.length} bytes, which is no multiple of ${size}`);
  return { length: raw.length / size, at: (index) => read(index * size) };
}

function listSource(values: readonly (number | bigint)[]): Source {
  return { length: values.length, at: (index) => Number(values[index]) };
}

function damaged(message: string): FormatError {
  return new FormatError(message, "The file is damaged or was written wrongly: export the model again.");
}
