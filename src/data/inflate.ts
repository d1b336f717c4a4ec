import { Inflate } from "fflate";

/** Deflate makes at most this many bytes of one: a larger claim is a lie about the memory to take. */
export const bestDeflateRatio = 1032;
/** Packed bytes that are unpacked at a time: none gives more than 16 MiB before it is looked at. */
const piece = 16384;

/**
 * Unpacks a deflate stream (RFC 1951) of a known length. Takes `size` bytes and, while it runs, at most 64 MiB more,
 * and stops at the first piece that exceeds `size`: what a stream would unpack to costs neither memory nor time.
 * @throws Error in a few words: damaged, too short, or longer than `size`.
 */
export function inflate(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (size > packed.length * bestDeflateRatio) throw new Error(`${packed.length} bytes cannot unpack to ${size}`);
  const result = new Uint8Array(size);
  let filled = 0;
  const stream = new Inflate((part) => {
    if (filled + part.length > size) throw new Error(`it unpacks to more than ${size} bytes`);
    result.set(part, filled);
    filled += part.length;
  });
  for (let at = 0; at < packed.length; at += piece) {
    stream.push(packed.subarray(at, at + piece), at + piece >= packed.length);
  }
  if (filled !== size) throw new Error(`it unpacks to ${filled} bytes, not ${size}`);
  return result;
}
