import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { farFromTraining, imageToInput } from "../../src/data/input.js";
import { type GreyPicture, readPng } from "../../src/data/png.js";
import { centreSquare } from "../../src/data/resample.js";
import { colorDepth, drawImage } from "../../src/data/terminal-picture.js";
import { FormatError } from "../../src/errors.js";

const greys = (picture: GreyPicture) =>
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
    const bytes = png(
      ["IHDR", ihdr],
      ["PLTE", [9, 9, 9, 100, 100, 100, 200, 200, 200]],
      ["tRNS", [255, 51]],
      ["IDAT", stored([0, 0b01100000])],
    );
    greys(readPng(bytes, "p.png")).forEach((value, k) => {
      expect(value).toBeCloseTo([20, 200, 9][k], 9);
    });
    const outside = png(["IHDR", ihdr], ["PLTE", [9, 9, 9]], ["IDAT", stored([0, 0b11000000])]);
    expect(() => greys(readPng(outside, "p.png"))).toThrow("it uses colour 3 of 1");
  });

  it("refuses a palette picture without its palette, or with one that is no list of colours", () => {
    for (const depth of [1, 2, 8]) {
      const ihdr = [0, 0, 0, 1, 0, 0, 0, 1, depth, 3, 0, 0, 0];
      const missing = png(["IHDR", ihdr], ["IDAT", stored([0, 1])]);
      expect(() => readPng(missing, "p.png")).toThrow(FormatError);
      expect(() => readPng(missing, "p.png")).toThrow("palette");
      for (const colours of [[], [1, 2]]) {
        const broken = png(["IHDR", ihdr], ["PLTE", colours], ["IDAT", stored([0, 1])]);
        expect(() => greys(readPng(broken, "p.png"))).toThrow(FormatError);
      }
    }
  });

  it("takes the palette that a colour picture may suggest for nothing more than that", () => {
    const ihdr = [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0];
    const bytes = png(["IHDR", ihdr], ["PLTE", [9, 9, 9]], ["IDAT", stored([0, 200, 200, 200])]);
    expect(greys(readPng(bytes, "p.png"))[0]).toBeCloseTo(200, 9);
  });

  it("ignores a damaged comment or colour profile", () => {
    const bytes = png(
      ["IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]],
      ["iCCP", [1, 2, 3]],
      ["tEXt", []],
      ["IDAT", stored([0, 77])],
    );
    expect(greys(readPng(bytes, "p.png"))).toEqual([77]);
  });

  it("refuses 64 million pixels and more before it decodes them", () => {
    const huge = png(["IHDR", [0, 0, 0x40, 0, 0, 0, 0x40, 0, 8, 0, 0, 0, 0]], ["IDAT", stored([0])]);
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

describe("centreSquare", () => {
  const picture = (width: number, height: number, values: number[]): GreyPicture => ({
    width,
    height,
    grey: (pixel) => values[pixel],
  });

  it("takes the centre of a wide and of a tall picture", () => {
    expect([...centreSquare(picture(4, 2, [9, 1, 2, 9, 9, 3, 4, 9]), 2, 2)]).toEqual([1, 2, 3, 4]);
    expect([...centreSquare(picture(1, 3, [9, 5, 9]), 1, 1)]).toEqual([5]);
  });

  it("averages areas exactly, also where pixels are shared, and keeps the mean", () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const result = centreSquare(picture(3, 3, values), 2, 2);
    expect(result[0]).toBeCloseTo((1 + 0.5 * 2 + 0.5 * 4 + 0.25 * 5) / 2.25, 12);
    expect(result.reduce((sum, value) => sum + value, 0) / 4).toBeCloseTo(5, 12);
  });

  it("enlarges by the same rule", () => {
    const expected = [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4];
    [...centreSquare(picture(2, 2, [1, 2, 3, 4]), 4, 4)].forEach((value, k) => {
      expect(value).toBeCloseTo(expected[k], 12);
    });
  });

  it("leaves a picture of the right size as it is", () => {
    const values = Array.from({ length: 28 * 28 }, (_, k) => (k * 37) % 256);
    expect([...centreSquare(picture(28, 28, values), 28, 28)]).toEqual(values);
  });
});

describe("input", () => {
  it("scales and shifts by the card", () => {
    expect([...imageToInput([0, 255], { input: { scale: 1 / 127.5, offset: -1 } })]).toEqual([-1, 1]);
  });

  it("warns of a picture whose mean or contrast no training image had", () => {
    const card = { name: "m", training: { pixelMean: [100, 160], pixelStd: [20, 60] } } as const;
    const flat = (mean: number, deviation: number) => [mean - deviation, mean + deviation];
    expect(farFromTraining(flat(130, 40), card)).toBeUndefined();
    expect(farFromTraining(flat(97.5, 40), card)).toBeUndefined();
    expect(farFromTraining(flat(90, 40), card)).toContain("mean grey value is 90.0, theirs 100.0 to 160.0");
    expect(farFromTraining(flat(130, 5), card)).toContain("contrast");
    expect(farFromTraining(flat(130, 5), { name: "m" })).toBeUndefined();
  });
});

describe("drawImage", () => {
  it("draws two rows of pixels a line: plain text, 256 colours or 24 bits", () => {
    const pixels = [0, 255, 0, 255, 255, 0];
    expect(drawImage(pixels, 2, 3)).toBe(" @\n+");
    expect(drawImage(pixels, 2, 3, { color: "24bit" }).split("\n")[0]).toBe(
      "\x1b[38;2;0;0;0;48;2;0;0;0m▀\x1b[38;2;255;255;255;48;2;255;255;255m▀\x1b[0m",
    );
    expect(drawImage([118, 255], 1, 2, { color: "8bit" })).toBe("\x1b[38;5;243;48;5;231m▀\x1b[0m");
  });

  it("scales wide pictures down", () => {
    const lines = drawImage(new Uint8Array(224 * 224).fill(255), 224, 224).split("\n");
    expect([lines.length, lines[0].length]).toEqual([28, 56]);
  });

  it("colours only what is a terminal and may be coloured", () => {
    expect(colorDepth({}, { COLORTERM: "truecolor" })).toBe("none");
    expect(colorDepth({ isTTY: true }, { COLORTERM: "truecolor" })).toBe("24bit");
    expect(colorDepth({ isTTY: true }, {})).toBe("8bit");
    expect(colorDepth({ isTTY: true }, { NO_COLOR: "1", COLORTERM: "truecolor" })).toBe("none");
  });
});

/** A PNG from its chunks, with right checksums. */
function png(...chunks: (readonly [string, readonly number[]])[]): Uint8Array {
  const bytes = [137, 80, 78, 71, 13, 10, 26, 10];
  for (const [type, body] of [...chunks, ["IEND", []] as const]) {
    const content = [...new TextEncoder().encode(type), ...body];
    bytes.push(...bigEndian(body.length), ...content, ...bigEndian(crc(content)));
  }
  return Uint8Array.from(bytes);
}

/** A zlib stream of one stored block. */
function stored(data: readonly number[]): number[] {
  let a = 1;
  let b = 0;
  for (const byte of data) b = (b + (a = (a + byte) % 65521)) % 65521;
  const length = [data.length & 255, data.length >> 8];
  return [0x78, 1, 1, ...length, ...length.map((byte) => byte ^ 255), ...data, b >> 8, b & 255, a >> 8, a & 255];
}

function bigEndian(word: number): number[] {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
}

function crc(bytes: readonly number[]): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}
