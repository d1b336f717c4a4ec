import { expect, test } from "vitest";
import { enlarged, nativeExtents, planesFor } from "../../src/picture/enlarge.js";

const square = [3, 1, 4, 1, 5, 9, 2, 6, 5];
const upsampled = { from: 3, method: "bilinear" } as const;

test("bilinear, to the numbers that PyTorch 1.13 gives", () => {
  const five = [
    3, 2.2, 1, 2.8, 4, 2.2, 2.36, 2.6, 4.64, 6, 1, 2.6, 5, 7.4, 9, 1.6, 3.2, 5.6, 6.2, 6.6, 2, 3.6, 6, 5.4, 5,
  ];
  const sevenByFour = [
    3, 1.75, 2.125, 4, 2.714286, 2, 2.75, 4.714286, 1.857143, 2.75, 4.625, 6.857143, 1, 3.5, 6.5, 9, 1.428571, 3.928571,
    6.125, 7.285714, 1.857143, 4.357143, 5.75, 5.571428, 2, 4.5, 5.625, 5,
  ];
  for (const [extents, wanted] of [
    [[1, 5, 5], five],
    [[1, 7, 4], sevenByFour],
  ] as const) {
    for (const [k, value] of Array.from(enlarged(square, extents, upsampled)).entries()) {
      expect(value).toBeCloseTo(wanted[k], 5);
    }
  }
});

test("each channel by itself; the same size and no enlargement are the same pixels", () => {
  const two = [...square, ...square.map((value) => 10 * value)];
  const all = Array.from(enlarged(two, [2, 5, 5], upsampled));
  for (let k = 0; k < 25; k++) expect(all[25 + k]).toBeCloseTo(10 * all[k], 9);
  expect(Array.from(enlarged(square, [1, 3, 3], upsampled))).toEqual(square);
  expect(enlarged(square, [1, 3, 3], undefined)).toBe(square);
  expect(nativeExtents([3, 64, 64], { from: 28, method: "bilinear" })).toEqual([3, 28, 28]);
});

test("a picture of any size is reduced to the training images' size first: no sharper than those were", () => {
  const large = { width: 6, height: 6, coloured: false, grey: (p: number) => (p % 2 === 0 ? 0 : 200), colour: () => 0 };
  // Stripes of one pixel are grey at 3×3, and stay so.
  expect(Array.from(planesFor(large, [1, 6, 6], upsampled))).toEqual(Array(36).fill(100));
  expect(new Set(planesFor(large, [1, 6, 6], undefined))).toEqual(new Set([0, 200]));
});
