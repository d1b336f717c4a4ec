import { luma, type Picture } from "../picture.js";
import { ycc } from "../ycc.js";
import { decodeJpeg } from "./decode.js";
import { turned } from "./exif.js";
import { otherKind } from "./frame.js";

/**
 * Decodes a JPEG as a camera or a program writes it: baseline or progressive, grey, YCbCr or RGB (by Adobe's segment, JFIF's, or the
 * components' names; YCbCr where nothing is said), turned as its EXIF orientation says. Colours are rounded to bytes, as everybody
 * does who decodes JPEGs; colour profiles are ignored. Takes what `decodeJpeg` takes, and a byte a sample when it is done.
 * @param file what to call the picture in errors.
 * @throws FormatError when it is damaged, truncated, too large, or lossless, arithmetic-coded, of 12 bits or of four components
 */
export function readJpeg(bytes: Uint8Array, file: string): Picture {
  const { width, height, process, planes, colours, orientation } = decodeJpeg(bytes, file);
  if (process === "lossless") throw otherKind(file, "lossless JPEG outside of a DICOM");
  const { columns, rows, stored } = turned(orientation, width, height);
  const [first, second, third] = planes;
  if (planes.length === 1) {
    const value = (pixel: number) => first[stored(pixel)];
    return { width: columns, height: rows, coloured: false, grey: value, colour: value };
  }
  const colourAt =
    colours === "RGB"
      ? (at: number, channel: number) => planes[channel][at]
      : (at: number, channel: number) => Math.round(ycc(first[at], second[at], third[at], channel));
  const grey = (pixel: number) => {
    const at = stored(pixel);
    return luma(colourAt(at, 0), colourAt(at, 1), colourAt(at, 2));
  };
  const colour = (pixel: number, channel: number) => colourAt(stored(pixel), channel);
  return { width: columns, height: rows, coloured: true, grey, colour };
}
