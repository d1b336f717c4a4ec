import type { Picture } from "./picture.js";
import { planesOf } from "./planes.js";

/** How the images of a network were enlarged before it was trained on them: from so many rows and columns. */
export interface Upsampled {
  /** Rows, and columns, of the images before. */
  readonly from: number;
  /** As PyTorch's `F.interpolate(x, mode="bilinear", align_corners=False)`. */
  readonly method: "bilinear";
}

/** Extents of an image before that: as they are where it was not enlarged. */
export function nativeExtents(extents: readonly number[], upsampled: Upsampled | undefined): readonly number[] {
  return upsampled ? [extents[0], upsampled.from, upsampled.from] : extents;
}

/**
 * A picture as a network takes it, [channel][row][column] in 0..255: its centre, resampled to the size of the training images, and
 * enlarged as they were.
 */
export function planesFor(
  picture: Picture,
  extents: readonly number[],
  upsampled: Upsampled | undefined,
): Float64Array {
  return Float64Array.from(enlarged(planesOf(picture, nativeExtents(extents, upsampled)), extents, upsampled));
}

/** Pixels of the training images' size as the network takes them. */
export function enlarged(
  pixels: ArrayLike<number>,
  [channels, height, width]: readonly number[],
  upsampled: Upsampled | undefined,
): ArrayLike<number> {
  if (!upsampled) return pixels;
  const { from } = upsampled;
  const [rows, columns] = [between(from, height), between(from, width)];
  const values = new Float64Array(channels * height * width);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    const pixel = (y: number, x: number) => pixels[(c * from + y) * from + x];
    for (const { low: y0, high: y1, share: down } of rows) {
      for (const { low: x0, high: x1, share: right } of columns) {
        const above = pixel(y0, x0) * (1 - right) + pixel(y0, x1) * right;
        const below = pixel(y1, x0) * (1 - right) + pixel(y1, x1) * right;
        values[at++] = above * (1 - down) + below * down;
      }
    }
  }
  return values;
}

/** Of each new line, the two old ones that it lies between, and how far from the first. */
export function between(from: number, to: number) {
  return Array.from({ length: to }, (_, k) => {
    const place = Math.max(0, ((k + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(place), from - 1);
    return { low, high: Math.min(low + 1, from - 1), share: place - low };
  });
}
