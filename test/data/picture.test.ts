import { describe, expect, it } from "vitest";
import { imageToInput } from "../../src/data/input.js";
import { colorDepth, drawImage } from "../../src/data/terminal-picture.js";
import { type NetworkCard, unlikeTraining } from "../../src/nn/index.js";
import { centreSquare, type Plane } from "../../src/picture/resample.js";

describe("centreSquare", () => {
  const picture = (width: number, height: number, values: number[]): Plane => ({
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
    const farFromTraining = (pixels: number[], card: Pick<NetworkCard, "name" | "training">) => {
      const units = { input: { scale: 1 / 127.5, offset: -1 } };
      return unlikeTraining(imageToInput(pixels, units), { input: [pixels.length], card: { ...card, ...units } })?.text;
    };
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
