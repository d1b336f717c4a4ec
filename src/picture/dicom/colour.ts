import { luma, type Picture } from "../picture.js";
import { ycc } from "../ycc.js";
import { malformed, unread } from "./damaged.js";
import * as dictionary from "./dictionary.js";
import type { ImageHeader } from "./header.js";
import { lookUp, readLut } from "./lut.js";
import type { Raster } from "./raster.js";
import type { Values } from "./values.js";

/** Red, green and blue of a picture that has them, 0..255. Windows are for greys, and not looked at. */
export function colourPicture(values: Values, header: ImageHeader, raster: Raster): Picture {
  const { columns: width, rows: height } = header;
  const colour =
    header.photometric === "PALETTE COLOR" ? fromPalette(values, header, raster) : direct(values, header, raster);
  const grey = (pixel: number) => luma(colour(pixel, 0), colour(pixel, 1), colour(pixel, 2));
  return { width, height, coloured: true, grey, colour };
}

function direct({ file }: Values, header: ImageHeader, { words, step, stride, colours }: Raster): Picture["colour"] {
  const { photometric, bitsStored, highBit } = header;
  const ybr = photometric !== "RGB";
  if (colours && (colours === "YCbCr") !== ybr) {
    throw malformed(file, `it says ${photometric}, its JPEG says ${colours}`);
  }
  const shift = highBit + 1 - bitsStored;
  const most = 2 ** bitsStored - 1;
  const sample = (pixel: number, channel: number) => (words[channel * step + pixel * stride] >> shift) & most;
  if (!ybr) return (pixel, channel) => (255 * sample(pixel, channel)) / most;
  return (pixel, channel) => ycc(sample(pixel, 0), sample(pixel, 1), sample(pixel, 2), channel);
}

/** Source: PS3.3, C.7.6.3.1.5 and C.7.6.3.1.6. */
function fromPalette(values: Values, header: ImageHeader, { words, stride }: Raster): Picture["colour"] {
  const shift = header.highBit + 1 - header.bitsStored;
  const mask = 2 ** header.bitsStored - 1;
  const tables = dictionary.paletteDescriptors.map((descriptor, channel) => {
    if (!values.element(dictionary.paletteData[channel])) {
      throw unread(values.file, "a palette without its colours, or with segmented ones");
    }
    const lut = readLut(values, descriptor, dictionary.paletteData[channel], false);
    const most = 2 ** lut.bits - 1;
    return Float64Array.from({ length: mask + 1 }, (_, stored) => (255 * lookUp(lut, stored)) / most);
  });
  return (pixel, channel) => tables[channel][(words[pixel * stride] >> shift) & mask];
}
