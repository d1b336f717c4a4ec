/** Files that were made to hurt, and what each is answered with. */
import { deflateSync } from "fflate";
import {
  dicomOf,
  dword,
  elementOf,
  encapsulated,
  imageOf,
  imageParts,
  itemOf,
  type Kind,
  type Part,
  word,
} from "./dicom-bytes.js";
import { frameHeader, losslessJpeg, segment } from "./jpeg-bytes.js";
import { deflatedUid, grey, jpeg, noise, rle } from "./kinds.js";

const pixels: Part = [0x7fe00010, "OB", Uint8Array.from([1, 2, 3, 4])];
const open = [255, 255, 255, 255];
const item = [0xfe, 0xff, 0x00, 0xe0];
/** Sequences of open length in each other, without an end. */
const nested = Array.from({ length: 50_000 }, () => [
  0x00,
  0x50,
  0x10,
  0x00,
  83,
  81,
  0,
  0,
  ...open,
  ...item,
  ...open,
]).flat();
const huge: Kind = { rows: 8000, columns: 8000 };
const zeros = new Uint8Array(2 ** 28 + 2 ** 20);

const jpegSize = (side: number, bytes = jpeg) => {
  const changed = bytes.slice();
  changed.set([side >> 8, side & 255, side >> 8, side & 255], frameHeader(changed) + 5);
  return changed;
};
/** Progressive, 8×8: for each coefficient a scan for its upper bits and one for its last, all of which say "nothing in this band". */
const scans = [
  ...[0xff, 0xd8, ...segment(0xc2, [8, ...word(0x0800), ...word(0x0800), 1, 1, 0x11, 0])],
  ...segment(0xdb, [0, ...new Array(64).fill(1)]),
  ...segment(0xc4, [0x10, 1, ...new Array(15).fill(0), 0xe0]),
  ...Array.from({ length: 126 }, (_, k) => {
    const coefficient = 1 + (k >> 1);
    return [...segment(0xda, [1, 1, 0, coefficient, coefficient, k % 2 === 0 ? 0x01 : 0x10]), 0, 1];
  }).flat(),
  ...[0xff, 0xd9],
];

export const hostile: [string, () => Uint8Array, RegExp][] = [
  ["50,000 sequences in each other", () => dicomOf([], undefined, nested), /more than 64 deep/],
  [
    "two million items",
    () =>
      dicomOf([], undefined, [
        0x00,
        0x50,
        0x10,
        0x00,
        83,
        81,
        0,
        0,
        ...open,
        ...new Array(2_000_000).fill([...item, 0, 0, 0, 0]).flat(),
      ]),
    /more than 1000000 items/,
  ],
  [
    "a claim of 4 GB",
    () => dicomOf([], undefined, [0x00, 0x50, 0x10, 0x00, 79, 66, 0, 0, 254, 255, 255, 255, 1]),
    /byte 250 claims more bytes than are left/,
  ],
  [
    "a deflate bomb of 257 MiB in a quarter of one",
    () => dicomOf([], deflatedUid, Array.from(deflateSync(zeros, { level: 1, mem: 8 }))),
    /unpacks to more than 16777216/,
  ],
  [
    "64 million pixels of RLE in 100 bytes",
    () => encapsulated(huge, "1.2.840.10008.1.2.5", [[], rle(noise(1))]),
    /of RLE cannot be its pixels/,
  ],
  ["64 million pixels of JPEG in a kilobyte", () => jpegSize(8000), /cannot hold 8000×8000/],
  [
    "64 million pixels of lossless JPEG",
    () => jpegSize(8000, losslessJpeg({ width: 2, height: 2, values: [1, 2, 3, 4] }, 16)),
    /cannot hold 8000×8000/,
  ],
  ["a hundred scans that say nothing", () => Uint8Array.from(scans), /it has more than 100 scans/],
  ["two billion frames", () => imageOf({ ...grey, frames: 2_000_000_000 }, [1, 2]), /2000000000 frames of/],
  [
    "a table of 4 billion offsets",
    () => encapsulated({ ...grey, frames: 2 }, "1.2.840.10008.1.2.5", [new Array(400_000).fill(0), [1, 1], [1, 1]]),
    /cannot be told apart/,
  ],
  [
    "a JPEG of 60,000 tables",
    () =>
      Uint8Array.from([
        0xff,
        0xd8,
        ...new Array(60_000).fill(segment(0xc4, [0, ...new Array(15).fill(0), 255, ...noise(255)])).flat(),
      ]),
    /truncated/,
  ],
  [
    "pixels in a sequence, none outside",
    () => dicomOf([...imageParts(grey), [0x00880200, "SQ", [[pixels]]]]),
    /without Pixel Data/,
  ],
  [
    "an item that is its sequence",
    () => dicomOf([], undefined, [0x00, 0x50, 0x10, 0x00, 83, 81, 0, 0, ...open, ...itemOf([...word(0), ...open])]),
    /malformed/,
  ],
];

export function joined(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function repeated(count: number, each: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(count * each.length);
  for (let at = 0; at < bytes.length; at += each.length) bytes.set(each, at);
  return bytes;
}

export const deflated = (...parts: readonly ArrayLike<number>[]) =>
  joined(dicomOf([], deflatedUid), deflateSync(joined(...parts), { level: 6, mem: 8 }));
const one: Kind = { rows: 1, columns: 4 };
export const head = (kind: Kind, before = 0x7fe00010) => [...imageParts(kind), pixels].filter(([tag]) => tag < before);
export const bytesOf = (parts: readonly Part[]) => [...parts].sort(([a], [b]) => a - b).flatMap(elementOf);
const groups = (items: Uint8Array) => [0x00, 0x52, 0x30, 0x92, 83, 81, 0, 0, ...dword(items.length)];
const window = itemOf(
  bytesOf([
    [0x00281050, "DS", "2"],
    [0x00281051, "DS", "4"],
  ]),
);
const bulk = 2 ** 28 - 1000;

/** Much of a few kilobytes: nothing of it is to be kept. */
export const swollen: [string, () => Uint8Array, RegExp | undefined][] = [
  [
    "990,000 groups of frames, deflated",
    () => {
      const items = repeated(990_000, [...item, 0, 0, 0, 0]);
      return deflated(bytesOf(head(one)), groups(items), items, elementOf(pixels));
    },
    /groups of 990000 frames, and 1 frames/,
  ],
  [
    "300,000 groups with windows, deflated",
    () => {
      const items = repeated(300_000, window);
      return deflated(bytesOf(head(one)), groups(items), items, elementOf(pixels));
    },
    /groups of 300000 frames, and 1 frames/,
  ],
  [
    "256 MiB of something else, deflated",
    () => deflated([0x00, 0x50, 0x00, 0x30, 79, 66, 0, 0, ...dword(bulk)], new Uint8Array(bulk)),
    /unpacks to more than 16777216/,
  ],
  [
    "256 MiB of something else behind a picture's description, deflated",
    () => deflated(bytesOf(head(one)), [0, 0x50, 0, 0x30, 79, 66, 0, 0, ...dword(bulk)], new Uint8Array(bulk)),
    /unpacks to more than 16777220/,
  ],
  [
    "900,000 elements, deflated",
    () => {
      const elements = new Uint8Array(8 * 900_000);
      for (let k = 0; k < 900_000; k++) {
        const tag = 0x00300000 + k;
        elements.set([...word(tag >>> 16), ...word(tag & 0xffff), 83, 72, 0, 0], 8 * k);
      }
      return deflated(bytesOf(head(one)), elements, elementOf(pixels));
    },
    undefined,
  ],
  [
    "990,000 fragments of 900,000 frames",
    () => {
      const file = encapsulated({ ...one, frames: 900_000 }, "1.2.840.10008.1.2.5", [[]]);
      const fragments = repeated(990_000, [...item, 0, 0, 0, 0]);
      return joined(file.subarray(0, -8), fragments, file.subarray(-8));
    },
    /990000 fragments of 900000 frames cannot be told apart/,
  ],
  [
    "a table of two million offsets for one frame",
    () => {
      const file = encapsulated(one, "1.2.840.10008.1.2.5", [[], [1, 2]]);
      const table = new Uint8Array(8_000_000);
      return joined(file.subarray(0, -26), [...item, ...dword(table.length)], table, file.subarray(-18));
    },
    /a table of 2000000 offsets and 1 fragments of 1 frames/,
  ],
];
