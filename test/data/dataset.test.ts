import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDataset } from "../../src/data/open-dataset.js";
import { FormatError } from "../../src/errors.js";
import { npy, npz } from "./npz-bytes.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "blindsight-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Through a file, as a user's arrays come. */
async function open(arrays: Readonly<Record<string, Uint8Array>>, deflated: readonly string[] = []) {
  const path = join(folder, "set.npz");
  writeFileSync(path, npz(arrays, deflated));
  return await openDataset(path);
}

/** Three grey images of 2×4; one pixel is white. */
const greys = Uint8Array.from({ length: 24 }, (_, k) => (k === 5 ? 255 : 10 * k));
const classes = [2, 0, 1];
const labels = npy("<i8", [3], BigInt64Array.from(classes, BigInt));
const images = (descr: string, values: ArrayBufferView, shape: readonly number[] = [3, 2, 4]) =>
  npy(descr, shape, values);

async function expectRead(arrays: Readonly<Record<string, Uint8Array>>, deflated: readonly string[] = []) {
  const set = await open(arrays, deflated);
  expect([set.channels, set.height, set.width, set.count("test")]).toEqual([1, 2, 4, 3]);
  for (let k = 0; k < 3; k++) {
    const { pixels, label } = set.image("test", k);
    expect(label).toBe(classes[k]);
    const expected = greys.subarray(8 * k, 8 * k + 8);
    // Times 1/255 in single precision and back: half a unit in the 24th place of 1, times 255.
    for (const [at, value] of expected.entries()) expect(Math.abs(pixels[at] - value)).toBeLessThan(255 * 2 ** -24);
  }
}

describe("a data set from the arrays that people write", () => {
  it.each<[string, Uint8Array]>([
    ["uint8", images("|u1", greys)],
    ["uint16 that holds 8 bits", images("<u2", Uint16Array.from(greys))],
    ["int16 that holds 8 bits", images("<i2", Int16Array.from(greys))],
    ["int32 that holds 8 bits", images("<i4", Int32Array.from(greys))],
    ["int64 that holds 8 bits", images("<i8", BigInt64Array.from([...greys], BigInt))],
    ["big-endian uint16 that holds 8 bits", images(">u2", Uint8Array.from([...greys].flatMap((value) => [0, value])))],
    [
      "float32 up to 1",
      images(
        "<f4",
        Float32Array.from(greys, (value) => value / 255),
      ),
    ],
    [
      "float64 up to 1",
      images(
        "<f8",
        Float64Array.from(greys, (value) => value / 255),
      ),
    ],
    ["float32 up to 255", images("<f4", Float32Array.from(greys))],
    ["float64 up to 255", images("<f8", Float64Array.from(greys))],
    ["(n, h, w, 1)", images("|u1", greys, [3, 2, 4, 1])],
    ["(n, 1, h, w)", images("|u1", greys, [3, 1, 2, 4])],
  ])("reads %s", async (_, array) => {
    await expectRead({ test_images: array, test_labels: labels });
  });

  it("reads bool as black and white", async () => {
    const set = await open({
      x_test: images("|b1", Uint8Array.of(0, 1, 1, 0), [2, 1, 2]),
      y_test: npy("|u1", [2], Uint8Array.of(0, 1)),
    });
    expect([...set.image("test", 0).pixels, ...set.image("test", 1).pixels]).toEqual([0, 255, 255, 0]);
  });

  it("reads Fortran order", async () => {
    const transposed = greys.map((_, k) => greys[(k % 3) * 8 + (Math.floor(k / 3) % 2) * 4 + Math.floor(k / 6)]);
    await expectRead({ test_images: npy("|u1", [3, 2, 4], transposed, { fortran: true }), test_labels: labels });
  });

  it.each([
    ["MedMNIST's", "test_images", "test_labels"],
    ["Keras's", "x_test", "y_test"],
    ["scikit-learn's", "X_test", "y_test"],
    ["those without a split", "images", "labels"],
    ["the shortest", "X", "y"],
  ])("knows %s names", async (_, image, label) => {
    await expectRead({ [image]: images("|u1", greys), [label]: labels });
  });

  it.each<[string, Uint8Array]>([
    ["int64 (n)", labels],
    ["int32 (n, 1)", npy("<i4", [3, 1], Int32Array.from(classes))],
    ["uint8 (n, 1)", npy("|u1", [3, 1], Uint8Array.from(classes))],
    ["float64 (n)", npy("<f8", [3], Float64Array.from(classes))],
    ["one-hot float32", npy("<f4", [3, 3], Float32Array.of(0, 0, 1, 1, 0, 0, 0, 1, 0))],
    ["one-hot bool", npy("|b1", [3, 3], Uint8Array.of(0, 0, 1, 1, 0, 0, 0, 1, 0))],
  ])("reads labels that are %s", async (_, array) => {
    await expectRead({ test_images: images("|u1", greys), test_labels: array });
  });

  it("reads stored images beside packed labels, and packed images beside stored labels", async () => {
    const arrays = { test_images: images("|u1", greys), test_labels: labels };
    for (const deflated of [["test_labels"], ["test_images"]]) await expectRead(arrays, deflated);
  });

  it("puts the channels of a colour image first, from either side", async () => {
    const label = npy("|u1", [1], Uint8Array.of(0));
    const pixel = (row: number, column: number, channel: number) => 100 * channel + 10 * row + column;
    const first = Uint8Array.from({ length: 12 }, (_, k) => pixel((k >> 1) % 2, k % 2, k >> 2));
    const last = Uint8Array.from({ length: 12 }, (_, k) => pixel(Math.floor(k / 6), Math.floor(k / 3) % 2, k % 3));
    const fromLast = await open({ images: images("|u1", last, [1, 2, 2, 3]), labels: label });
    const fromFirst = await open({ images: images("|u1", first, [1, 3, 2, 2]), labels: label });
    for (const set of [fromLast, fromFirst]) {
      expect([set.channels, set.height, set.width]).toEqual([3, 2, 2]);
      expect(set.image("test", 0).pixels).toEqual(first);
    }
  });
});

describe("what could be one thing or another is named, not guessed", () => {
  const dim = (largest: number, factor = largest / 255) => Float32Array.from(greys, (value) => value * factor);
  const uint8 = images("|u1", greys);

  it.each<[string, Record<string, Uint8Array>, string]>([
    [
      "12 bits in uint16",
      { x_test: images("<u2", dimmed(4095)), y_test: labels },
      "x_test is uint16 with values from 0 to 4095",
    ],
    [
      "16 bits in uint16",
      { x_test: images("<u2", dimmed(65535)), y_test: labels },
      "uint16 with values from 0 to 65535",
    ],
    ["int8", { x_test: images("|i1", Int8Array.from(dimmed(127))), y_test: labels }, "int8 with values from 0 to 127"],
    [
      "a mask of integers",
      { x_test: images("<i4", Int32Array.from(dimmed(1))), y_test: labels },
      "int32 with values from 0 to 1",
    ],
    ["greys from 0 to 16", { x_test: images("<f4", dim(16)), y_test: labels }, "float32 with values from 0 to 16"],
    ["a little more than 1", { x_test: images("<f4", dim(1.5)), y_test: labels }, "float32 with values from 0 to 1.5"],
    [
      "normalised values",
      {
        x_test: images(
          "<f4",
          dim(2).map((x) => x - 1),
        ),
        y_test: labels,
      },
      "with values from -1 to 1",
    ],
    ["more than 255", { x_test: images("<f4", dim(1024)), y_test: labels }, "float32 with values from 0 to 1024"],
    ["NaN", { x_test: images("<f4", dim(1).fill(Number.NaN, 7, 8)), y_test: labels }, "holds NaN or infinity"],
    ["infinity", { x_test: images("<f4", dim(1).fill(1 / 0, 7, 8)), y_test: labels }, "holds NaN or infinity"],
    ["flat images", { x_test: images("|u1", greys, [3, 8]), y_test: labels }, "x_test is uint8 of shape (3, 8)"],
    ["channels on both sides", { x_test: images("|u1", greys, [2, 3, 4, 1]), y_test: labels }, "shape (2, 3, 4, 1)"],
    [
      "two names for one split",
      { x_test: uint8, test_images: uint8, y_test: labels },
      "test_images and x_test might both",
    ],
    ["unknown names", { arr_0: uint8, arr_1: labels }, "no images under a name that is known, only arr_0, arr_1"],
    ["no array", {}, "zip"],
    ["no labels", { x_test: uint8 }, "holds no array y_test, only x_test"],
    [
      "fewer labels than images",
      { x_test: uint8, y_test: npy("|u1", [2], Uint8Array.of(0, 1)) },
      "2 labels for 3 images",
    ],
    [
      "several findings an image",
      { x_test: uint8, y_test: npy("|u1", [3, 2], Uint8Array.of(0, 1, 1, 1, 1, 0)) },
      "row 1 of",
    ],
    [
      "soft labels",
      { x_test: uint8, y_test: npy("<f4", [3, 2], Float32Array.of(0, 1, 0.5, 0.5, 1, 0)) },
      "not one-hot",
    ],
    [
      "fractions as labels",
      { x_test: uint8, y_test: npy("<f4", [3], Float32Array.of(0, 0.5, 1)) },
      "0.5, which is no class",
    ],
    ["negative labels", { x_test: uint8, y_test: npy("<i4", [3], Int32Array.of(0, -1, 1)) }, "-1, which is no class"],
    [
      "words as labels",
      { x_test: uint8, y_test: npy("<U1", [3], new Uint8Array(12)) },
      'y_test has elements of type "<U1"',
    ],
  ])("%s", async (_, arrays, message) => {
    const reading = open(arrays);
    await expect(reading).rejects.toThrow(FormatError);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({ fix: expect.stringMatching(/numpy|astype|another/) });
  });
});

/** The greys as integers of another range. */
function dimmed(largest: number): Uint16Array {
  return Uint16Array.from(greys, (value) => Math.round((value * largest) / 255));
}
