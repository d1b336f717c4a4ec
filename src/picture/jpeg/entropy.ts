import { damagedJpeg, truncatedJpeg } from "./damaged.js";

/** Of the next 16 bits: the code's length times 256, and its symbol; 0 where no code begins so. */
export type HuffmanTable = Uint16Array;

/**
 * A table as its DHT segment has it: how many codes there are of 1 to 16 bits, and their symbols.
 * @throws FormatError for more codes of a length than there can be
 * Source: ITU-T T.81, annex C.
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array, file: string): HuffmanTable {
  const table = new Uint16Array(65536);
  let code = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++) {
    const span = 1 << (16 - length);
    for (let k = 0; k < counts[length - 1]; k++) {
      if (code + span > 65536) throw damagedJpeg(file, "a Huffman table has more codes than there are");
      table.fill((length << 8) | symbols[next++], code, code + span);
      code += span;
    }
  }
  return table;
}

/** The bits of a scan. It never reads past a marker: a scan that needs more bits than it has is a truncated one. */
export class EntropyReader {
  private hold = 0;
  private count = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly file: string,
  ) {}

  /** @throws FormatError where no code of the table comes next */
  symbol(table: HuffmanTable): number {
    if (this.count < 16) this.fill();
    const { count, hold } = this;
    const next = count >= 16 ? (hold >>> (count - 16)) & 0xffff : (hold << (16 - count)) & 0xffff;
    const entry = table[next];
    const length = entry >> 8;
    if (length === 0 && count >= 16) throw damagedJpeg(this.file, "a code is in no Huffman table");
    if (length === 0 || length > count) throw truncatedJpeg(this.file);
    this.count = count - length;
    return entry & 255;
  }

  /** The next 0 to 16 bits, as a number. */
  bits(length: number): number {
    if (length === 0) return 0;
    if (this.count < length) this.fill();
    if (this.count < length) throw truncatedJpeg(this.file);
    this.count -= length;
    return (this.hold >>> this.count) & (2 ** length - 1);
  }

  /** The next bits as a signed number of that category (T.81, F.2.2.1). */
  signed(length: number): number {
    if (length === 0) return 0;
    const value = this.bits(length);
    return value < 1 << (length - 1) ? value - (1 << length) + 1 : value;
  }

  /** Passes the restart marker of this number, and begins anew. */
  restart(number: number): void {
    const at = this.finish();
    if (this.bytes[at + 1] !== 0xd0 + number) throw damagedJpeg(this.file, "a restart marker is missing");
    this.at = at + 2;
    this.hold = 0;
    this.count = 0;
  }

  /**
   * Where the marker behind the scan begins.
   * @throws FormatError when whole bytes are left over: what was decoded is not what was written
   */
  finish(): number {
    this.fill();
    if (this.at + 1 >= this.bytes.length) throw truncatedJpeg(this.file);
    if (this.count >= 8) throw damagedJpeg(this.file, "a scan is longer than its picture");
    // A marker may follow any number of fill bytes.
    let { at } = this;
    while (this.bytes[at + 1] === 0xff) at++;
    return at;
  }

  private fill(): void {
    const { bytes } = this;
    while (this.count <= 24 && this.at < bytes.length) {
      const byte = bytes[this.at];
      if (byte === 0xff) {
        if (bytes[this.at + 1] !== 0) return;
        this.at++;
      }
      this.at++;
      this.hold = (this.hold << 8) | byte;
      this.count += 8;
    }
  }
}
