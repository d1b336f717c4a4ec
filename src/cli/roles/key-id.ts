import { UsageError } from "../failure.js";

const DIGITS = 64;

/** A key's id in groups of four, as people read it to each other. */
export function inGroups(id: string): string {
  return id.match(/.{1,4}/g)!.join(" ");
}

/**
 * The id as somebody typed it: blanks, colons and hyphens between its digits mean nothing.
 * @throws UsageError for what is not the whole of one
 */
export function keyIdFrom(text: string): string {
  const id = text.replace(/[\s:-]+/g, "").toLowerCase();
  if (/^[0-9a-f]+$/.test(id) && id.length === DIGITS) return id;
  const fix = `give all ${DIGITS} hexadecimal digits that keygen printed, as the key's holder tells them by another way than the file`;
  throw new UsageError(`--key-id has ${id.length} digits, or others than 0-9 and a-f`, fix);
}
