/** A name out of a file, fit for one line of a message: escaped, and cut when it is long. */
export function quoted(name: string): string {
  // A terminal would obey control characters that JSON leaves alone (0x7f to 0x9f).
  const printable = name.replace(/[\u007f-\u009f\u2028\u2029]/g, "?");
  return JSON.stringify(printable.length > 60 ? `${printable.slice(0, 57)}...` : printable);
}
