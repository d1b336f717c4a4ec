import { FormatError } from "../errors.js";

export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export interface NpyArray {
  /** numpy's name of the element type: uint8, float32, bool, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Row-major. Booleans are bytes 0 and 1; 64-bit integers are doubles, exact because larger ones are refused. */
  readonly data: NpyData;
}

/**
 * Reads one .npy file: format 1.0, 2.0 or 3.0, either order of elements, either order of bytes, and the element types
 * of `elementTypes`. The array is a copy, whatever `bytes` is a view of, and takes twice its size at most while it is
 * read; lengths are checked against the bytes that are there before anything is allocated.
 * @throws FormatError starting with `what` and naming the field.
 * Source: numpy.lib.format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function parseNpy(bytes: Uint8Array, what: string): NpyArray {
  const { header, dataStart } = readHeader(bytes, what);
  const descr = /'descr'\s*:\s*'([!-&(-~]{0,40})'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const tuple = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined) throw unreadable(`${what}: its header has no plain "descr"`);
  if (order === undefined) throw unreadable(`${what}: its header has no "fortran_order"`);
  if (tuple === undefined) throw unreadable(`${what}: its header has no "shape"`);
  const shape = parseShape(tuple, what);
  const [, byteOrder, code] = /^([<>|=]?)(.*)$/s.exec(descr)!;
  const type = Object.hasOwn(elementTypes, code) ? elementTypes[code] : undefined;
  if (!type || (type.bytes > 1 && byteOrder === "|")) {
    const names = Object.values(elementTypes).map(({ dtype }) => dtype);
    const fix = "save numbers: array.astype('uint8') for pixels 0 to 255 and class numbers, else 'float32'";
    throw new FormatError(`${what} has elements of type "${descr}", which is none of ${names.join(", ")}`, fix);
  }
  const count = shape.reduce((product, length) => product * length, 1);
  const present = bytes.length - dataStart;
  if (count * type.bytes !== present) {
    const wanted = count * type.bytes;
    throw unreadable(`${what}: shape ${shapeText(shape)} of ${descr} takes ${wanted} bytes, not ${present}`);
  }
  // Not slice(): that of a Buffer is a view, whose .buffer is the whole file.
  const copy = new Uint8Array(bytes.subarray(dataStart));
  if (byteOrder === ">") swapBytes(copy, type.bytes);
  const data = type.view(copy.buffer, what);
  return { dtype: type.dtype, shape, data: order === "True" && shape.length > 1 ? rowMajor(data, shape) : data };
}

/** numpy's own bounds: what it refuses to read, and a rank that it cannot make. */
const mostHeaderBytes = 10_000;
const mostDimensions = 64;

/** As numpy writes it; of more dimensions than anything has, the first eight. */
export function shapeText(shape: readonly number[]): string {
  return `(${shape.slice(0, 8).join(", ")}${shape.length > 8 ? ", …" : ""})`;
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
  if (length > mostHeaderBytes) throw unreadable(`${what}: its header of ${length} bytes describes no plain array`);
  return { header: new TextDecoder().decode(bytes.subarray(start, start + length)), dataStart: start + length };
}

function parseShape(tuple: string, what: string): number[] {
  const parts = tuple.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  if (parts.length > mostDimensions) throw unreadable(`${what}: its shape has ${parts.length} dimensions`);
  return parts.map((part) => {
    const length = /^\d+$/.test(part) ? Number(part) : Number.NaN;
    if (!Number.isSafeInteger(length)) throw unreadable(`${what}: its shape is not a tuple of lengths`);
    return length;
  });
}

interface ElementType {
  readonly dtype: string;
  readonly bytes: number;
  view(buffer: ArrayBuffer, what: string): NpyData;
}

const elementTypes: Readonly<Record<string, ElementType>> = {
  u1: { dtype: "uint8", bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  i1: { dtype: "int8", bytes: 1, view: (buffer) => new Int8Array(buffer) },
  b1: { dtype: "bool", bytes: 1, view: booleans },
  u2: { dtype: "uint16", bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  i2: { dtype: "int16", bytes: 2, view: (buffer) => new Int16Array(buffer) },
  u4: { dtype: "uint32", bytes: 4, view: (buffer) => new Uint32Array(buffer) },
  i4: { dtype: "int32", bytes: 4, view: (buffer) => new Int32Array(buffer) },
  u8: { dtype: "uint64", bytes: 8, view: (buffer, what) => exactDoubles(new BigUint64Array(buffer), what) },
  i8: { dtype: "int64", bytes: 8, view: (buffer, what) => exactDoubles(new BigInt64Array(buffer), what) },
  f4: { dtype: "float32", bytes: 4, view: (buffer) => new Float32Array(buffer) },
  f8: { dtype: "float64", bytes: 8, view: (buffer) => new Float64Array(buffer) },
};

function booleans(buffer: ArrayBuffer, what: string): Uint8Array {
  const bytes = new Uint8Array(buffer);
  const wrong = bytes.find((byte) => byte > 1);
  if (wrong !== undefined) throw unreadable(`${what}: ${wrong} is no bool`);
  return bytes;
}

/** In the integers' own place: an array of them may be large. */
function exactDoubles(integers: BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>, what: string): Float64Array {
  const doubles = new Float64Array(integers.buffer);
  for (let k = 0; k < doubles.length; k++) {
    const value = Number(integers[k]);
    if (!Number.isSafeInteger(value)) throw unreadable(`${what}: its value ${integers[k]} exceeds 2^53`);
    doubles[k] = value;
  }
  return doubles;
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let first = 0; first < bytes.length; first += size) {
    for (let low = first, high = first + size - 1; low < high; low++, high--) {
      [bytes[low], bytes[high]] = [bytes[high], bytes[low]];
    }
  }
}

/** The elements of an array whose first index runs fastest, in the order in which the last one does. */
function rowMajor<T extends NpyData>(data: T, shape: readonly number[]): T {
  const result = data.slice() as T;
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, length) => product * length, 1));
  const index = shape.map(() => 0);
  let source = 0;
  for (let target = 0; target < result.length; target++) {
    result[target] = data[source];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < shape[axis]) break;
      source -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

function unreadable(message: string): FormatError {
  return new FormatError(message, "get the file again, or write it anew with numpy.savez_compressed");
}
