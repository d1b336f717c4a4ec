import { malformed } from "./damaged.js";

/**
 * Unpacks a frame of RLE Lossless: a segment for each byte of each sample, high bytes first, `pixels` bytes each.
 * @returns the segments
 * @throws FormatError when there are others than `segments`, or one is too short, or has more than the byte that makes it even
 * Source: PS3.5, annex G.
 */
export function unpackRle(stream: Uint8Array, segments: number, pixels: number, file: string): Uint8Array[] {
  if (stream.length < 64) throw malformed(file, "a frame has no RLE header");
  // Two bytes make 128 at best.
  if (segments * pixels > stream.length * 64)
    throw malformed(file, `${stream.length} bytes of RLE cannot be its pixels`);
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const count = view.getUint32(0, true);
  if (count !== segments) {
    throw malformed(file, `a frame has ${count > 15 ? "too many" : count} RLE segments, not ${segments}`);
  }
  const starts = Array.from({ length: segments }, (_, k) => view.getUint32(4 + 4 * k, true));
  return starts.map((start, k) => {
    const end = starts[k + 1] ?? stream.length;
    if (start < 64 || end < start || end > stream.length) throw malformed(file, "its RLE segments lie nowhere");
    return unpackSegment(stream.subarray(start, end), pixels, file);
  });
}

function unpackSegment(packed: Uint8Array, pixels: number, file: string): Uint8Array {
  const result = new Uint8Array(pixels);
  let filled = 0;
  let at = 0;
  while (filled < pixels) {
    if (at + 1 >= packed.length) throw malformed(file, "an RLE segment is too short");
    const head = packed[at++];
    if (head === 128) continue;
    const repeats = head > 128;
    const length = repeats ? 257 - head : head + 1;
    if (filled + length > pixels) throw malformed(file, "an RLE segment is longer than its picture");
    if (!repeats && at + length > packed.length) throw malformed(file, "an RLE segment is too short");
    if (repeats) result.fill(packed[at], filled, filled + length);
    else result.set(packed.subarray(at, at + length), filled);
    at += repeats ? 1 : length;
    filled += length;
  }
  if (packed.length - at > 1) throw malformed(file, "an RLE segment is longer than its picture");
  return result;
}
