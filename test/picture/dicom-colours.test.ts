/** Colours, tables and frames, against dcmtk. */
import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { ParameterError } from "../../src/errors.js";
import { readPicture } from "../../src/picture/index.js";
import { wordStream } from "../seed.js";
import { bytesOf, Dcmtk, hasDcmtk } from "./dcmtk.js";
import { imageOf, type Kind, type Part } from "./dicom-bytes.js";
import { coloursOf, greysOf, largestDifference } from "./greys.js";

const there = hasDcmtk();
const dcmtk = new Dcmtk();
afterAll(() => dcmtk.close());

const [rows, columns] = [37, 50];
const pixels = rows * columns;
/** Smooth, so that JPEG leaves something of it, with a corner of noise. */
const random = wordStream(7);
const smooth = (pixel: number, channel: number) => {
  const [x, y] = [pixel % columns, Math.floor(pixel / columns)];
  if (x < 8 && y < 8) return random() & 255;
  return Math.round(127.5 + 127 * Math.sin((x * (channel + 1)) / 17 + y / (9 + channel)));
};
const interleaved = Uint8Array.from({ length: 3 * pixels }, (_, k) => smooth(Math.floor(k / 3), k % 3));
const planes = Uint8Array.from(
  { length: 3 * pixels },
  (_, k) => interleaved[3 * (k % pixels) + Math.floor(k / pixels)],
);
const rgb: Kind = { rows, columns, photometric: "RGB", samples: 3, planar: 0 };

function write(bytes: Uint8Array): string {
  const path = dcmtk.path("dcm");
  writeFileSync(path, bytes);
  return path;
}

async function colours(file: string, frame?: number): Promise<number[]> {
  return coloursOf((await readPicture(bytesOf(file), { frame })).picture);
}

describe.skipIf(!there)("colours", () => {
  it("RGB, side by side or plane after plane, compressed without loss or not, is as it was", async () => {
    for (const source of [imageOf(rgb, interleaved), imageOf({ ...rgb, planar: 1 }, planes)]) {
      const plain = write(source);
      const files = [
        plain,
        dcmtk.make("dcmcrle", plain),
        dcmtk.make("dcmcjpeg", plain, "+e1"),
        dcmtk.make("dcmcjpeg", plain, "+el", "+sv", "4"),
        dcmtk.make("dcmconv", plain, "+tb"),
        dcmtk.make("dcmconv", plain, "+ti"),
      ];
      for (const file of files) expect(await colours(file)).toEqual(Array.from(interleaved));
    }
  });

  it("16 bits of RGB keep their fractions", async () => {
    const words = Uint16Array.from({ length: 3 * pixels }, () => random() & 0xffff);
    const plain = write(imageOf({ ...rgb, bits: [16, 16, 15] }, words));
    const expected = Array.from(words, (word) => word / 257);
    for (const file of [plain, dcmtk.make("dcmcrle", plain), dcmtk.make("dcmconv", plain, "+tb")]) {
      expect(largestDifference(await colours(file), expected)).toBeLessThan(1e-9);
    }
  });

  it.each<[string, Kind, Uint8Array]>([
    ["YBR_FULL", { ...rgb, photometric: "YBR_FULL" }, interleaved],
    ["YBR_FULL, plane after plane", { ...rgb, photometric: "YBR_FULL", planar: 1 }, planes],
    ["YBR_FULL_422", { ...rgb, photometric: "YBR_FULL_422" }, interleaved.subarray(0, 2 * pixels)],
  ])("%s is what dcmtk makes of it, which cuts two products to whole numbers", async (_, kind, data) => {
    const file = write(imageOf(kind, data));
    expect(largestDifference(await colours(file), dcmtk.rendered(file, 8))).toBeLessThan(2);
  });

  it("YBR is what PS3.3 makes of RGB, turned round", async () => {
    const [r, g, b] = [0, 1, 2].map((c) =>
      Array.from({ length: pixels }, (_, k) => 60 + (interleaved[3 * k + c] >> 1)),
    );
    const luma = r.map((_, k) => 0.299 * r[k] + 0.587 * g[k] + 0.114 * b[k]);
    const blue = r.map((_, k) => -0.168736 * r[k] - 0.331264 * g[k] + 0.5 * b[k] + 128);
    const red = r.map((_, k) => 0.5 * r[k] - 0.418688 * g[k] - 0.081312 * b[k] + 128);
    const ybr = [...luma, ...blue, ...red].map(Math.round);
    const { picture } = await readPicture(imageOf({ ...rgb, photometric: "YBR_FULL", planar: 1 }, ybr));
    // Half a step of each of three, times 1, 1.772 and 1.402 at most.
    const expected = r.flatMap((_, k) => [r[k], g[k], b[k]]);
    expect(largestDifference(coloursOf(picture), expected)).toBeLessThan(1.5);
  });

  it("a JPEG that contradicts its file is refused", async () => {
    const jpeg = dcmtk.make("dcmcjpeg", write(imageOf(rgb, interleaved)), "+eb");
    const wrong = dcmtk.modify(jpeg, "(0028,0004)=RGB");
    await expect(readPicture(bytesOf(wrong))).rejects.toThrow("it says RGB, its JPEG says YCbCr");
    const red = dcmtk.modify(
      dcmtk.make("dcmcjpeg", write(imageOf(rgb, interleaved)), "+eb", "+cr"),
      "(0028,0004)=YBR_FULL",
    );
    await expect(readPicture(bytesOf(red))).rejects.toThrow("it says YBR_FULL, its JPEG says RGB");
  });

  it("a palette is what dcmtk makes of it", async () => {
    const file = dcmtk.make("dcmquant", write(imageOf(rgb, interleaved)), "+pc", "200");
    expect((await readPicture(bytesOf(file))).picture.coloured).toBe(true);
    const expected = dcmtk.rendered(file, 16);
    expect(new Set(expected).size).toBeGreaterThan(50);
    expect(largestDifference(await colours(file), expected)).toBeLessThan(1 / 257);
  });

  it.each([
    ["4:2:2, YBR_FULL_422", ["+s2"]],
    ["4:4:4, YBR_FULL", ["+s4"]],
    ["RGB", ["+cr"]],
    ["a bad quality", ["+q", "10"]],
  ])("JPEG baseline %s is libjpeg's within 2.5: a step of chroma, times 1.772, and its rounding", async (_, options) => {
    const file = dcmtk.make("dcmcjpeg", write(imageOf(rgb, interleaved)), "+eb", ...options);
    const expected = dcmtk.rendered(file, 8);
    const got = await colours(file);
    expect(largestDifference(got, Array.from(interleaved))).toBeGreaterThan(3);
    expect(largestDifference(got, expected)).toBeLessThanOrEqual(2.5);
  });
});

describe.skipIf(!there)("tables", () => {
  const grey: Kind = { rows, columns, bits: [16, 12, 11] };
  const words = Uint16Array.from({ length: pixels }, (_, k) => (k * 7) % 4096);
  const lut = (first: number, bits: number, count: number, at: (k: number) => number, vr = "US"): Part[] => [
    [0x00283002, vr, [count, first, bits]],
    [0x00283006, "OW", Array.from({ length: count }, (_, k) => at(k))],
  ];

  const modality: Part[] = lut(100, 16, 3000, (k) => (k * 11) % 60000);
  modality.splice(1, 0, [0x00283004, "LO", "US"]);
  const window = (centre: string, width: string): Part[] => [
    [0x00281050, "DS", centre],
    [0x00281051, "DS", width],
  ];
  const rescale: Part[] = [
    [0x00281052, "DS", "-1000"],
    [0x00281053, "DS", "1"],
  ];
  const voi = (...parts: Parameters<typeof lut>): Part => [0x00283010, "SQ", [lut(...parts)]];

  // dcmtk takes an entry's share of 2^bits, we of 2^bits − 1, so that the largest is white.
  it.each<[string, number, Part[], string[]]>([
    ["a VOI LUT", 12, [voi(500, 12, 1000, (k) => (k * k) % 4096)], ["+Wl", "1"]],
    ["a VOI LUT over a window", 16, [...window("9", "9"), voi(0, 16, 4096, (k) => 65535 - 9 * k)], ["+Wl", "1"]],
    ["a modality LUT before a window", 16, [[0x00283000, "SQ", [modality]], ...window("20000", "30000")], ["+Wi", "1"]],
    ["a VOI LUT after a rescale", 10, [...rescale, voi(-200, 10, 900, (k) => k, "SS")], ["+Wl", "1"]],
  ])("%s", async (_, bits, parts, options) => {
    const file = write(imageOf(grey, words, parts));
    const expected = dcmtk.rendered(file, 16, ...options);
    expect(new Set(expected).size).toBeGreaterThan(100);
    const { picture } = await readPicture(bytesOf(file));
    const step = bits === 16 ? 1.01 / 257 : 255 / 2 ** bits;
    expect(largestDifference(greysOf(picture), expected)).toBeLessThan(step);
    // The same where the VRs are not said.
    const implicit = await readPicture(bytesOf(dcmtk.make("dcmconv", file, "+ti")));
    expect(greysOf(implicit.picture)).toEqual(greysOf(picture));
  });
});

describe.skipIf(!there)("several frames", () => {
  const frames = 5;
  const kind: Kind = { rows, columns, frames };
  const data = Uint8Array.from({ length: frames * pixels }, () => random() & 255);
  const window: Part[] = [
    [0x00281050, "DS", "128"],
    [0x00281051, "DS", "256"],
  ];

  it("each is read by its number, from every syntax", async () => {
    const plain = write(imageOf(kind, data, window));
    const files = [
      plain,
      dcmtk.make("dcmconv", plain, "+tb"),
      dcmtk.make("dcmconv", plain, "+td"),
      dcmtk.make("dcmcrle", plain),
      dcmtk.make("dcmcrle", plain, "-ot"),
      dcmtk.make("dcmcrle", plain, "+fs", "1"),
      dcmtk.make("dcmcjpeg", plain, "+e1"),
      dcmtk.make("dcmcjpeg", plain, "+e1", "-ot"),
      dcmtk.make("dcmcjpeg", plain, "+e1", "+fs", "1"),
    ];
    for (const file of files) {
      for (let frame = 1; frame <= frames; frame++) {
        const read = await readPicture(bytesOf(file), { frame });
        expect([read.frames, read.frame]).toEqual([frames, frame]);
        const own = Array.from(data.subarray((frame - 1) * pixels, frame * pixels));
        expect(largestDifference(greysOf(read.picture), own)).toBeLessThan(1e-9);
      }
    }
  });

  it("none is taken unasked, and none that is not there", async () => {
    const bytes = imageOf(kind, data);
    await expect(readPicture(bytes, { name: "x.dcm" })).rejects.toThrow(ParameterError);
    await expect(readPicture(bytes, { name: "x.dcm" })).rejects.toThrow("x.dcm has 5 frames");
    await expect(readPicture(bytes)).rejects.toMatchObject({ fix: expect.stringContaining("--frame") });
    await expect(readPicture(bytes, { frame: 6 })).rejects.toThrow("no frame 6");
    await expect(readPicture(bytes, { frame: 0 })).rejects.toThrow(RangeError);
  });
});
