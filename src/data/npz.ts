import { FormatError } from "../errors.js";
import { openZip } from "./zip.js";

export type NpyData = Uint8Array | Int8Array | Uint16Array | Int32Array | Float32Array | Float64Array;

export interface NpyArray {
  readonly shape: readonly number[];
  /** Row-major. Booleans are bytes 0 and 1; 64-bit integers are doubles, exact because larger ones are refused. */
  readonly data: NpyData;
}

export interface Npz {
  /** Names of the arrays, without ".npy". */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Unpacks and checks one array. @throws FormatError naming the file, the array and the field. */
  read(name: string): NpyArray;
}

/**
 * Opens numpy's npz format: a zip archive of .npy files. Only the arrays that are read are unpacked.
 * @param file what to call the file in errors.
 * @throws FormatError when the archive is damaged.
 */
export function openNpz(bytes: Uint8Array, file: string): Npz {
  const archive = openZip(bytes, file);
  const names = archive.names.filter((name) => name.endsWith(".npy")).map((name) => name.slice(0, -4));
  return {
    names,
    has: (name) => names.includes(name),
    read(name) {
      if (!names.includes(name)) {
        throw unreadable(`${file} holds no array ${name}, only ${names.join(", ") || "none"}`);
      }
      return parseNpy(archive.read(`${name}.npy`), `${file}: array ${name}`);
    },
  };
}

/**
 * Reads one .npy file: format 1.0, 2.0 or 3.0, C order, little-endian u1, i1, u2, i4, i8, f4, f8 or bool.
 * Lengths are checked against the bytes that are there before anything is allocated.
 * @throws FormatError starting with `what` and naming the field.
 * Source: numpy.lib.format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function parseNpy(bytes: Uint8Array, what: string): NpyArray {
  const { header, dataStart } = readHeader(bytes, what);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const tuple = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined) throw unreadable(`${what}: its header has no plain "descr"`);
  if (order === undefined) throw unreadable(`${what}: its header has no "fortran_order"`);
  if (tuple === undefined) throw unreadable(`${what}: its header has no "shape"`);
  const shape = parseShape(tuple, what);
  const type = elementTypes[descr.replace(/^[<|=]/, "")];
  if (!type || (type.bytes > 1 && !descr.startsWith("<"))) {
    throw unreadable(`${what}: descr "${descr}" is not one of |u1, |i1, |b1, <u2, <i4, <i8, <f4, <f8`);
  }
  if (order === "True" && shape.length > 1) {
    throw new FormatError(`${what}: fortran_order is True`, "save numpy.ascontiguousarray(array) instead");
  }
  const count = shape.reduce((product, length) => product * length, 1);
  const present = bytes.length - dataStart;
  if (count * type.bytes !== present) {
    throw unreadable(
      `${what}: shape (${shape.join(", ")}) of ${descr} takes ${count * type.bytes} bytes, not ${present}`,
    );
  }
  // A copy, because the header may leave the data at an offset that a typed array refuses.
  const buffer = bytes.slice(dataStart).buffer;
  return { shape, data: type.view(buffer, what) };
}

function readHeader(bytes: Uint8Array, what: string): { header: string; dataStart: number } {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 12 || magic.some((byte, k) => bytes[k] !== byte)) {
    throw unreadable(`${what} is not in npy format: its magic is wrong`);
  }
  const version = bytes[6];
  if (version < 1 || version > 3) throw unreadable(`${what}: npy version ${version} is not 1, 2 or 3`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > bytes.length) {
    throw unreadable(`${what}: its header length ${length} exceeds the ${bytes.length - start} bytes that are there`);
  }
  return { header: new TextDecoder().decode(bytes.subarray(start, start + length)), dataStart: start + length };
}

function parseShape(tuple: string, what: string): number[] {
  const parts = tuple.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  return parts.map((part) => {
    const length = /^\d+$/.test(part) ? Number(part) : Number.NaN;
    if (!Number.isSafeInteger(length)) throw unreadable(`${what}: its shape (${tuple}) is not a tuple of lengths`);
    return length;
  });
}

interface ElementType {
  bytes: number;
  view(buffer: ArrayBuffer, what: string): NpyData;
}

const elementTypes: Readonly<Record<string, ElementType | undefined>> = {
  u1: { bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  i1: { bytes: 1, view: (buffer) => new Int8Array(buffer) },
  b1: { bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  u2: { bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  i4: { bytes: 4, view: (buffer) => new Int32Array(buffer) },
  i8: { bytes: 8, view: exactDoubles },
  f4: { bytes: 4, view: (buffer) => new Float32Array(buffer) },
  f8: { bytes: 8, view: (buffer) => new Float64Array(buffer) },
};

function exactDoubles(buffer: ArrayBuffer, what: string): Float64Array {
  const integers = new BigInt64Array(buffer);
  return Float64Array.from({ length: integers.length }, (_, k) => {
    const value = Number(integers[k]);
    if (!Number.isSafeInteger(value)) throw unreadable(`${what}: its value ${integers[k]} exceeds 2^53`);
    return value;
  });
}

function unreadable(message: string): FormatError {
  return new FormatError(message, "get the file again, or write it anew with numpy.savez_compressed");
}
