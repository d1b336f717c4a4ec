import { FormatError } from "../../errors.js";

/** What a malformed file is answered with. */
export function malformed(file: string, what: string, cause?: unknown): FormatError {
  return new FormatError(
    `${file} is a malformed DICOM: ${what}`,
    "export it again from where it comes from, or have dcmtk mend it (`dcmconv IN OUT`) and look at the result",
    { cause },
  );
}

/** What a kind of picture that is not read is answered with. */
export function unread(
  file: string,
  what: string,
  fix = "convert it to a grey or RGB picture, e.g. to PNG with `dcm2pnm`",
): FormatError {
  return new FormatError(`${file} is a DICOM with ${what}, which is not read`, fix);
}

/** "(0028,0010)" */
export function tagText(tag: number): string {
  const digits = tag.toString(16).padStart(8, "0");
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}
