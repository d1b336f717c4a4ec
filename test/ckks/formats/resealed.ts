import { crc32 } from "../../../src/bytes/checksum.js";

/** A changed file whose checksums were computed again. */
export function resealed(file: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = new Uint8Array(file);
  change(copy);
  const view = new DataView(copy.buffer);
  let at = 16 + view.getUint32(12, true);
  let checksum = crc32(copy.subarray(0, at));
  view.setUint32(at, checksum, true);
  at += 4;
  while (at < copy.length) {
    const end = at + 4 + view.getUint32(at, true);
    checksum = crc32(copy.subarray(at, end), checksum);
    view.setUint32(end, checksum, true);
    at = end + 4;
  }
  return copy;
}
