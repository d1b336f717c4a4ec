import { damagedPng, grey, greyAlpha, type PngChunks, palette, readChunks, rgb } from "./png-chunks.js";
import { readRaster, type Sampler } from "./png-raster.js";

export { maxPngBytes, maxPngPixels } from "./png-raster.js";

/** A grey picture of any size; `grey(k)` is pixel k in row order, 0..255, a fraction where the file has 16 bits. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  grey(pixel: number): number;
}

/**
 * Decodes a PNG of any kind in the standard: grey of 1 to 16 bits, grey with alpha, RGB, RGBA, or a palette;
 * interlaced or not. Alpha is composited on black; colours become luma by Rec. 601 (0.299 R + 0.587 G + 0.114 B).
 * Gamma and colour profiles are ignored. Takes as many bytes as the picture's samples, see `readRaster`.
 * @param file what to call the picture in errors.
 * @throws FormatError when it is no PNG, is damaged, or is larger than `maxPngPixels` or `maxPngBytes`.
 */
export function readPng(bytes: Uint8Array, file: string): GreyPicture {
  const chunks = readChunks(bytes, file);
  const sample = readRaster(chunks, file);
  const { width, height } = chunks.header;
  return { width, height, grey: greyOf(chunks, sample, file) };
}

function greyOf(chunks: PngChunks, sample: Sampler, file: string): (pixel: number) => number {
  const { colourType, depth } = chunks.header;
  if (colourType === palette) return fromPalette(chunks, sample, file);
  const largest = 2 ** depth - 1;
  const scale = 255 / largest;
  const clear = clearColour(chunks, file);
  if (colourType === grey) {
    return (pixel) => {
      const value = sample(pixel, 0);
      return clear?.[0] === value ? 0 : value * scale;
    };
  }
  if (colourType === greyAlpha) return (pixel) => sample(pixel, 0) * scale * (sample(pixel, 1) / largest);
  return (pixel) => {
    const [red, green, blue] = [sample(pixel, 0), sample(pixel, 1), sample(pixel, 2)];
    if (clear && red === clear[0] && green === clear[1] && blue === clear[2]) return 0;
    return luma(red, green, blue) * scale * (colourType === rgb ? 1 : sample(pixel, 3) / largest);
  };
}

/** The one colour that tRNS makes fully transparent, a sample a channel. */
function clearColour({ header, transparency }: PngChunks, file: string): number[] | undefined {
  if (!transparency) return undefined;
  const { channels, colourType, depth } = header;
  if (transparency.length !== 2 * channels || !(colourType === grey || colourType === rgb)) {
    throw damagedPng(`${file} is a damaged PNG: its tRNS chunk names no colour`);
  }
  const mask = 2 ** depth - 1;
  return Array.from({ length: channels }, (_, k) => ((transparency[2 * k] << 8) | transparency[2 * k + 1]) & mask);
}

function fromPalette({ header, palette, transparency }: PngChunks, sample: Sampler, file: string) {
  const colours = palette!;
  const count = colours.length / 3;
  if (transparency && transparency.length > count) {
    throw damagedPng(`${file} is a damaged PNG: tRNS has ${transparency.length} values for ${count} colours`);
  }
  const levels = Array.from({ length: count }, (_, k) => {
    const [red, green, blue] = colours.subarray(3 * k, 3 * k + 3);
    return luma(red, green, blue) * ((transparency?.[k] ?? 255) / 255);
  });
  const pixels = header.width * header.height;
  for (let pixel = 0; count < 2 ** header.depth && pixel < pixels; pixel++) {
    const index = sample(pixel, 0);
    if (index >= count) throw damagedPng(`${file} is a damaged PNG: it uses colour ${index} of ${count}`);
  }
  return (pixel: number) => levels[sample(pixel, 0)];
}

function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
