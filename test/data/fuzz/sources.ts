import { mulberry32 } from "../../../src/data/mulberry32.js";
import { below } from "./mutate.js";

/** A source of bytes in chunks of some lengths, at odd addresses too, and whether it was read to its end or told to stop. */
export interface Source {
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | Uint8Array;
  readonly ended: () => boolean;
}

/** All at once, or cut anywhere, with empty chunks; as an iterable or an async one. It follows from `seed`. */
export function sourceOf(bytes: Uint8Array, seed: number): Source {
  const random = mulberry32(seed);
  if (below(4, random) === 0) return { chunks: bytes, ended: () => true };
  let ended = false;
  const pieces = function* () {
    try {
      // Large files in no more than some hundred chunks.
      const most = [1, 7, 64, 5000, bytes.length][below(5, random)];
      const least = Math.floor(bytes.length / 500);
      for (let at = 0; at < bytes.length; ) {
        const length = least + below(most + 1, random);
        yield bytes.subarray(at, at + length);
        at += length;
      }
    } finally {
      ended = true;
    }
  };
  const late = async function* () {
    yield* pieces();
  };
  return { chunks: below(2, random) === 0 ? pieces() : late(), ended: () => ended };
}

/** The same bytes in a Buffer at any address. */
export function atAnyAddress(bytes: Uint8Array, random: () => number): Uint8Array {
  const room = Buffer.alloc(bytes.length + 8);
  const offset = below(8, random);
  room.set(bytes, offset);
  return room.subarray(offset, offset + bytes.length);
}
