/** The bytes that a PNG begins with. */
export const pngSignature: readonly number[] = [137, 80, 78, 71, 13, 10, 26, 10];

/** Whether these stand at `at`: bytes, or a text of ASCII. */
export function beginsWith(bytes: Uint8Array, prefix: string | readonly number[], at = 0): boolean {
  for (let k = 0; k < prefix.length; k++) {
    if (bytes[at + k] !== (typeof prefix === "string" ? prefix.charCodeAt(k) : prefix[k])) return false;
  }
  return true;
}
