import { deflateSync } from "fflate";
import { crc32 } from "../../src/bytes/checksum.js";

export const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** An .npy file as numpy writes it, or as it does not. */
export function npy(
  descr: string,
  shape: readonly number[] | string,
  body: ArrayBufferView,
  { version = 1, fortran = false } = {},
): Uint8Array {
  const tuple = typeof shape === "string" ? shape : `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const order = fortran ? "True" : "False";
  const header = new TextEncoder().encode(`{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${tuple}, }\n`);
  const length = version === 1 ? [header.length & 255, header.length >> 8] : [header.length, 0, 0, 0];
  const magic = [0x93, ...new TextEncoder().encode("NUMPY"), version, 0];
  return joinedBytes([Uint8Array.from([...magic, ...length, ...header]), bytesOf(body)]);
}

export interface ZipFile {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** Changes of the directory's record and of the header before the data. */
  readonly crc?: number;
  readonly flags?: number;
  readonly size?: number;
  readonly localName?: string;
}

/**
 * A zip archive as `numpy.savez` writes it: stored unless told otherwise, with zip64's field of 20 bytes before the data
 * of every file, which is why no array lies at a multiple of anything.
 */
export function savez(files: readonly ZipFile[], { comment = 0 } = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data, deflate = false, localName = name, flags = 0, ...changed } of files) {
    const packed = deflate ? deflateSync(data) : data;
    const { crc = crc32(data), size = data.length } = changed;
    const common = [...half(20), ...half(flags), ...half(deflate ? 8 : 0), 0, 0, 0x21, 0, ...word(crc)];
    const sizes = [...word(packed.length), ...word(size)];
    const encoded = new TextEncoder().encode(name);
    const local = new TextEncoder().encode(localName);
    const zip64 = [...half(1), ...half(16), ...word(size), ...word(0), ...word(packed.length), ...word(0)];
    const header = [...word(0x04034b50), ...common, ...sizes, ...half(local.length), ...half(zip64.length)];
    parts.push(Uint8Array.from([...header, ...local, ...zip64]), packed);
    const record = [...word(0x02014b50), ...half(0x0314), ...common, ...sizes, ...half(encoded.length)];
    directory.push(Uint8Array.from([...record, ...half(0), ...half(0), ...new Uint8Array(8), ...word(at), ...encoded]));
    at += header.length + local.length + zip64.length + packed.length;
  }
  const length = directory.reduce((sum, record) => sum + record.length, 0);
  const counts = [...half(files.length), ...half(files.length)];
  const end = [...word(0x06054b50), ...word(0), ...counts, ...word(length), ...word(at), ...half(comment)];
  return joinedBytes([...parts, ...directory, Uint8Array.from([...end, ...new Uint8Array(comment)])]);
}

/** `savez` of .npy files by the names of their arrays. */
export function npz(arrays: Readonly<Record<string, Uint8Array>>, deflated: readonly string[] = []): Uint8Array {
  return savez(
    Object.entries(arrays).map(([name, data]) => ({ name: `${name}.npy`, data, deflate: deflated.includes(name) })),
  );
}

export function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function half(value: number): number[] {
  return [value & 255, (value >> 8) & 255];
}

function word(value: number): number[] {
  return [...half(value), ...half(value >>> 16)];
}
