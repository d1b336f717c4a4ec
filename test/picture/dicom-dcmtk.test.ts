/** Against dcmtk: the same stored pixels, exactly, out of everything that it writes, and the same greys where it renders them. */
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readPicture } from "../../src/picture/index.js";
import { bytesOf, Dcmtk, dicomFolder, hasDcmtk, hasFiles } from "./dcmtk.js";
import { greysOf, largestDifference } from "./greys.js";

const there = hasDcmtk() && hasFiles();
const dcmtk = new Dcmtk();
afterAll(() => dcmtk.close());
const ct = join(dicomFolder ?? "", "CT_small.dcm");
const mr = join(dicomFolder ?? "", "MR_small.dcm");

/** How greys come from values: window's centre and width by PS3.3 C.11.2.1.2.1, written down once more. */
function windowed(x: number, c: number, w: number): number {
  if (x <= c - 0.5 - (w - 1) / 2) return 0;
  if (x > c - 0.5 + (w - 1) / 2) return 255;
  return ((x - (c - 0.5)) / (w - 1) + 0.5) * 255;
}

async function greys(file: string): Promise<number[]> {
  return greysOf((await readPicture(bytesOf(file))).picture);
}

/** A window that keeps every stored value of a CT apart: 16 bits signed, intercept −1024. */
const wide = ["(0028,1050)=-1023.5", "(0028,1051)=65536"];
const ctGrey = (word: number) => windowed(((word << 16) >> 16) - 1024, -1023.5, 65536);

describe.skipIf(!there)("every stored pixel is dcmtk's", () => {
  const ways: [string, string, string[]][] = [
    ["explicit", "dcmconv", ["+te"]],
    ["implicit", "dcmconv", ["+ti"]],
    ["big-endian", "dcmconv", ["+tb"]],
    ["deflated", "dcmconv", ["+td"]],
    ["with sequences of undefined length", "dcmconv", ["+te", "-e"]],
    ["implicit, with sequences of undefined length", "dcmconv", ["+ti", "-e"]],
    ["RLE", "dcmcrle", []],
    ["RLE in fragments, without an offset table", "dcmcrle", ["-ot", "+fs", "1"]],
    ["JPEG lossless, first-order prediction", "dcmcjpeg", ["+e1"]],
    ["JPEG lossless in fragments, without an offset table", "dcmcjpeg", ["+e1", "-ot", "+fs", "2"]],
    ...[1, 2, 3, 4, 5, 6, 7].map((k): [string, string, string[]] => [
      `JPEG lossless, prediction ${k}`,
      "dcmcjpeg",
      ["+el", "+sv", `${k}`],
    ]),
    ["JPEG lossless, a point transform", "dcmcjpeg", ["+el", "+pt", "3"]],
  ];

  it.each(ways)("of a CT, signed: %s", async (_, program, options) => {
    const file = dcmtk.make(program, dcmtk.modify(ct, ...wide), ...options);
    const plain = dcmtk.make(program === "dcmcrle" ? "dcmdrle" : program === "dcmcjpeg" ? "dcmdjpeg" : "dcmconv", file);
    const words = dcmtk.words(plain);
    expect(new Set(words).size).toBeGreaterThan(100);
    expect(largestDifference(await greys(file), Array.from(words, ctGrey))).toBeLessThan(1e-9);
  });

  it.each(ways)("of an MR, 12 bits: %s", async (_, program, options) => {
    const file = dcmtk.make(program, dcmtk.modify(mr, "(0028,1050)=2048", "(0028,1051)=4096"), ...options);
    const plain = dcmtk.make(program === "dcmcrle" ? "dcmdrle" : program === "dcmcjpeg" ? "dcmdjpeg" : "dcmconv", file);
    const expected = Array.from(dcmtk.words(plain), (word) => windowed(word, 2048, 4096));
    expect(largestDifference(await greys(file), expected)).toBeLessThan(1e-9);
  });

  it("of pydicom's MR in three syntaxes, which are one picture", async () => {
    const expected = Array.from(dcmtk.words(mr), (word) => windowed(word, 600, 1600));
    const { greys: own, window } = await ownWindow(mr);
    expect(window).toEqual(["600", "1600"]);
    expect(largestDifference(own, expected)).toBeLessThan(1e-9);
    for (const name of ["MR_small_implicit.dcm", "MR_small_RLE.dcm"]) {
      expect(await greys(join(dicomFolder!, name))).toEqual(own);
    }
  });
});

async function ownWindow(file: string) {
  const { picture, tags = [] } = await readPicture(bytesOf(file));
  const window = tags.filter(({ name }) => name.startsWith("Window")).map(({ value }) => value);
  return { greys: greysOf(picture), window };
}

describe.skipIf(!there)("greys are dcmtk's within a step of its 16 bits", () => {
  // dcmtk computes in doubles and cuts to whole numbers of 0..65535: one of them is 1/257 of ours.
  const step = 1.01 / 257;
  const first = ["+Wi", "1"];
  const bytes = ["(0028,1050)=128", "(0028,1051)=256"];

  it.each<[string, string, string[], string[]]>([
    ["a window", ct, ["(0028,1050)=40", "(0028,1051)=400"], first],
    ["the first of two windows", ct, ["(0028,1050)=40\\-600", "(0028,1051)=400\\1500"], first],
    ["a narrow window", ct, ["(0028,1050)=40", "(0028,1051)=5"], first],
    ["a window of a fraction", mr, ["(0028,1050)=473.25", "(0028,1051)=900.5"], first],
    ["another slope", mr, ["(0028,1053)=2", "(0028,1052)=-100", "(0028,1050)=900", "(0028,1051)=2000"], first],
    ["a sigmoid", ct, ["(0028,1050)=40", "(0028,1051)=400", "(0028,1056)=SIGMOID"], first],
    ["MONOCHROME1", mr, ["(0028,0004)=MONOCHROME1"], first],
    ["Presentation LUT Shape INVERSE", mr, ["(2050,0020)=INVERSE"], first],
    ["Presentation LUT Shape IDENTITY", mr, ["(2050,0020)=IDENTITY"], first],
    ["signed pixels without a rescale", ct, ["(0028,1052)=0", "(0028,1050)=200", "(0028,1051)=900"], first],
    [
      "fewer bits stored, with overlays in the others",
      mr,
      ["(0028,0101)=8", "(0028,0102)=7", "(0028,1050)=128", "(0028,1051)=256"],
      first,
    ],
    [
      "a high bit above the stored ones",
      mr,
      ["(0028,0101)=8", "(0028,0102)=10", "(0028,1050)=128", "(0028,1051)=256"],
      first,
    ],
    ["no window: smallest to largest", mr, ["(0028,1050)", "(0028,1051)"], ["+Wm"]],
    ["no window, signed: smallest to largest", ct, ["(0028,0120)"], ["+Wm"]],
  ])("%s", async (_, from, changes, options) => {
    const file = dcmtk.modify(from, ...changes);
    const expected = dcmtk.rendered(file, 16, ...options);
    expect(new Set(expected).size).toBeGreaterThan(2);
    expect(largestDifference(await greys(file), expected)).toBeLessThan(step);
  });

  it.each([
    ["CT, quality 95", ct, "95"],
    ["MR, quality 95", mr, "95"],
    ["MR, quality 20", mr, "20"],
  ])("JPEG baseline of a %s, but for a step of 255 between two inverse transforms", async (_, from, quality) => {
    const file = dcmtk.modify(
      dcmtk.make("dcmcjpeg", from, "+eb", "+q", quality),
      "(0028,1052)=0",
      "(0028,1053)=1",
      ...bytes,
    );
    const expected = dcmtk.rendered(file, 16, ...first);
    expect(new Set(expected).size).toBeGreaterThan(50);
    expect(largestDifference(await greys(file), expected)).toBeLessThan(1 + step);
  });

  it("a slope with a fraction, but for dcmtk's rounding of what comes of it to whole numbers", async () => {
    const changes = ["(0028,1053)=2.5", "(0028,1052)=-100", "(0028,1050)=900", "(0028,1051)=2000"];
    const file = dcmtk.modify(mr, ...changes);
    const half = (0.5 * 255) / 1999;
    expect(largestDifference(await greys(file), dcmtk.rendered(file, 16, ...first))).toBeLessThan(half + step);
  });
});
