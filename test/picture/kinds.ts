/** Small pictures of every kind, whole: for what damages them. */
import { deflateSync } from "fflate";
import { writePng } from "../data/png-bytes.js";
import { wordStream } from "../seed.js";
import { dicomOf, dword, elementOf, encapsulated, imageOf, imageParts, type Kind, type Part } from "./dicom-bytes.js";
import { baselineJpeg, exif, losslessJpeg, withSegment } from "./jpeg-bytes.js";

const random = wordStream(23);
export const noise = (count: number, bits = 8) => Array.from({ length: count }, () => random() >>> (32 - bits));
const [rows, columns] = [11, 14];
const size = rows * columns;
export const grey: Kind = { rows, columns };
const wide: Kind = { rows, columns, bits: [16, 12, 11], frames: 2 };
export const deflatedUid = "1.2.840.10008.1.2.1.99";
const window: Part[] = [
  [0x00280030, "DS", "0.5\\0.5"],
  [0x00281050, "DS", "40"],
  [0x00281051, "DS", "400"],
  [0x00281052, "DS", "-100"],
  [0x00281053, "DS", "1"],
];
const lut: Part = [
  0x00283010,
  "SQ",
  [
    [
      [0x00283002, "US", [200, 1900, 16]],
      [0x00283006, "OW", noise(200, 16)],
    ],
  ],
];

function deflated(...body: (readonly number[])[]): Uint8Array {
  return dicomOf([], deflatedUid, Array.from(deflateSync(Uint8Array.from(body.flat()))));
}

/** A frame of RLE: each row of 14 as it is. */
export function rle(values: readonly number[]): number[] {
  const lines = Array.from({ length: rows }, (_, y) => [columns - 1, ...values.slice(y * columns, (y + 1) * columns)]);
  return [...dword(1), ...dword(64), ...new Array(56).fill(0), ...lines.flat()];
}

export const jpeg = baselineJpeg({ width: columns, height: rows, values: noise(size) });
export const kinds: [string, Uint8Array][] = [
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
