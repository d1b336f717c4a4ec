import { host } from "#host";

/** Slices of CRC-32: row k holds, for a byte, what it leaves behind k zero bytes. In one flat table, 16 KiB. */
const TABLE = new Uint32Array(16 * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  TABLE[byte] = value;
}
for (let at = 256; at < TABLE.length; at++) {
  const before = TABLE[at - 256];
  TABLE[at] = TABLE[before & 0xff] ^ (before >>> 8);
}
const NONE = new Uint32Array(0);

/**
 * The CRC-32 of ISO 3309: of our files' blocks, of zip entries, of PNG chunks. `before` is that of what stands before:
 * crc32(b, crc32(a)) is the checksum of a and b one after the other.
 * Sixteen bytes a step (Kounavis and Berry, "A systematic approach to building high performance software-based CRC
 * generators", ISCC 2005), taken as four words, and of these the three first that do not wait for the step before.
 */
export function crc32(data: Uint8Array, before = 0): number {
  return host.crc32 && data.length >= LONG ? host.crc32(data, before) : sliced(data, before);
}

/** With fewer bytes the platform's function takes longer to call than to run. */
const LONG = 1024;

function sliced(data: Uint8Array, before: number): number {
  const t = TABLE;
  // Words begin at addresses that four divides; where few bytes follow, none is taken.
  const head = data.length < 32 ? data.length : (4 - (data.byteOffset % 4)) % 4;
  const words =
    head === data.length ? NONE : new Uint32Array(data.buffer, data.byteOffset + head, (data.length - head) >>> 2);
  let crc = ~before;
  let at = 0;
  for (; at < head; at++) crc = t[(crc ^ data[at]) & 0xff] ^ (crc >>> 8);
  let i = 0;
  for (const end = words.length - 3; i < end; i += 4) {
    // Three statements: V8 makes an array to take it apart here, which costs half of all the time.
    const b = words[i + 1];
    const c = words[i + 2];
    const d = words[i + 3];
    const known =
      t[0xb00 | (b & 0xff)] ^
      t[0xa00 | ((b >>> 8) & 0xff)] ^
      t[0x900 | ((b >>> 16) & 0xff)] ^
      t[0x800 | (b >>> 24)] ^
      t[0x700 | (c & 0xff)] ^
      t[0x600 | ((c >>> 8) & 0xff)] ^
      t[0x500 | ((c >>> 16) & 0xff)] ^
      t[0x400 | (c >>> 24)] ^
      t[0x300 | (d & 0xff)] ^
      t[0x200 | ((d >>> 8) & 0xff)] ^
      t[0x100 | ((d >>> 16) & 0xff)] ^
      t[d >>> 24];
    const a = crc ^ words[i];
    crc =
      known ^
      t[0xf00 | (a & 0xff)] ^
      t[0xe00 | ((a >>> 8) & 0xff)] ^
      t[0xd00 | ((a >>> 16) & 0xff)] ^
      t[0xc00 | (a >>> 24)];
  }
  for (at += 4 * i; at < data.length; at++) crc = t[(crc ^ data[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The checksum of zlib streams (RFC 1950). */
export function adler32(data: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (let first = 0; first < data.length; first += 3800) {
    // 3800 bytes keep both sums below 2^31.
    const end = Math.min(data.length, first + 3800);
    for (let k = first; k < end; k++) high += low += data[k];
    low %= 65521;
    high %= 65521;
  }
  return ((high << 16) | low) >>> 0;
}
