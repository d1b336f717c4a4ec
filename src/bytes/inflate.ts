import { Inflate } from "fflate";

/** Deflate makes at most this many bytes of one: a larger claim is a lie about the memory to take. */
export const bestDeflateRatio = 1032;
/** Packed bytes that are unpacked at a time: none gives more than 16 MiB before it is looked at. */
const piece = 16384;
/** The same where what is taken besides the result counts: 4 MiB, of which the inflater may have some at a time. */
const smallPiece = 4096;

/**
 * Unpacks a deflate stream (RFC 1951) of a known length. Takes `size` bytes and, while it runs, at most 64 MiB more,
 * and stops at the first piece that exceeds `size`: what a stream would unpack to costs neither memory nor time.
 * @throws Error in a few words: damaged, too short, or longer than `size`.
 */
export function inflate(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (size > packed.length * bestDeflateRatio) throw new Error(`${packed.length} bytes cannot unpack to ${size}`);
  const result = inflateAtMost(packed, size);
  if (result.length !== size) throw new Error(`it unpacks to ${result.length} bytes, not ${size}`);
  return result;
}

/** The same for a stream whose length nobody knows: a view of the room for `most` bytes. */
export function inflateAtMost(packed: Uint8Array, most: number): Uint8Array<ArrayBuffer> {
  const { bytes, whole } = inflateBeginning(packed, most, piece);
  if (!whole) throw new Error(`it unpacks to more than ${bytes.length} bytes`);
  return bytes;
}

/**
 * The first `most` bytes of what a stream unpacks to, and whether they are all of it: takes that many, and at most 16 MiB more while it runs.
 * @param pieceBytes packed bytes that are unpacked at a time
 * @throws Error in a few words: damaged, or cut
 */
export function inflateBeginning(
  packed: Uint8Array,
  most: number,
  pieceBytes = smallPiece,
): { bytes: Uint8Array<ArrayBuffer>; whole: boolean } {
  const room = new Uint8Array(Math.min(most, packed.length * bestDeflateRatio));
  let filled = 0;
  let whole = true;
  const stream = new Inflate((part) => {
    const fitting = part.subarray(0, room.length - filled);
    room.set(fitting, filled);
    filled += fitting.length;
    whole &&= fitting.length === part.length;
  });
  for (let at = 0; whole && at < packed.length; at += pieceBytes) {
    stream.push(packed.subarray(at, at + pieceBytes), at + pieceBytes >= packed.length);
  }
  return { bytes: room.subarray(0, filled), whole };
}

/**
 * What a zlib stream is made of: a deflate stream, and the Adler-32 of what that unpacks to.
 * @returns undefined for what is no zlib stream. RFC 1950: deflate, a window of 32 KiB at most, no dictionary.
 */
export function zlibParts(stream: Uint8Array): { readonly packed: Uint8Array; readonly checksum: number } | undefined {
  const [method, flags] = stream;
  if (stream.length < 6 || (method & 15) !== 8 || method >> 4 > 7) return undefined;
  if (((method << 8) | flags) % 31 !== 0 || flags & 32) return undefined;
  const end = stream.length - 4;
  const checksum = new DataView(stream.buffer, stream.byteOffset + end, 4).getUint32(0);
  return { packed: stream.subarray(2, end), checksum };
}
