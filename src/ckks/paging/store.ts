import { Extents } from "./extents.js";

/**
 * Where packed residues lie that are in no device's memory: in this process's, or in a file. What is put there is as public as
 * a ciphertext, a plaintext or an evaluation key is; no secret is ever paged.
 */
export interface Store extends Disposable {
  /** Bytes that are kept now. */
  readonly bytes: number;
  /** Keeps a copy. @throws DeviceError where there is no room. */
  put(words: Uint32Array): StoredWords;
  /** Ends it, and all that it keeps. */
  [Symbol.dispose](): void;
}

/** Words in a store, and their one owner. */
export interface StoredWords {
  /** The words, until the store is next asked for others. @throws TypeError after `free`; DeviceError where they are not there. */
  read(): Uint32Array;
  /** Gives the room back. May be called twice. */
  free(): void;
}

/** A polynomial as a store and a file hold it: for each prime the packed residues of its NTT values, without powers of 2^32. */
export interface StoredLimbs {
  /** The packed residues, prime by prime. */
  readonly words: readonly StoredWords[];
  /** What the residues modulo a prime are to be multiplied by. */
  readonly factor: (prime: number) => number;
}

/** Of one allocation. Untouched pages of it take no memory. */
const EXTENT_BYTES = 2 ** 24;

/** In this process's memory, outside of the JavaScript heap: few large buffers, which a collector need not look through. */
export class MemoryStore implements Store {
  private buffers: (ArrayBuffer | undefined)[] = [];
  private readonly extents = new Extents(EXTENT_BYTES, (extent) => {
    this.buffers[extent] = undefined;
  });

  get bytes(): number {
    return this.extents.bytes;
  }

  put(words: Uint32Array): StoredWords {
    const { extent, offset } = this.extents.take(words.byteLength);
    const buffer = (this.buffers[extent] ??= new ArrayBuffer(EXTENT_BYTES));
    let kept: Uint32Array | undefined = new Uint32Array(buffer, offset, words.length);
    kept.set(words);
    return {
      read() {
        if (!kept) throw freed();
        return kept;
      },
      free: () => {
        if (!kept) return;
        this.extents.give(extent, kept.byteLength);
        kept = undefined;
      },
    };
  }

  [Symbol.dispose](): void {
    this.buffers = [];
  }
}

export function freed(): TypeError {
  return new TypeError("words of a store were asked for after they were freed");
}
