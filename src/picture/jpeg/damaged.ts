import { FormatError } from "../../errors.js";

/** What a file that cannot be read is answered with. */
export function damagedJpeg(file: string, what: string): FormatError {
  return new FormatError(`${file} is a damaged JPEG: ${what}`, "bring an intact JPEG, or the picture as PNG");
}

/** One that ends before its picture does. */
export function truncatedJpeg(file: string): FormatError {
  return new FormatError(`${file} is a truncated JPEG: its picture is not complete`, "bring the whole file");
}
