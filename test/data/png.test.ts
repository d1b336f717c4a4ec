import { encode } from "fast-png";
import { zlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { type Picture, readPng } from "../../src/picture/png.js";
import { wordStream } from "../seed.js";
import { channelsOf, ihdr, type PngPicture, pngOf, scanlines, writePng } from "./png-bytes.js";
import { viewsOf } from "./views.js";

const greys = (picture: Picture) =>
  Array.from({ length: picture.width * picture.height }, (_, pixel) => picture.grey(pixel));

describe("readPng", () => {
  it.each([
    ["8-bit grey", 1, 8, [0, 255], [0, 255]],
    ["16-bit grey", 1, 16, [257, 65535], [1, 255]],
    ["grey with alpha, on black", 2, 8, [200, 255, 200, 51], [200, 40]],
    ["16-bit grey with alpha", 2, 16, [65535, 65535, 65535, 13107], [255, 51]],
    ["RGB as Rec. 601 luma", 3, 8, [255, 0, 0, 0, 255, 0], [0.299 * 255, 0.587 * 255]],
    ["RGBA", 4, 8, [0, 0, 255, 255, 255, 255, 255, 0], [0.114 * 255, 0]],
    ["16-bit RGBA", 4, 16, [65535, 65535, 65535, 65535, 0, 0, 0, 65535], [255, 0]],
  ] as const)("reads %s", (_, channels, depth, values, expected) => {
    const data = depth === 16 ? Uint16Array.from(values) : Uint8Array.from(values);
    for (const interlace of ["null", "Adam7"] as const) {
      const bytes = encode({ width: 2, height: 1, data, channels, depth }, { interlace });
      greys(readPng(bytes, "p.png")).forEach((value, k) => {
        expect(value).toBeCloseTo(expected[k], 9);
      });
    }
  });

  it("reads palettes of 8 and fewer bits, with alpha", () => {
    // Three pixels of two bits in one byte: colours 1, 2, 0.
    const ihdr = [0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 0, 0, 0];
    const bytes = pngOf(
      ["IHDR", ihdr],
      ["PLTE", [9, 9, 9, 100, 100, 100, 200, 200, 200]],
      ["tRNS", [255, 51]],
      ["IDAT", zlibSync(Uint8Array.of(0, 0b01100000))],
    );
    greys(readPng(bytes, "p.png")).forEach((value, k) => {
      expect(value).toBeCloseTo([20, 200, 9][k], 9);
    });
    const outside = pngOf(["IHDR", ihdr], ["PLTE", [9, 9, 9]], ["IDAT", zlibSync(Uint8Array.of(0, 0b11000000))]);
    expect(() => greys(readPng(outside, "p.png"))).toThrow("it uses colour 3 of 1");
  });

  it("refuses a palette picture without its palette, or with one that is no list of colours", () => {
    for (const depth of [1, 2, 8]) {
      const ihdr = [0, 0, 0, 1, 0, 0, 0, 1, depth, 3, 0, 0, 0];
      const missing = pngOf(["IHDR", ihdr], ["IDAT", zlibSync(Uint8Array.of(0, 1))]);
      expect(() => readPng(missing, "p.png")).toThrow(FormatError);
      expect(() => readPng(missing, "p.png")).toThrow("palette");
      for (const colours of [[], [1, 2]]) {
        const broken = pngOf(["IHDR", ihdr], ["PLTE", colours], ["IDAT", zlibSync(Uint8Array.of(0, 1))]);
        expect(() => greys(readPng(broken, "p.png"))).toThrow(FormatError);
      }
    }
  });

  it("takes the palette that a colour picture may suggest for nothing more than that", () => {
    const ihdr = [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0];
    const bytes = pngOf(["IHDR", ihdr], ["PLTE", [9, 9, 9]], ["IDAT", zlibSync(Uint8Array.of(0, 200, 200, 200))]);
    expect(greys(readPng(bytes, "p.png"))[0]).toBeCloseTo(200, 9);
  });

  it("ignores a damaged comment or colour profile", () => {
    const bytes = pngOf(
      ["IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]],
      ["iCCP", [1, 2, 3]],
      ["tEXt", []],
      ["IDAT", zlibSync(Uint8Array.of(0, 77))],
    );
    expect(greys(readPng(bytes, "p.png"))).toEqual([77]);
  });

  it("refuses 64 million pixels and more before it decodes them", () => {
    const huge = pngOf(["IHDR", [0, 0, 0x40, 0, 0, 0, 0x40, 0, 8, 0, 0, 0, 0]], ["IDAT", zlibSync(Uint8Array.of(0))]);
    expect(() => readPng(huge, "huge.png")).toThrow("huge.png is too large: 16384×16384 pixels");
  });

  it("gives one FormatError naming the file for every truncation and every damaged chunk", () => {
    const good = encode({ width: 5, height: 4, data: new Uint8Array(20).map((_, k) => k * 12), channels: 1, depth: 8 });
    const expected = greys(readPng(good, "p.png"));
    for (let length = 0; length < good.length; length++) {
      const read = () => readPng(good.subarray(0, length), "cut.png");
      expect(read, `${length}`).toThrow(FormatError);
      expect(read, `${length}`).toThrow(/^cut\.png/);
    }
    for (let at = 0; at < good.length; at++) {
      const bytes = good.slice();
      bytes[at] ^= 0x10;
      let values = expected;
      try {
        values = greys(readPng(bytes, "flip.png"));
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(FormatError);
      }
      expect(values, `byte ${at}`).toEqual(expected);
    }
  });
});

/** Colour types of the standard with their depths. */
const kinds: [string, number, number[]][] = [
  ["grey", 0, [1, 2, 4, 8, 16]],
  ["RGB", 2, [8, 16]],
  ["palette", 3, [1, 2, 4, 8]],
  ["grey with alpha", 4, [8, 16]],
  ["RGBA", 6, [8, 16]],
];

describe("every kind of PNG, interlaced and not, of any width, with every filter", () => {
  it.each(
    kinds.flatMap(([name, type, depths]) => depths.map((depth) => [`${depth}-bit ${name}`, type, depth] as const)),
  )("%s", (_, colourType, depth) => {
    const random = wordStream(100 * colourType + depth);
    for (const interlaced of [false, true]) {
      for (const [width, height] of sizes) {
        const picture = randomPicture({ width, height, depth, colourType, interlaced }, random);
        const read = readPng(writePng(picture), "p.png");
        expect([read.width, read.height]).toEqual([width, height]);
        for (const [pixel, value] of greys(read).entries()) {
          expect(value, `pixel ${pixel} of ${width}×${height}`).toBeCloseTo(greyAt(picture, pixel), 9);
        }
      }
    }
  });

  it("is read from whatever the bytes are a view of, and from several IDAT chunks", () => {
    const kind = { width: 11, height: 9, depth: 16, colourType: 4, interlaced: true };
    const picture = randomPicture(kind, wordStream(1));
    const expected = greys(readPng(writePng(picture), "p.png"));
    for (const [where, view] of viewsOf(writePng(picture))) {
      expect(greys(readPng(view, "p.png")), where).toEqual(expected);
    }
    const data = zlibSync(Uint8Array.from(scanlines(picture)));
    const parts = Array.from(data, (byte) => ["IDAT", [byte]] as const);
    expect(greys(readPng(pngOf(["IHDR", ihdr(picture)], ["IDAT", []], ...parts), "p.png"))).toEqual(expected);
  });

  it("is read of an animation as its default image", () => {
    const bytes = pngOf(
      ["IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]],
      ["acTL", [0, 0, 0, 2, 0, 0, 0, 0]],
      ["fcTL", new Uint8Array(26)],
      ["IDAT", zlibSync(Uint8Array.of(0, 77))],
      ["fdAT", [0, 0, 0, 1, ...zlibSync(Uint8Array.of(0, 99))]],
    );
    expect(greys(readPng(bytes, "p.png"))).toEqual([77]);
  });

  it("makes the one colour transparent that tRNS names, by the bits that the depth has", () => {
    const grey = { width: 2, height: 1, depth: 4, colourType: 0, interlaced: false };
    const greyBytes = writePng({ ...grey, samples: [3, 15], transparency: [0xff, 0xf3] });
    expect(greys(readPng(greyBytes, "p.png"))).toEqual([0, 255]);
    const colour = { ...grey, depth: 16, colourType: 2, samples: [1, 2, 3, 1, 2, 4], transparency: [0, 1, 0, 2, 0, 3] };
    const [first, second] = greys(readPng(writePng(colour), "p.png"));
    expect(first).toBe(0);
    expect(second).toBeCloseTo((0.299 * 1 + 0.587 * 2 + 0.114 * 4) / 257, 12);
  });
});

describe("one named error", () => {
  const kind = { width: 9, height: 3, depth: 2, colourType: 3, interlaced: true };
  const samples = Uint8Array.from({ length: 27 }, (_, k) => k % 4);
  const palette = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3];
  const good = { ...kind, samples, palette };
  const header = ["IHDR", ihdr(good)] as const;
  const colours = ["PLTE", palette] as const;
  const lines = Uint8Array.from(scanlines(good));
  const withData = (data: ArrayLike<number>) => pngOf(header, colours, ["IDAT", data]);
  const wrongAdler = zlibSync(lines).map((byte, k, all) => (k === all.length - 1 ? byte ^ 1 : byte));

  it.each<[string, Uint8Array, string]>([
    ["a palette shorter than its indices", writePng({ ...good, palette: palette.slice(0, 9) }), "colour 3 of 3"],
    ["more alphas than colours", writePng({ ...good, transparency: [1, 2, 3, 4, 5] }), "5 values for 4 colours"],
    ["an alpha for a picture that has its own", writePng({ ...alpha(), transparency: [0, 0] }), "tRNS chunk names no"],
    ["two palettes", pngOf(header, colours, colours, ["IDAT", zlibSync(lines)]), "two chunks PLTE"],
    ["two headers", pngOf(header, header, colours, ["IDAT", zlibSync(lines)]), "two chunks IHDR"],
    ["no pixels", pngOf(header, colours), "it has no image data"],
    ["a row too few", withData(zlibSync(lines.subarray(0, -4))), "not 17"],
    ["a byte too many", withData(zlibSync(Uint8Array.of(...lines, 0))), "unpacks to more than 17 bytes"],
    ["an unknown filter", withData(zlibSync(lines.map((byte, k) => (k === 0 ? 5 : byte)))), "it uses filter 5"],
    ["pixels with another checksum", withData(wrongAdler), "the checksum of its pixels"],
    ["data that is no zlib stream", withData(lines), "no zlib stream"],
    ["a critical chunk of somebody's own", pngOf(header, ["CgBI", [1]], ["IDAT", []]), "a chunk CgBI, which is not in"],
    ["a damaged ancillary chunk", damagedComment(), "the checksum of its chunk tEXt"],
    [
      "16 bits of palette",
      pngOf(["IHDR", ihdr({ ...kind, depth: 16 })]),
      "16 bits and colour type 3, which no PNG has",
    ],
    ["a colour type of somebody's own", pngOf(["IHDR", ihdr({ ...kind, colourType: 5 })]), "colour type 5"],
    ["no width", pngOf(["IHDR", ihdr({ ...kind, width: 0 })]), "0×3 pixels"],
    ["another way of interlacing", pngOf(["IHDR", [...ihdr(kind).slice(0, 12), 2]]), "interlace 2"],
  ])("for %s", (_, bytes, message) => {
    const read = () => greys(readPng(bytes, "p.png"));
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^p\.png/);
  });
});

const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 17].flatMap((width) =>
  [1, 2, 5, 8, 11].map((height) => [width, height] as const),
);

type Kind = Pick<PngPicture, "width" | "height" | "depth" | "colourType" | "interlaced">;

function randomPicture(kind: Kind, random: () => number): PngPicture {
  const count = kind.width * kind.height * channelsOf(kind.colourType);
  const samples = Uint16Array.from({ length: count }, () => random() >>> (32 - kind.depth));
  const bytes = (length: number) => Array.from({ length }, () => random() & 255);
  const first = random() % 5;
  const filter = (row: number) => (first + row) % 5;
  if (kind.colourType !== 3) return { ...kind, samples, filter };
  return { ...kind, samples, filter, palette: bytes(3 * 2 ** kind.depth), transparency: bytes(2 ** kind.depth - 1) };
}

/** From the standard's words: luma of Rec. 601, on black by its alpha. */
function greyAt({ depth, colourType, samples, palette = [], transparency = [] }: PngPicture, pixel: number): number {
  const luma = (red: number, green: number, blue: number) => 0.299 * red + 0.587 * green + 0.114 * blue;
  const at = pixel * channelsOf(colourType);
  const [a, b, c, d] = [0, 1, 2, 3].map((k) => samples[at + k] / (2 ** depth - 1));
  if (colourType === 0) return 255 * a;
  if (colourType === 2) return 255 * luma(a, b, c);
  if (colourType === 4) return 255 * a * b;
  if (colourType === 6) return 255 * luma(a, b, c) * d;
  const [red, green, blue] = palette.slice(3 * samples[at]);
  return (luma(red, green, blue) * (transparency[samples[at]] ?? 255)) / 255;
}

function alpha(): PngPicture {
  return { width: 1, height: 1, depth: 8, colourType: 4, interlaced: false, samples: [1, 2] };
}

function damagedComment(): Uint8Array {
  const bytes = pngOf(["IHDR", ihdr(alpha())], ["tEXt", [65, 0, 66]]);
  bytes[33 + 10] ^= 1;
  return bytes;
}
