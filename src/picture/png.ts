import { luma, type Picture } from "./picture.js";
import { damagedPng, grey, greyAlpha, type PngChunks, palette, readChunks, rgb } from "./png-chunks.js";
import { readRaster, type Sampler } from "./png-raster.js";

export { maxPictureBytes as maxPngBytes, maxPicturePixels as maxPngPixels } from "./limits.js";
export type { Picture } from "./picture.js";

/**
 * Decodes a PNG of any kind in the standard: grey of 1 to 16 bits, grey with alpha, RGB, RGBA, or a palette;
 * interlaced or not. Alpha is composited on black; luma is Rec. 601's (0.299 R + 0.587 G + 0.114 B).
 * Gamma and colour profiles are ignored. Takes as many bytes as the picture's samples, see `readRaster`.
 * @param file what to call the picture in errors.
 * @throws FormatError when it is no PNG, is damaged, or is larger than `maxPicturePixels` or `maxPictureBytes`.
 */
export function readPng(bytes: Uint8Array, file: string): Picture {
  const chunks = readChunks(bytes, file);
  const sample = readRaster(chunks, file);
  const { width, height } = chunks.header;
  return { width, height, ...valuesOf(chunks, sample, file) };
}

type Values = Pick<Picture, "coloured" | "grey" | "colour">;

function valuesOf(chunks: PngChunks, sample: Sampler, file: string): Values {
  const { colourType, depth } = chunks.header;
  if (colourType === palette) return fromPalette(chunks, sample, file);
  const largest = 2 ** depth - 1;
  const scale = 255 / largest;
  const clear = clearColour(chunks, file);
  if (colourType === grey || colourType === greyAlpha) {
    const value = (pixel: number): number => {
      const own = sample(pixel, 0);
      if (colourType === greyAlpha) return own * scale * (sample(pixel, 1) / largest);
      return clear?.[0] === own ? 0 : own * scale;
    };
    return { coloured: false, grey: value, colour: value };
  }
  const opacity = (pixel: number): number => {
    const transparent = clear?.every((value, channel) => sample(pixel, channel) === value) ?? false;
    if (transparent) return 0;
    return colourType === rgb ? 1 : sample(pixel, 3) / largest;
  };
  return {
    coloured: true,
    grey: (pixel) => luma(sample(pixel, 0), sample(pixel, 1), sample(pixel, 2)) * scale * opacity(pixel),
    colour: (pixel, channel) => sample(pixel, channel) * scale * opacity(pixel),
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

function fromPalette({ header, palette, transparency }: PngChunks, sample: Sampler, file: string): Values {
  const colours = palette!;
  const count = colours.length / 3;
  if (transparency && transparency.length > count) {
    throw damagedPng(`${file} is a damaged PNG: tRNS has ${transparency.length} values for ${count} colours`);
  }
  const opacity = (k: number) => (transparency?.[k] ?? 255) / 255;
  const levels = Array.from({ length: count }, (_, k) => {
    const [red, green, blue] = colours.subarray(3 * k, 3 * k + 3);
    return luma(red, green, blue) * opacity(k);
  });
  const pixels = header.width * header.height;
  for (let pixel = 0; count < 2 ** header.depth && pixel < pixels; pixel++) {
    const index = sample(pixel, 0);
    if (index >= count) throw damagedPng(`${file} is a damaged PNG: it uses colour ${index} of ${count}`);
  }
  return {
    coloured: true,
    grey: (pixel) => levels[sample(pixel, 0)],
    colour: (pixel, channel) => {
      const k = sample(pixel, 0);
      return colours[3 * k + channel] * opacity(k);
    },
  };
}
