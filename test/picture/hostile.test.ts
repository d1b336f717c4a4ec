/** Files that were made to hurt, and files that were damaged: one named error, little memory, no time. */
import { deflateSync } from "fflate";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { readPicture } from "../../src/picture/index.js";
import { writePng } from "../data/png-bytes.js";
import { wordStream } from "../seed.js";
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
import { greysOf } from "./greys.js";
import { baselineJpeg, exif, frameHeader, losslessJpeg, segment, withSegment } from "./jpeg-bytes.js";

const random = wordStream(23);
const noise = (count: number, bits = 8) => Array.from({ length: count }, () => random() >>> (32 - bits));
const [rows, columns] = [11, 14];
const size = rows * columns;
const grey: Kind = { rows, columns };
const wide: Kind = { rows, columns, bits: [16, 12, 11], frames: 2 };
const deflatedUid = "1.2.840.10008.1.2.1.99";
const window: Part[] = [
  [0x00280030, "DS", "0.5\\0.5"],
  [0x00281050, "DS", "40"],
  [0x00281051, "DS", "400"],
  [0x00281052, "DS", "-1024"],
  [0x00281053, "DS", "1"],
];
const lut: Part = [
  0x00283010,
  "SQ",
  [
    [
      [0x00283002, "US", [16, 0, 16]],
      [0x00283006, "OW", noise(16, 16)],
    ],
  ],
];

function deflated(...body: (readonly number[])[]): Uint8Array {
  return dicomOf([], deflatedUid, Array.from(deflateSync(Uint8Array.from(body.flat()))));
}

/** A frame of RLE: each row of 14 as it is. */
function rle(values: readonly number[]): number[] {
  const lines = Array.from({ length: rows }, (_, y) => [columns - 1, ...values.slice(y * columns, (y + 1) * columns)]);
  return [...dword(1), ...dword(64), ...new Array(56).fill(0), ...lines.flat()];
}

const jpeg = baselineJpeg({ width: columns, height: rows, values: noise(size) });
const kinds: [string, Uint8Array][] = [
  ["PNG", writePng({ width: 9, height: 7, depth: 16, colourType: 2, interlaced: true, samples: noise(189, 16) })],
  ["JPEG", withSegment(jpeg, 0xe1, exif(6, true))],
  ["JPEG with restart markers", baselineJpeg({ width: columns, height: rows, values: noise(size), interval: 1 })],
  ["DICOM", imageOf(grey, noise(size), window)],
  ["DICOM of 16 bits and two frames", imageOf(wide, noise(2 * size, 12), [lut])],
  ["DICOM of colours", imageOf({ ...grey, photometric: "RGB", samples: 3, planar: 1 }, noise(3 * size))],
  ["RLE", encapsulated(grey, "1.2.840.10008.1.2.5", [[], rle(noise(size))])],
  [
    "JPEG in a DICOM",
    encapsulated(grey, "1.2.840.10008.1.2.4.50", [dword(0), jpeg.subarray(0, 200), jpeg.subarray(200)]),
  ],
  [
    "JPEG lossless in a DICOM",
    encapsulated({ ...grey, bits: [16, 12, 11] }, "1.2.840.10008.1.2.4.70", [
      [],
      losslessJpeg({ width: columns, height: rows, values: noise(size, 12) }, 12),
    ]),
  ],
  [
    "deflated",
    deflated(...[...imageParts(grey), [0x7fe00010, "OB", Uint8Array.from(noise(size))] as Part].map(elementOf)),
  ],
];

describe("damaged, 600 times", () => {
  it.each(kinds)("%s: nothing but FormatErrors that were meant", async (_, good) => {
    await readPicture(good, { frame: 1 });
    let refused = 0;
    for (let round = 0; round < 600; round++) {
      const error = await failureOf(damaged(good));
      if (error === undefined) continue;
      refused++;
      if (!(error instanceof FormatError)) throw error;
      // What was not foreseen is caught as well, but it ought to be foreseen.
      if (error.message.includes("cannot be read (")) throw error.cause;
      expect(error.fix.length).toBeGreaterThan(10);
    }
    expect(refused).toBeGreaterThan(100);
  });
});

async function failureOf(bytes: Uint8Array): Promise<unknown> {
  try {
    const { picture } = await readPicture(bytes, { frame: 1 });
    if (!greysOf(picture).every((value) => value >= 0 && value <= 255 + 1e-9)) throw new Error("a grey is none");
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Bits, bytes and numbers changed, pieces taken out, doubled or cut off, mostly behind the signature. */
function damaged(good: Uint8Array): Uint8Array {
  const bytes = good.slice();
  const place = () => (random() % 8 === 0 ? 0 : good[0] === 0 ? 132 : 2) + (random() % (good.length - 140));
  const way = random() % 6;
  if (way === 0) return bytes.subarray(0, place());
  if (way === 1) {
    const [from, count] = [place(), 1 + (random() % 20)];
    return Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(from + count)]);
  }
  if (way === 2) {
    const [from, count] = [place(), 1 + (random() % 20)];
    return Uint8Array.from([...bytes.subarray(0, from + count), ...bytes.subarray(from)]);
  }
  for (let k = 1 + (random() % 6); k > 0; k--) {
    if (way === 3) bytes[place()] ^= 1 << (random() % 8);
    else if (way === 4) bytes[place()] = random() & 255;
    else bytes.set([0xff, 0xff, 0xff, 0xff].slice(random() % 4), place());
  }
  return bytes;
}

describe("made to hurt", () => {
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
    ...segment(0xc4, [0x10, 1, ...new Array(15).fill(0), 0xe0]),
    ...Array.from({ length: 126 }, (_, k) => {
      const coefficient = 1 + (k >> 1);
      return [...segment(0xda, [1, 1, 0, coefficient, coefficient, k % 2 === 0 ? 0x01 : 0x10]), 0, 1];
    }).flat(),
    ...[0xff, 0xd9],
  ];

  it.each<[string, () => Uint8Array, RegExp]>([
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
      /claims 4294967294 bytes, 1 are left/,
    ],
    [
      "a deflate bomb of 257 MiB in a quarter of one",
      () => dicomOf([], deflatedUid, Array.from(deflateSync(zeros, { level: 1, mem: 8 }))),
      /unpacks to more than 268435456/,
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
  ])("%s", async (_, make, message) => {
    const bytes = make();
    const before = process.memoryUsage();
    const error = await failureOf(bytes);
    const after = process.memoryUsage();
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("cannot be read (");
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 30);
  });
});
