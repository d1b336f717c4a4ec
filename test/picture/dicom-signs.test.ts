/** What is signed, and which values a window is of: as dcmtk has it, also behind its own conversions, which guess VRs. */
import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { readPicture } from "../../src/picture/index.js";
import { bytesOf, Dcmtk, hasDcmtk } from "./dcmtk.js";
import { imageOf, type Kind, type Part } from "./dicom-bytes.js";
import { greysOf, largestDifference } from "./greys.js";

const there = hasDcmtk();
const dcmtk = new Dcmtk();
afterAll(() => dcmtk.close());
const step = 1.01 / 257;

const row: Kind = { rows: 1, columns: 4 };
const signed: Kind = { ...row, bits: [16, 16, 15], signed: true };
const unsigned: Kind = { ...row, bits: [16, 16, 15] };
const window: Part[] = [
  [0x00281050, "DS", "128"],
  [0x00281051, "DS", "256"],
];
const rescale = (slope: string, intercept: string): Part[] => [
  [0x00281052, "DS", intercept],
  [0x00281053, "DS", slope],
];
/** 1024 entries, the first for −512. */
const lut = (vr: string): Part[] => [
  [0x00283002, vr, [1024, -512, 16]],
  [0x00283006, "OW", Array.from({ length: 1024 }, (_, k) => k * 64)],
];

function write(bytes: Uint8Array): string {
  const path = dcmtk.path("dcm");
  writeFileSync(path, bytes);
  return path;
}

async function greys(bytes: Uint8Array): Promise<number[]> {
  return greysOf((await readPicture(bytes)).picture);
}

describe.skipIf(!there)("windows of projections of X-rays are of stored values", () => {
  const modalityLut: Part = [
    0x00283000,
    "SQ",
    [
      [
        [0x00283002, "US", [256, 0, 16]],
        [0x00283004, "LO", "US"],
        [0x00283006, "OW", Array.from({ length: 256 }, (_, k) => k * k)],
      ],
    ],
  ];
  const steps: [string, Part[]][] = [
    ["slope and intercept", rescale("2", "-100")],
    ["a modality LUT", [modalityLut]],
  ];
  // XA, XRF, XA Bi-Plane, and for comparison Enhanced XA and Secondary Capture, of which the modality step is part.
  const classes = ["12.1", "12.2", "12.3", "12.1.1", "7"].map((end) => `1.2.840.10008.5.1.4.1.1.${end}`);

  it.each(steps)("%s", async (_, parts) => {
    const shown: string[] = [];
    for (const uid of classes) {
      const file = write(imageOf(row, [0, 64, 128, 255], [[0x00080016, "UI", uid], ...parts, ...window]));
      const got = await greys(bytesOf(file));
      expect(largestDifference(got, dcmtk.rendered(file, 16, "+Wi", "1")), uid).toBeLessThan(step);
      shown.push(got.map(Math.round).join(" "));
    }
    expect(shown.slice(0, 3)).toEqual(new Array(3).fill("0 64 128 255"));
    expect(new Set(shown).size).toBe(2);
  });
});

describe.skipIf(!there)("a table that begins below 0 does so whatever its VR", () => {
  const voi = (vr: string): Part => [0x00283010, "SQ", [lut(vr)]];
  it.each<[string, Kind, number[], (vr: string) => Part[]]>([
    ["a VOI LUT of signed values", signed, [-500, -100, 100, 400], (vr) => [voi(vr)]],
    ["a VOI LUT behind an intercept", unsigned, [524, 924, 1124, 1424], (vr) => [voi(vr), ...rescale("1", "-1024")]],
    ["a modality LUT", signed, [-500, -100, 100, 400], (vr) => [[0x00283000, "SQ", [lut(vr)]]]],
  ])("%s", async (name, kind, pixels, parts) => {
    const source = write(imageOf(kind, pixels, parts("SS")));
    const implicit = dcmtk.make("dcmconv", source, "+ti");
    const guessed = dcmtk.make("dcmconv", implicit, "+te");
    expect(bytesOf(guessed)).not.toEqual(bytesOf(source));
    const expected = await greys(bytesOf(source));
    expect(new Set(expected).size).toBe(4);
    if (name.includes("VOI")) {
      // An entry of a table has 16 bits, and so has dcmtk's PNM.
      expect(largestDifference(expected, dcmtk.rendered(guessed, 16, "+Wl", "1"))).toBeLessThan(step);
    }
    for (const file of [implicit, guessed]) expect(await greys(bytesOf(file))).toEqual(expected);
    expect(await greys(imageOf(kind, pixels, parts("US")))).toEqual(expected);
  });
});

it("padding has the sign of the pixels whatever its VR", async () => {
  for (const vr of ["SS", "US"]) {
    expect(await greys(imageOf(signed, [-2000, -10, 0, 10], [[0x00280120, vr, [-2000]]]))).toEqual([0, 0, 127.5, 255]);
    const high = await greys(imageOf(unsigned, [63536, 0, 10, 20], [[0x00280120, vr, [63536]]]));
    expect(high).toEqual([255, 0, 127.5, 255]);
  }
});
