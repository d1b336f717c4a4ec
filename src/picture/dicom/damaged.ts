import { FormatError } from "../../errors.js";
import { type Attribute, tagText } from "./dictionary.js";

const again = "export it again from where it comes from";

/** What a file is answered with whose attributes contradict each other, lack something, or are none. */
export function malformed(file: string, what: string, fix: string = again, cause?: unknown): FormatError {
  return new FormatError(`${file} is a malformed DICOM: ${what}`, fix, { cause });
}

/** The same where there is less than the file says. */
export function cut(file: string, what: string, cause?: unknown): FormatError {
  return malformed(file, what, `bring the whole file, or ${again}`, cause);
}

/** The same where elements are not as they should be, but each by itself can be told: dcmtk writes them anew. */
export function misbuilt(file: string, what: string): FormatError {
  return malformed(file, what, `${again}, or have dcmtk mend it (\`dcmconv IN OUT\`) and look at the result`);
}

/** The way out where one attribute of the outermost data set is missing or wrong. */
export function setTo({ tag }: Attribute, value = "VALUE"): string {
  return `say what is right, where it is known: \`dcmodify -i "${tagText(tag)}=${value}" FILE\` (dcmtk); or ${again}`;
}

/** The way out where attributes of the outermost data set say what cannot be, and can be done without. */
export function takenAway(...attributes: readonly Attribute[]): string {
  const options = attributes.map(({ tag }) => `-ea "${tagText(tag)}"`).join(" ");
  return `take it away, where the picture is right without: \`dcmodify ${options} FILE\` (dcmtk); or ${again}`;
}

/** What a kind of picture that is not read is answered with. */
export function unread(
  file: string,
  what: string,
  fix = "convert it to a grey or RGB picture, e.g. to PNG with `dcm2pnm`",
): FormatError {
  return new FormatError(`${file} is a DICOM with ${what}, which is not read`, fix);
}
