import { FormatError } from "../errors.js";

/** Pictures with more pixels or more bytes of samples than this are refused before anything is allocated for them. */
export const maxPicturePixels = 64_000_000;
export const maxPictureBytes = 2 ** 28;

/**
 * @param sampleBytes of all samples of a pixel
 * @throws FormatError naming the bound that the picture exceeds
 */
export function requireSize(
  width: number,
  height: number,
  sampleBytes: number,
  said: { readonly file: string; readonly fix?: string },
): void {
  const { file, fix = "scale it down first" } = said;
  const pixels = width * height;
  if (pixels > maxPicturePixels) {
    throw new FormatError(`${file} is too large: ${width}×${height} pixels, at most ${maxPicturePixels} are read`, fix);
  }
  const bytes = Math.ceil(pixels * sampleBytes);
  if (bytes <= maxPictureBytes) return;
  throw new FormatError(`${file} is too large: ${bytes} bytes of samples, at most ${maxPictureBytes} are read`, fix);
}
