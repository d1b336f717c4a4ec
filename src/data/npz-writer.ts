import { type Zippable, zipSync } from "fflate";

export interface ByteArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * An npz file (a zip of .npy files, format 1.0) of unsigned bytes in C order, as numpy.savez_compressed would write it.
 * Equal arrays give equal bytes: the zip entries carry numpy's own date, 1 January 1980.
 * @throws RangeError when a shape does not hold exactly the array's bytes.
 */
export function writeNpz(arrays: Readonly<Record<string, ByteArray>>): Uint8Array {
  const files: Zippable = {};
  for (const [name, array] of Object.entries(arrays)) files[`${name}.npy`] = writeNpy(name, array);
  // A zip date is local time: given by its parts, it is the same in every zone.
  return zipSync(files, { level: 6, mtime: new Date(1980, 0, 1) });
}

function writeNpy(name: string, { shape, data }: ByteArray): Uint8Array {
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== data.length) {
    throw new RangeError(`${name}: shape (${shape.join(", ")}) holds ${size} bytes, got ${data.length}`);
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Magic, version and length take 10 bytes; spaces and a newline end the header at a multiple of 64.
  const headerLength = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = `${text.padEnd(headerLength - 1, " ")}\n`;
  const file = new Uint8Array(10 + headerLength + data.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, headerLength & 0xff, headerLength >> 8]);
  file.set(new TextEncoder().encode(header), 10);
  file.set(data, 10 + headerLength);
  return file;
}
