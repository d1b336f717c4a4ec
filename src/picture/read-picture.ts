import { BlindsightError, FormatError } from "../errors.js";
import type { DecodedPicture, PictureOptions } from "./decoded.js";
import { requireOnlyFrame } from "./frame-choice.js";
import { beginsWith, pngSignature } from "./signatures.js";

/**
 * Reads a PNG, a JPEG or a DICOM, told apart by their first bytes and never by a file's name. The same decoder runs in Node and in
 * pages: JavaScript without a canvas, WebAssembly or `eval`; those of the other formats are not loaded. Takes 7 to 35 ns a pixel (lossless
 * JPEG: 75) and at most 5 bytes for a sample besides the file; pictures of more than 64 million pixels or 256 MiB of samples are refused before that.
 *
 * - PNG: as `readPng`, every kind of the standard.
 * - JPEG: baseline and progressive with 8 bits, grey, YCbCr or RGB, turned as its EXIF orientation says.
 * - DICOM: modality LUT (not of projections of X-rays), then VOI LUT or window, then inversion (PS3.3 C.11), greys in 0..255 with fractions; see docs/pictures.md
 *   for transfer syntaxes, and for what makes a file malformed.
 *
 * @throws FormatError for anything else, for what is damaged, malformed or too large, and for kinds that are not read, by their
 *   names; its `fix` says how to convert them. ParameterError for several frames of which none was named, or one that is not there.
 *   RangeError for a `frame` that is no whole number from 1 on; TypeError for no bytes.
 */
export async function readPicture(bytes: Uint8Array, options: PictureOptions = {}): Promise<DecodedPicture> {
  const { name = "the image", frame } = options;
  if (!(bytes instanceof Uint8Array))
    throw new TypeError("bytes: a Uint8Array with the content of a file was expected");
  if (frame !== undefined && !(Number.isSafeInteger(frame) && frame >= 1)) {
    throw new RangeError(`frame: ${frame} is no number of a frame, which are counted from 1`);
  }
  const format = formatOf(bytes, name);
  try {
    if (format === "dicom") return (await import("./dicom/dicom.js")).readDicom(bytes, name, frame);
    requireOnlyFrame(name, frame);
    const picture =
      format === "png"
        ? (await import("./png.js")).readPng(bytes, name)
        : (await import("./jpeg/jpeg.js")).readJpeg(bytes, name);
    return { format, picture, frames: 1, frame: 1 };
  } catch (cause) {
    if (cause instanceof BlindsightError) throw cause;
    // Memory that is not to be had, above all.
    throw new FormatError(`${name} cannot be read (${(cause as Error).message})`, "try a smaller picture", { cause });
  }
}

const signatures = {
  png: [0, pngSignature],
  jpeg: [0, [0xff, 0xd8, 0xff]],
  dicom: [128, "DICM"],
} as const;

function formatOf(bytes: Uint8Array, file: string): DecodedPicture["format"] {
  const formats = (["png", "jpeg", "dicom"] as const).filter((format) => {
    const [at, signature] = signatures[format];
    return beginsWith(bytes, signature, at);
  });
  if (formats.length === 1) return formats[0];
  if (formats.length === 0) {
    const fix =
      "bring a PNG, a JPEG or a DICOM file with its preamble (`dcmconv +F IN OUT` adds one); save any other picture as PNG";
    throw new FormatError(`${file} is not a PNG, a JPEG or a DICOM: its signature is none of theirs`, fix);
  }
  // A DICOM's first 128 bytes are free: two programs would show two pictures.
  throw new FormatError(`${file} is a ${formats.join(" and a ")} at once`, "save the picture that is meant as PNG");
}
