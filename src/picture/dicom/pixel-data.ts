import { malformed } from "./damaged.js";
import * as dictionary from "./dictionary.js";
import type { ImageHeader } from "./header.js";
import type { Values } from "./values.js";

/** Bytes of a frame that is not compressed. */
export function frameBytes({ rows, columns, samples, bitsAllocated, photometric }: ImageHeader): number {
  // Of two pixels: two lumas, and one of each chroma.
  return rows * columns * (photometric === "YBR_FULL_422" ? 2 : samples) * (bitsAllocated / 8);
}

/**
 * The bytes of one frame, from 1, as they lie in the file.
 * @throws FormatError when Pixel Data is shorter, or by more than the byte that makes it even longer, than its frames
 */
export function nativeFrame(values: Values, header: ImageHeader, frame: number): Uint8Array {
  const { file, encoding } = values;
  const { value, vr, fragments } = values.element(dictionary.pixelData)!;
  if (fragments) throw malformed(file, "its pixels are compressed, its transfer syntax says they are not");
  const size = frameBytes(header);
  const all = size * header.frames;
  if (value.length < all || value.length > all + (all % 2)) {
    const { rows, columns, frames } = header;
    const what = `${frames === 1 ? "" : `${frames} frames of `}${columns}×${rows} pixels`;
    throw malformed(file, `${what} are ${all} bytes, Pixel Data has ${value.length}`);
  }
  const start = (frame - 1) * size;
  if (!(encoding.bigEndian && vr === "OW" && header.bitsAllocated === 8)) return value.subarray(start, start + size);
  // Bytes in words: each pair is swapped in a file of that order.
  return Uint8Array.from({ length: size }, (_, k) => value[(start + k) ^ 1]);
}

/**
 * The stream of one frame, from 1, behind each other where it came in fragments. Which fragments are a frame's, the basic offset table says,
 * or the extended one; without, each is one frame, or all of them the only one.
 * @throws FormatError where that does not add up
 * Source: PS3.5, A.4.
 */
export function compressedFrame(values: Values, header: ImageHeader, frame: number): Uint8Array {
  const { file } = values;
  const { fragments } = values.element(dictionary.pixelData)!;
  if (!fragments) throw malformed(file, "its pixels are not compressed, its transfer syntax says they are");
  const [table, ...parts] = fragments;
  if (!table || parts.length < header.frames) {
    throw malformed(file, `it has ${Math.max(0, fragments.length - 1)} fragments for ${header.frames} frames`);
  }
  if (header.frames === 1) return joined(parts);
  const starts = tableOf(values, table) ?? Array.from(parts, (_, k) => k);
  if (starts.length !== header.frames) {
    throw malformed(file, `${parts.length} fragments of ${header.frames} frames cannot be told apart`);
  }
  if (starts[0] !== undefined && starts[0] !== 0)
    throw malformed(file, "its first frame does not begin at the beginning");
  const [first, next] = [starts[frame - 1], frame === header.frames ? parts.length : starts[frame]];
  if (first === undefined || next === undefined || next <= first) {
    throw malformed(file, "its table of offsets does not fit its fragments");
  }
  return joined(parts.slice(first, next));

  /** Of each frame: its first fragment, undefined where none begins at the offset. */
  function tableOf({ encoding }: Values, basic: Uint8Array): (number | undefined)[] | undefined {
    const extended = values.element(dictionary.extendedOffsets)?.value;
    const wide = basic.length === 0 && extended !== undefined;
    const bytes = wide ? extended : basic;
    const size = wide ? 8 : 4;
    if (bytes.length === 0) return undefined;
    if (bytes.length % size !== 0) throw malformed(file, "its table of offsets is none");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const little = !encoding.bigEndian;
    const at = new Map<number, number>();
    let offset = 0;
    for (const [k, part] of parts.entries()) {
      at.set(offset, k);
      offset += 8 + part.length;
    }
    return Array.from({ length: bytes.length / size }, (_, k) =>
      at.get(wide ? Number(view.getBigUint64(8 * k, little)) : view.getUint32(4 * k, little)),
    );
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
