/** Kinds that would be shown wrongly are refused; what cameras and archives do a little differently is taken. */
import { describe, expect, it } from "vitest";
import { readPicture } from "../../src/picture/index.js";
import { dicomOf, dword, elementOf, encapsulated, imageOf, imageParts, type Kind, type Part } from "./dicom-bytes.js";
import { greysOf } from "./greys.js";
import { baselineJpeg, losslessJpeg } from "./jpeg-bytes.js";

const row: Kind = { rows: 1, columns: 4 };
const lossless = "1.2.840.10008.1.2.4.70";
const read = async (bytes: Uint8Array) => greysOf((await readPicture(bytes)).picture).map((x) => +x.toFixed(2));
const refused = (bytes: Uint8Array, message: RegExp, fix = /./) =>
  expect(readPicture(bytes)).rejects.toMatchObject({
    message: expect.stringMatching(message),
    fix: expect.stringMatching(fix),
  });
const window = (center: string, width: string, kind?: string): Part[] => [
  [0x00281050, "DS", center],
  [0x00281051, "DS", width],
  ...(kind ? ([[0x00281056, "CS", kind]] as Part[]) : []),
];
const rescale = (slope: string, intercept: string): Part[] => [
  [0x00281052, "DS", intercept],
  [0x00281053, "DS", slope],
];

describe("YBR has 8 bits in 8", () => {
  it.each<[string, Kind]>([
    ["YBR_FULL_422", { ...row, photometric: "YBR_FULL_422", samples: 3, planar: 0, bits: [16, 8, 7] }],
    ["YBR_FULL", { ...row, photometric: "YBR_FULL", samples: 3, planar: 0, bits: [16, 8, 15] }],
  ])("%s of 8 bits in 16 is not read", (name, kind) =>
    refused(imageOf(kind, new Array(12).fill(128)), new RegExp(`${name} of 8 bits in 16`), /PNG/));
});

describe("the bits of a JPEG are the bits that the file speaks of", () => {
  const twelve = losslessJpeg({ width: 4, height: 1, values: [0, 1000, 2000, 4095] }, 12);
  const inside = (bits: Kind["bits"], signed = false) =>
    encapsulated({ ...row, bits, signed }, lossless, [[], twelve], window("2048", "4096"));

  it("12 bits up to bit 11 are", async () => {
    expect(await read(inside([16, 12, 11]))).toEqual([0, 62.27, 124.54, 255]);
  });

  it.each<[string, Kind["bits"]]>([
    ["12 up to bit 15", [16, 12, 15]],
    ["16", [16, 16, 15]],
    ["8 up to bit 15", [16, 8, 15]],
  ])("%s are not", async (_, bits) => {
    await refused(inside(bits), /its JPEG has 12 bits, it says/);
    await refused(inside(bits, true), /its JPEG has 12 bits, it says/);
  });

  it("of colours, all of them", async () => {
    const grey = baselineJpeg({ width: 4, height: 1, values: [10, 20, 30, 40] });
    const at = grey.findIndex((byte, k) => byte === 0xff && grey[k + 1] === 0xc0);
    const scan = grey.findIndex((byte, k) => byte === 0xff && grey[k + 1] === 0xda);
    const frame = [0xff, 0xc0, 0, 17, 8, 0, 1, 0, 4, 3, 82, 0x11, 0, 71, 0x11, 0, 66, 0x11, 0];
    const scans = [82, 71, 66].flatMap((id) => {
      const bytes = Array.from(grey.subarray(scan, -2));
      bytes[5] = id;
      return bytes;
    });
    const jpeg = [...grey.subarray(0, at), ...frame, ...grey.subarray(at + 13, scan), ...scans, 0xff, 0xd9];
    const kind = (bits: Kind["bits"]): Kind => ({ ...row, photometric: "RGB", samples: 3, planar: 0, bits });
    const inside = (bits: Kind["bits"]) => encapsulated(kind(bits), "1.2.840.10008.1.2.4.50", [[], jpeg]);
    const [first] = await read(inside([8, 8, 7]));
    expect(Math.abs(first - 10)).toBeLessThanOrEqual(2);
    for (const bits of [
      [16, 16, 15],
      [16, 8, 15],
      [8, 7, 6],
    ] as const)
      await refused(inside(bits), /its JPEG has 8 bits, it says/);
  });
});

describe("numbers of which nothing finite would come", () => {
  it.each<[string, Part[]]>([
    ["a slope of 1e308", rescale("1e308", "0")],
    ["an intercept of -1e308", rescale("1", "-1e308")],
    ["a slope of 1e-320", rescale("1e-320", "0")],
    ["a centre of 1.7e308", [...rescale("1e20", "0"), ...window("1.7e308", "1", "LINEAR_EXACT")]],
    ["a width of 1e-323", window("1", "1e-323", "SIGMOID")],
  ])("%s", (_, parts) => refused(imageOf(row, [0, 1, 2, 255], parts), /is too large or too small to compute with/));

  it("a slope that its intercept leaves nothing of", () =>
    refused(imageOf(row, [0, 1, 2, 255], rescale("1", "1e20")), /nothing is left of its rescale slope/));

  it("whatever is taken gives greys", async () => {
    for (const slope of ["9e29", "-9e29", "1.1e-30"]) {
      for (const parts of [[], window("9e29", "9e29"), window("-9e29", "1.1e-30", "SIGMOID")]) {
        const greys = await read(imageOf(row, [0, 1, 2, 255], [...rescale(slope, "0"), ...parts]));
        expect(greys.every((value) => value >= 0 && value <= 255)).toBe(true);
      }
    }
  });
});

describe("what is not for display", () => {
  it("FOR PROCESSING", () =>
    refused(
      imageOf(row, [0, 1, 2, 3], [[0x00080068, "CS", "FOR PROCESSING"]]),
      /raw values.*FOR PROCESSING/,
      /FOR PRESENTATION/,
    ));

  it("greys that are to be coloured, and only those", async () => {
    for (const kind of ["COLOR", "MIXED"]) {
      await refused(imageOf(row, [0, 1, 2, 3], [[0x00089205, "CS", kind]]), new RegExp(`Pixel Presentation ${kind}`));
    }
    for (const parts of [[[0x00089205, "CS", "MONOCHROME"]], [[0x00080068, "CS", "FOR PRESENTATION"]]] as Part[][]) {
      expect(await read(imageOf(row, [0, 1, 2, 3], parts))).toEqual([0, 85, 170, 255]);
    }
  });
});

describe("tolerated", () => {
  const shown = [0, 85, 170, 255];

  it("a backslash behind the last number", async () => {
    expect(await read(imageOf(row, [0, 1, 2, 3], window("1.5\\", "3\\", "LINEAR_EXACT")))).toEqual(shown);
    await refused(imageOf(row, [0, 1, 2, 3], window("\\1.5", "\\3")), /no decimal number/);
  });

  it("a spacing of 0\\0, which says nothing", async () => {
    expect(await read(imageOf(row, [0, 1, 2, 3], [[0x00280030, "DS", "0\\0"]]))).toEqual(shown);
    await refused(imageOf(row, [0, 1, 2, 3], [[0x00280030, "DS", "0\\0\\0"]]), /no sides/);
  });

  it("more windows than fit into 1024 bytes", async () => {
    const many = (value: string) => new Array(300).fill(value).join("\\");
    expect(await read(imageOf(row, [0, 1, 2, 3], window(many("1.5"), many("3"), "LINEAR_EXACT")))).toEqual(shown);
    await refused(imageOf(row, [0, 1, 2, 3], window(`1.${"5".repeat(1100)}`, "3")), /more than 1024 bytes/);
  });

  const parts: Part[] = [...imageParts(row), [0x7fe00010, "OB", Uint8Array.of(0, 1, 2, 3)]];
  const withPrivate = (bytes: number[]) => {
    const sorted = [...parts].sort(([a], [b]) => a - b);
    const behind = sorted.filter(([tag]) => tag > 0x00090000).flatMap(elementOf);
    return dicomOf(
      sorted.filter(([tag]) => tag < 0x00090000),
      undefined,
      [...bytes, ...behind],
    );
  };

  it("ends of an item and of a sequence whose lengths were said", async () => {
    const end = (which: number) => [0xfe, 0xff, which, 0xe0, 0, 0, 0, 0];
    const item = (length: number[], ...body: number[]) => [0xfe, 0xff, 0x00, 0xe0, ...length, ...body];
    const open = [255, 255, 255, 255];
    for (const body of [
      [...item(open, ...end(0x0d)), ...end(0xdd)],
      [...item(dword(8), ...end(0x0d)), ...end(0xdd)],
    ]) {
      expect(await read(withPrivate([9, 0, 16, 16, 83, 81, 0, 0, ...dword(body.length), ...body]))).toEqual(shown);
    }
    const early = [...end(0xdd), ...item(dword(0))];
    await refused(
      withPrivate([9, 0, 16, 16, 83, 81, 0, 0, ...dword(early.length), ...early]),
      /\(fffe,e0dd\) stands where/,
    );
  });

  it("functional groups whose VR somebody did not know, implicit as PS3.5 has them", async () => {
    const implicit = (tag: number, body: number[]) => [
      ...[(tag >> 16) & 255, tag >>> 24, tag & 255, (tag >> 8) & 255],
      ...dword(body.length),
      ...body,
    ];
    const item = (body: number[]) => [0xfe, 0xff, 0x00, 0xe0, ...dword(body.length), ...body];
    const text = (value: string) => [...value].map((letter) => letter.charCodeAt(0));
    const voi = [...implicit(0x00281050, text("100.")), ...implicit(0x00281051, text("50"))];
    const groups = Uint8Array.from(item(implicit(0x00289132, item(voi))));
    const got = await read(imageOf({ ...row, frames: 1 }, [75, 90, 110, 130], [[0x52009229, "UN", groups]]));
    expect(got).toEqual([0, 78.06, 182.14, 255]);
  });
});
