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
 * @throws FormatError when Pixel Data is shorter, or by more than the byte that makes it even longer, than its frames, or has half a word
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
    // RLE is made of the pixels that there should be, and of nothing behind them.
    const fix =
      value.length < all
        ? undefined
        : "have what is too much cut off: `dcmcrle IN OUT` (dcmtk); or export it again from where it comes from";
    throw malformed(file, `${what} are ${all} bytes, Pixel Data has ${value.length}`, fix);
  }
  const start = (frame - 1) * size;
  if (!(encoding.bigEndian && vr === "OW" && header.bitsAllocated === 8)) return value.subarray(start, start + size);
  // Bytes in words: each pair is swapped in a file of that order.
  if (value.length % 2 !== 0) throw malformed(file, "its Pixel Data (7fe0,0010) are words, and has half of one");
  return Uint8Array.from({ length: size }, (_, k) => value[(start + k) ^ 1]);
}

/**
 * The stream of one frame, from 1, behind each other where it came in fragments. Which fragments are a frame's, the basic offset table says,
 * or the extended one; without, each is one frame, or all of them the only one.
 * @throws FormatError where that does not add up: a table has an entry for each frame, each the beginning of another fragment, ascending
 * Source: PS3.5, A.4.
 */
export function compressedFrame(values: Values, { frames }: ImageHeader, frame: number): Uint8Array {
  const { file } = values;
  const { fragments } = values.element(dictionary.pixelData)!;
  if (!fragments) throw malformed(file, "its pixels are not compressed, its transfer syntax says they are");
  const count = Math.max(0, fragments.length - 1);
  if (count < frames) throw malformed(file, `it has ${count} fragments for ${frames} frames`);
  const table = tableOf(values, fragments.at(0));
  if (!table && frames === 1) return fragments.joined(1, count + 1);
  if ((table?.length ?? count) !== frames) {
    const entries = table ? `a table of ${table.length} offsets and ` : "";
    throw malformed(file, `${entries}${count} fragments of ${frames} frames cannot be told apart`);
  }
  if (!table) return fragments.at(frame);
  let [first, next, offset, k] = [0, count + 1, 0, 1];
  for (let n = 0; n < frames; n++) {
    const start = table.at(n);
    if (n === 0 && start !== 0) throw malformed(file, "its first frame does not begin at the beginning");
    while (k <= count && offset < start) offset += 8 + fragments.bytesOf(k++);
    if (k > count || offset !== start) throw malformed(file, "its table of offsets does not fit its fragments");
    if (n === frame - 1) first = k;
    if (n === frame) next = k;
    // A frame has one fragment at least.
    offset += 8 + fragments.bytesOf(k++);
  }
  return fragments.joined(first, next);
}

interface OffsetTable {
  readonly length: number;
  at(k: number): number;
}

/** The basic table; the extended one where that is empty; undefined where there is none. */
function tableOf(values: Values, basic: Uint8Array): OffsetTable | undefined {
  const extended = values.element(dictionary.extendedOffsets)?.value;
  const wide = basic.length === 0 && extended !== undefined;
  const bytes = wide ? extended : basic;
  const size = wide ? 8 : 4;
  if (bytes.length === 0) return undefined;
  if (bytes.length % size !== 0) throw malformed(values.file, "its table of offsets is none");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = !values.encoding.bigEndian;
  const at = (k: number) => (wide ? Number(view.getBigUint64(8 * k, little)) : view.getUint32(4 * k, little));
  return { length: bytes.length / size, at };
}
