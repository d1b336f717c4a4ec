import { FormatError } from "../errors.js";

/** What to do about bytes that are damaged: nothing can be mended here. */
export const SEND_AGAIN = "write or send the whole of it again";

/**
 * Takes values from bytes, little-endian, and nothing on trust: a length is held against what is left and against the
 * caller's bound before anything is allocated. All that can be wrong is a FormatError that begins with `what`.
 */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  /** @param what names the whole of it in errors, as "the header of a ciphertext" does */
  constructor(
    bytes: Uint8Array,
    private readonly what: string,
  ) {
    // Of a Buffer, slice() would be no copy.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** @throws FormatError for 2^53 and more: such a number is no integer of JavaScript's */
  u64(): number {
    const at = this.take(8);
    const value = this.view.getUint32(at, true) + 2 ** 32 * this.view.getUint32(at + 4, true);
    if (!Number.isSafeInteger(value)) throw this.error(`holds the number ${value}, which is above 2^53`);
    return value;
  }

  f64(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  /** A number of things that follow: u32. @throws FormatError for more than `most` */
  count(most: number): number {
    const count = this.u32();
    if (count > most) throw this.error(`says that ${count} follow where at most ${most} may`);
    return count;
  }

  /** Text of at most `most` bytes. */
  string(most = 1024): string {
    const length = this.u16();
    if (length > most) throw this.error(`holds a text of ${length} bytes where at most ${most} may stand`);
    const run = this.run(length);
    try {
      // The decoder refuses views of shared memory, and a copy is short.
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(run.slice());
    } catch {
      throw this.error("holds a text that is not UTF-8");
    }
  }

  /** A view of the next bytes. */
  run(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** @throws FormatError where something is left */
  end(): void {
    if (this.left > 0) throw this.error(`is ${this.left} bytes too long`);
  }

  /** For values that are there and cannot be meant. */
  error(problem: string): FormatError {
    return new FormatError(`${this.what} ${problem}`, SEND_AGAIN);
  }

  private take(length: number): number {
    const { at } = this;
    if (length > this.left) throw this.error(`ends ${length - this.left} bytes too early`);
    this.at += length;
    return at;
  }
}
