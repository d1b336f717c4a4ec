/**
 * Puts values one behind the other, little-endian: the fields of a header, or a block that is not residues. What does not
 * fit its field is misuse: a RangeError.
 */
export class ByteWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private used = 0;

  get length(): number {
    return this.used;
  }

  u8(value: number): this {
    requireInteger(value, 2 ** 8);
    const at = this.grow(1);
    this.view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    requireInteger(value, 2 ** 16);
    const at = this.grow(2);
    this.view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    requireInteger(value, 2 ** 32);
    const at = this.grow(4);
    this.view.setUint32(at, value, true);
    return this;
  }

  /** Integers below 2^53 only, so that every reader has them exactly. */
  u64(value: number): this {
    requireInteger(value, 2 ** 53);
    const at = this.grow(8);
    this.view.setUint32(at, value % 2 ** 32, true);
    this.view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
    return this;
  }

  f64(value: number): this {
    const at = this.grow(8);
    this.view.setFloat64(at, value, true);
    return this;
  }

  /** Its length in bytes, 16 bits, and UTF-8. @throws RangeError for text with half a surrogate pair: UTF-8 has none. */
  string(text: string): this {
    const encoded = new TextEncoder().encode(text);
    if (new TextDecoder("utf-8", { ignoreBOM: true }).decode(encoded) !== text) {
      throw new RangeError("a text with half a surrogate pair has no UTF-8");
    }
    return this.u16(encoded.length).run(encoded);
  }

  /** Bytes as they are, without their length. */
  run(bytes: Uint8Array): this {
    const at = this.grow(bytes.length);
    this.bytes.set(bytes, at);
    return this;
  }

  /** A copy of what was put. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.used);
  }

  /** Overwrites what was put, where it was a secret. */
  wipe(): void {
    this.bytes.fill(0);
    this.used = 0;
  }

  /** Room for `count` bytes. @returns where it begins */
  private grow(count: number): number {
    const at = this.used;
    this.used += count;
    if (this.used > this.bytes.length) {
      const shorter = this.bytes;
      this.bytes = new Uint8Array(Math.max(2 * shorter.length, this.used));
      this.bytes.set(shorter);
      this.view = new DataView(this.bytes.buffer);
      shorter.fill(0);
    }
    return at;
  }
}

function requireInteger(value: number, bound: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value < bound)) {
    throw new RangeError(`${value} is no integer in [0, 2^${Math.log2(bound)})`);
  }
}
