import type { Picture } from "./picture.js";
import { centreSquare } from "./resample.js";

/**
 * A picture as a network takes it, [channel][row][column] in 0..255: its centre square, resampled. One channel is grey, or the luma of
 * its colours; three are red, green and blue, alike where it is grey.
 */
export function planesOf(picture: Picture, [channels, height, width]: readonly number[]): Float64Array {
  if (channels === 1) return centreSquare(picture, height, width);
  const { width: columns, height: rows } = picture;
  const planes = new Float64Array(channels * height * width);
  for (let channel = 0; channel < channels; channel++) {
    const plane = { width: columns, height: rows, grey: (pixel: number) => picture.colour(pixel, channel) };
    planes.set(centreSquare(plane, height, width), channel * height * width);
  }
  return planes;
}
