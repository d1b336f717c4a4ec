import type { Picture } from "../../src/picture/index.js";

export function greysOf(picture: Picture): number[] {
  return Array.from({ length: picture.width * picture.height }, (_, pixel) => picture.grey(pixel));
}

/** Red, green and blue of each pixel, side by side. */
export function coloursOf(picture: Picture): number[] {
  const count = picture.width * picture.height;
  return Array.from({ length: 3 * count }, (_, k) => picture.colour(Math.floor(k / 3), k % 3));
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values, not ${b.length}`);
  let largest = 0;
  for (let k = 0; k < a.length; k++) {
    const difference = Math.abs(a[k] - b[k]);
    // NaN must not pass for 0.
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
