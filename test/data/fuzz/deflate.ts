import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { crc32 } from "../../../src/bytes/checksum.js";
import { bestDeflateRatio, inflate, inflateAtMost } from "../../../src/bytes/inflate.js";
import { FormatError } from "../../../src/errors.js";
import { below, mutateBytes, pick } from "./mutate.js";
import { atAnyAddress } from "./sources.js";
import type { Target } from "./targets.js";

const MOST = 2 ** 16;

const texts = [
  new Uint8Array(0),
  new Uint8Array(20_000),
  Uint8Array.from({ length: 5000 }, (_, i) => (i * i) >> 5),
  Uint8Array.from({ length: 3000 }, (_, i) => (i * 0x9e3779b1) >>> 24),
  new TextEncoder().encode("polynomial ".repeat(300)),
];
const streams = [0, 1, 9].flatMap((level) =>
  texts.flatMap((text) =>
    [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED].map((strategy) => pack(text, level, strategy)),
  ),
);

/** Damaged deflate streams: an error in a few words, or what zlib makes of those that it takes; never more than was asked for. */
export const deflateTargets: Readonly<Record<string, Target>> = {
  deflate: {
    mostBytes: 2 ** 26 + 2 ** 20,
    input(random) {
      const stream = pick(streams, random);
      const bytes = below(20, random) === 0 ? stream : mutateBytes(stream, pick(streams, random), random);
      return { bytes: atAnyAddress(bytes, random), originals: [] };
    },
    read(bytes) {
      const found = named(() => inflateAtMost(bytes, MOST));
      if (found.length > Math.min(MOST, bytes.length * bestDeflateRatio)) return `${found.length} bytes`;
      const theirs = zlibs(bytes);
      if (theirs && Buffer.compare(theirs, found) !== 0) return "other bytes than zlib's";
      const size = pick([found.length, found.length + 1, crc32(bytes)], () => crc32(bytes));
      const again = named(() => inflate(bytes, size));
      return again.length === size && Buffer.compare(again, found) === 0 ? undefined : "another length";
    },
  },
};

/** fflate looks at less than zlib does (a stored block's second length, the end): every format has a checksum behind it. */
function zlibs(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: MOST });
  } catch {
    return undefined;
  }
}

/** Who calls `inflate` says what was damaged: its errors have no name of ours, and are none of the engine's. */
function named<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) throw error;
    throw new FormatError(error.message, "send it again");
  }
}

function pack(text: Uint8Array, level: number, strategy: number): Uint8Array {
  return new Uint8Array(deflateRawSync(text, { level, strategy }));
}
