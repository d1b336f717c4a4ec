/** Which segments of a JPEG count, as libjpeg has it; Chromium's word on the same files: test/browser/picture.test.ts. */
import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { readPicture } from "../../src/picture/index.js";
import { bytesOf, Dcmtk, hasDcmtk, run } from "./dcmtk.js";
import { imageOf } from "./dicom-bytes.js";
import { coloursOf, greysOf, largestDifference } from "./greys.js";
import { adobe, colourJpeg, exif, jfif, segment, withSegment } from "./jpeg-bytes.js";

const dcmtk = new Dcmtk();
afterAll(() => dcmtk.close());
const [rows, columns] = [64, 64];

/** What libjpeg makes of it, by way of img2dcm. */
function decoded(jpeg: Uint8Array): number[] {
  const [from, to] = [dcmtk.path("jpg"), dcmtk.path("dcm")];
  writeFileSync(from, jpeg);
  run("img2dcm", "-q", from, to);
  return dcmtk.rendered(to, 8, "+ca");
}

/** Before EOI. */
function behind(jpeg: Uint8Array, marker: number, body: ArrayLike<number>): Uint8Array {
  return Uint8Array.from([...jpeg.subarray(0, -2), ...segment(marker, body), 0xff, 0xd9]);
}

const first = async (jpeg: Uint8Array) =>
  coloursOf((await readPicture(jpeg)).picture)
    .slice(0, 3)
    .map(Math.round);

describe("colours", () => {
  const plain = colourJpeg([1, 2, 3]);
  const named = colourJpeg([82, 71, 66]);
  // 120 + 1.402 · 72, 120 + 0.344 · 48 − 0.714 · 72, 120 − 1.772 · 48.
  const ycc = [221, 85, 35];
  const rgb = [120, 80, 200];

  it("are YCbCr unless something says RGB; JFIF's word is more than Adobe's", async () => {
    expect(await first(plain)).toEqual(ycc);
    expect(await first(named)).toEqual(rgb);
    expect(await first(withSegment(plain, 0xee, adobe(0)))).toEqual(rgb);
    expect(await first(withSegment(named, 0xee, adobe(1)))).toEqual(ycc);
    expect(await first(withSegment(named, 0xe0, jfif))).toEqual(ycc);
    for (const both of [
      withSegment(withSegment(plain, 0xee, adobe(0)), 0xe0, jfif),
      withSegment(withSegment(plain, 0xe0, jfif), 0xee, adobe(0)),
    ]) {
      expect(await first(both)).toEqual(ycc);
      // A JFIF segment that is too short for one is none.
      expect(await first(withSegment(withSegment(plain, 0xe0, jfif.slice(0, 9)), 0xee, adobe(0)))).toEqual(rgb);
    }
  });

  it("do not change behind the first scan, and neither does the orientation", async () => {
    expect(await first(behind(plain, 0xee, adobe(0)))).toEqual(ycc);
    expect(await first(behind(named, 0xe0, jfif))).toEqual(rgb);
    const { picture } = await readPicture(behind(plain, 0xe1, exif(6, true)));
    expect([picture.width, picture.height]).toEqual([16, 8]);
    expect((await readPicture(withSegment(plain, 0xe1, exif(6, true)))).picture.width).toBe(8);
  });

  it.skipIf(!hasDcmtk())("are libjpeg's", async () => {
    for (const jpeg of [
      withSegment(plain, 0xe0, jfif),
      withSegment(withSegment(plain, 0xee, adobe(0)), 0xe0, jfif),
      behind(withSegment(plain, 0xe0, jfif), 0xee, adobe(0)),
    ]) {
      const { picture } = await readPicture(jpeg);
      expect(largestDifference(coloursOf(picture), decoded(jpeg))).toBeLessThanOrEqual(2);
    }
  });
});

describe.skipIf(!hasDcmtk())("progressive, as dcmcjpeg writes it", () => {
  const source = dcmtk.path("dcm");
  const pixels = Array.from({ length: rows * columns }, (_, k) => (((k % 64) * 37) ^ ((k >> 6) * 11)) & 255);
  writeFileSync(source, imageOf({ rows, columns }, pixels));
  const jpegOf = (option: string) => {
    const bytes = bytesOf(dcmtk.make("dcmcjpeg", source, option, "-ot"));
    const start = bytes.findIndex((byte, k) => byte === 0xff && bytes[k + 1] === 0xd8 && bytes[k + 2] === 0xff);
    return bytes.slice(start, bytes.lastIndexOf(0xd9) + 1);
  };
  const scansOf = (jpeg: Uint8Array) => Array.from(jpeg.keys()).filter((k) => jpeg[k] === 0xff && jpeg[k + 1] === 0xda);

  it.each([
    ["spectral selection", "+es", 3],
    ["full progression", "+ep", 6],
  ])("%s: cut before any of its scans, it is refused", async (_, option, count) => {
    const jpeg = jpegOf(option);
    expect(largestDifference(greysOf((await readPicture(jpeg)).picture), decoded(jpeg))).toBeLessThanOrEqual(1);
    const starts = scansOf(jpeg);
    expect(starts.length).toBe(count);
    for (const start of starts) {
      const cut = Uint8Array.from([...jpeg.subarray(0, start), 0xff, 0xd9]);
      await expect(readPicture(cut)).rejects.toThrow(FormatError);
      await expect(readPicture(cut)).rejects.toThrow(/truncated JPEG/);
    }
  });

  it("the table of its first scan is a component's: another one behind that changes nothing", async () => {
    const other = segment(0xdb, [0, ...new Array(64).fill(1)]);
    for (const option of ["+es", "+ep"]) {
      const jpeg = jpegOf(option);
      const expected = greysOf((await readPicture(jpeg)).picture);
      for (const start of [...scansOf(jpeg).slice(1), jpeg.length - 2]) {
        const changed = Uint8Array.from([...jpeg.subarray(0, start), ...other, ...jpeg.subarray(start)]);
        expect(greysOf((await readPicture(changed)).picture)).toEqual(expected);
        expect(largestDifference(decoded(changed), expected)).toBeLessThanOrEqual(1);
      }
      const [start] = scansOf(jpeg);
      const before = Uint8Array.from([...jpeg.subarray(0, start), ...other, ...jpeg.subarray(start)]);
      expect(largestDifference(greysOf((await readPicture(before)).picture), expected)).toBeGreaterThan(20);
    }
  });
});
