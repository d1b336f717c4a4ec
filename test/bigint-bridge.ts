import { createRequire } from "node:module";

/**
 * The bridge between limb bytes and the BigInt values of the tests. `bigint-buffer` is unmaintained and its native code
 * has an open hole (CVE-2025-3194): its install script is denied in package.json (`allowScripts`), only its plain
 * JavaScript build is loaded, from this file alone, and it sees nothing but the buffers made here.
 */
const { toBigIntLE, toBufferLE } = createRequire(import.meta.url)(
  "bigint-buffer/dist/browser.js",
) as typeof import("bigint-buffer");

const WORD_BYTES = 4;

/** The words of a limb as BigInts. */
export function toBigInts(words: Uint32Array): bigint[] {
  if (!(words instanceof Uint32Array)) throw new TypeError("words: a Uint32Array is needed");
  return Array.from(words, (_, i) => toBigIntLE(bytesOf(words.subarray(i, i + 1))));
}

/** BigInts in [0, 2^32) as the words of a limb. */
export function toWords(values: readonly bigint[]): Uint32Array {
  const words = new Uint32Array(values.length);
  values.forEach((value, i) => {
    if (typeof value !== "bigint") throw new TypeError(`values[${i}]: a bigint is needed`);
    if (value < 0n || value >= 2n ** 32n) throw new RangeError(`values[${i}] is not a 32-bit word`);
    words[i] = toBufferLE(value, WORD_BYTES).readUInt32LE(0);
  });
  return words;
}

function bytesOf(words: Uint32Array): Buffer {
  const bytes = Buffer.alloc(WORD_BYTES * words.length);
  words.forEach((word, i) => {
    bytes.writeUInt32LE(word, WORD_BYTES * i);
  });
  return bytes;
}
