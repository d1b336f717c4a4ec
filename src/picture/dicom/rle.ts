import { malformed } from "./damaged.js";

/**
 * Unpacks a frame of RLE Lossless: a segment for each byte of each sample, high bytes first. Takes no memory besides.
 * @param samples of all channels, one after the other
 * @param pixels of each channel
 * @throws FormatError when there are others than `segments`, or one is too short, or has more than the byte that makes it even
 * Source: PS3.5, annex G.
 */
export function unpackRle(stream: Uint8Array, samples: Uint8Array | Uint16Array, pixels: number, file: string): void {
  const width = samples.BYTES_PER_ELEMENT;
  const segments = (width * samples.length) / pixels;
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
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  for (const [k, start] of starts.entries()) {
    const end = starts[k + 1] ?? stream.length;
    if (start < 64 || end < start || end > stream.length) throw malformed(file, "its RLE segments lie nowhere");
    // Low bytes come first in memory, and last in the file.
    const first = width * pixels * Math.floor(k / width) + (width - 1 - (k % width));
    unpackSegment(stream.subarray(start, end), { bytes, first, step: width, count: pixels }, file);
  }
}

/** Where a segment goes: every `step`th byte. */
interface Target {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

function unpackSegment(packed: Uint8Array, { bytes, first, step, count: pixels }: Target, file: string): void {
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
    const to = first + step * filled;
    for (let k = 0; k < length; k++) bytes[to + step * k] = packed[repeats ? at : at + k];
    at += repeats ? 1 : length;
    filled += length;
  }
  if (packed.length - at > 1) throw malformed(file, "an RLE segment is longer than its picture");
}
