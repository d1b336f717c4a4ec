import { DeviceError } from "../../errors.js";
import { Extents } from "./extents.js";
import { freed, type Store, type StoredWords } from "./store.js";

/**
 * A file that is read and written at any place and at once, as Node's descriptors are, and a browser's
 * `FileSystemSyncAccessHandle` in a worker.
 */
export interface RandomAccessFile {
  /** Its name, for messages. */
  readonly name: string;
  /** @returns how many bytes were read: fewer where the file ends */
  read(into: Uint8Array, at: number): number;
  /** Writes all of it. @throws where there is no room */
  write(bytes: Uint8Array, at: number): void;
  close(): void;
}

const EXTENT_BYTES = 2 ** 26;

const forgotten = new FinalizationRegistry<RandomAccessFile>((file) => file.close());

/**
 * Packed residues in a file of its own, so that models and keys may be larger than memory: the operating system keeps in
 * memory what it has room for. The file is the store's alone: nobody else may write to it.
 */
export class FileStore implements Store {
  private readonly extents = new Extents(EXTENT_BYTES);
  private words = new Uint32Array(0);
  private open = true;

  constructor(private readonly file: RandomAccessFile) {
    forgotten.register(this, file, this);
  }

  get bytes(): number {
    return this.extents.bytes;
  }

  put(words: Uint32Array): StoredWords {
    if (!this.open) throw this.closed();
    const { byteLength, length } = words;
    const { extent, offset } = this.extents.take(byteLength);
    const at = extent * EXTENT_BYTES + offset;
    try {
      this.file.write(new Uint8Array(words.buffer, words.byteOffset, byteLength), at);
    } catch (cause) {
      this.extents.give(extent, byteLength);
      const fix = "free some room there, or name another folder: openScratchFile({ folder })";
      throw new DeviceError(`${this.file.name} cannot be written: ${cause}`, fix, { cause });
    }
    let kept = true;
    return {
      read: () => {
        if (!kept) throw freed();
        return this.read(length, at);
      },
      free: () => {
        if (kept) this.extents.give(extent, byteLength);
        kept = false;
      },
    };
  }

  [Symbol.dispose](): void {
    if (!this.open) return;
    this.open = false;
    forgotten.unregister(this);
    this.file.close();
  }

  /** Into one buffer, again and again: what is read is copied into a device's memory at once. */
  private read(length: number, at: number): Uint32Array {
    if (!this.open) throw this.closed();
    if (this.words.length < length) this.words = new Uint32Array(length);
    const words = this.words.subarray(0, length);
    const read = this.file.read(new Uint8Array(words.buffer, 0, words.byteLength), at);
    if (read === words.byteLength) return words;
    const fix = "let nobody else write to it; load the model and the keys again";
    throw new DeviceError(`${this.file.name} was cut off: ${read} of ${words.byteLength} bytes are there`, fix);
  }

  private closed(): DeviceError {
    const fix = "dispose of the store last, after whatever was paged into it";
    return new DeviceError(`${this.file.name} was closed with models or keys in it`, fix);
  }
}
