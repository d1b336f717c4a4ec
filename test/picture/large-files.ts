/** Pictures of as many pixels as there may be, all of them there, in few bytes. */
import { dword } from "./dicom-bytes.js";
import { bytesOf, deflated, head, joined } from "./hostile-files.js";
import { segment } from "./jpeg-bytes.js";

const side = 8000;
const blocks = (side / 8) ** 2;
const frame = (marker: number) =>
  segment(marker, [8, ...[side >> 8, side & 255], ...[side >> 8, side & 255], 1, 1, 0x11, 0]);
const single = (kind: number, symbol: number) => segment(0xc4, [kind, 1, ...new Array(15).fill(0), symbol]);
const tables = [...segment(0xdb, [0, ...new Array(64).fill(1)]), ...single(0x00, 0)];
const scan = (first: number, last: number) => segment(0xda, [1, 1, 0, first, last, 0]);

/** "Nothing in this band", 2^14 blocks at a time: one bit of a code, and 14 of how many more. */
function emptyBands(): number[] {
  const bits: number[] = [];
  for (let left = blocks; left > 0; ) {
    const run = left >= 32767 ? 32767 : Math.max(16384, left);
    bits.push(0, ...Array.from({ length: 14 }, (_, k) => ((run - 16384) >> (13 - k)) & 1));
    left -= run;
  }
  while (bits.length % 8 !== 0) bits.push(1);
  return Array.from({ length: bits.length / 8 }, (_, k) =>
    bits.slice(8 * k, 8 * k + 8).reduce((byte, bit) => 2 * byte + bit, 0),
  ).flatMap((byte) => (byte === 255 ? [255, 0] : [byte]));
}

export const large: [string, () => Uint8Array][] = [
  [
    "baseline",
    () =>
      joined(
        [0xff, 0xd8, ...tables, ...single(0x10, 0), ...frame(0xc0), ...scan(0, 63)],
        new Uint8Array(blocks / 4),
        [0xff, 0xd9],
      ),
  ],
  [
    "progressive",
    () =>
      joined(
        [0xff, 0xd8, ...tables, ...single(0x10, 0xe0), ...frame(0xc2), ...scan(0, 0)],
        new Uint8Array(blocks / 8),
        [...scan(1, 63), ...emptyBands(), 0xff, 0xd9],
      ),
  ],
  [
    "uncompressed, deflated",
    () => {
      const count = side * side;
      const data = [0xe0, 0x7f, 0x10, 0x00, 79, 66, 0, 0, ...dword(count)];
      return deflated(bytesOf(head({ rows: side, columns: side })), data, new Uint8Array(count));
    },
  ],
];
export const largePixels = side * side;
