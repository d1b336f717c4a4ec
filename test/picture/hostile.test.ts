/** Files that were made to hurt: one named error, little memory, no time. Damaged ones: test/data/fuzz. */
import { deflateSync } from "fflate";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { readPicture } from "../../src/picture/index.js";
import { dicomOf, encapsulated, imageOf, imageParts, itemOf, type Kind, type Part, word } from "./dicom-bytes.js";
import { greysOf } from "./greys.js";
import { frameHeader, losslessJpeg, segment } from "./jpeg-bytes.js";
import { deflatedUid, grey, jpeg, kinds, noise, rle } from "./kinds.js";

it.each(kinds)("%s, whole, is read", async (_, bytes) => {
  const { picture } = await readPicture(bytes, { frame: 1 });
  expect(new Set(greysOf(picture)).size).toBeGreaterThan(5);
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
    ...segment(0xdb, [0, ...new Array(64).fill(1)]),
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
