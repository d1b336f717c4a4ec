import { FormatError } from "../../errors.js";
import type { TensorProto } from "./onnx_pb.js";
import { quoted } from "./quoted.js";

/** Bytes of the file of that name beside the model; undefined when there is none. */
export type ExternalFile = (name: string) => Uint8Array | undefined;

const FIX =
  "Put the file beside the model (in code: importOnnx(bytes, { external: (name) => bytes })), or save the weights inside: " +
  "onnx.save(onnx.load(path), path, save_as_external_data=False).";

/**
 * The bytes of a tensor that the model keeps in another file.
 * @throws FormatError for a location that is no name of a file beside the model, a file that is not there, or one too short.
 */
export function readExternal({ externalData }: TensorProto, label: string, external?: ExternalFile): Uint8Array {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const location = (entries.get("location") ?? "").replace(/^\.\//, "");
  // A file beside the model and no other: a path could name anything that the process may read.
  if (!/^[^/\\:\p{Cc}]+$/u.test(location) || location === "..") {
    throw new FormatError(`${label} keeps its data in ${quoted(location)}, which is no file beside the model`, FIX);
  }
  const bytes = external?.(location);
  if (!bytes) throw new FormatError(`${label} keeps its data in another file, ${quoted(location)}`, FIX);
  const offset = wholeNumber(entries.get("offset") ?? "0");
  const length = wholeNumber(entries.get("length") ?? `${bytes.length - offset}`);
  if (offset + length <= bytes.length) return bytes.subarray(offset, offset + length);
  throw new FormatError(
    `${label} is to lie at ${entries.get("offset") ?? 0} in ${quoted(location)}, which has ${bytes.length} bytes`,
    "Copy both files again from one export: the second is cut short, or another model's.",
  );
}

function wholeNumber(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}
