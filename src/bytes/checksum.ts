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

/**
 * The CRC-32 of ISO 3309: of our files' blocks, of zip entries, of PNG chunks. `before` is that of what stands before:
 * crc32(b, crc32(a)) is the checksum of a and b one after the other.
 * Sixteen bytes a step (Kounavis and Berry, "A systematic approach to building high performance software-based CRC
 * generators", ISCC 2005).
 */
export function crc32(data: Uint8Array, before = 0): number {
  const t = TABLE;
  let crc = ~before;
  let at = 0;
  for (const end = data.length - 15; at < end; at += 16) {
    crc =
      t[0xf00 | ((crc ^ data[at]) & 0xff)] ^
      t[0xe00 | (((crc >>> 8) ^ data[at + 1]) & 0xff)] ^
      t[0xd00 | (((crc >>> 16) ^ data[at + 2]) & 0xff)] ^
      t[0xc00 | ((crc >>> 24) ^ data[at + 3])] ^
      t[0xb00 | data[at + 4]] ^
      t[0xa00 | data[at + 5]] ^
      t[0x900 | data[at + 6]] ^
      t[0x800 | data[at + 7]] ^
      t[0x700 | data[at + 8]] ^
      t[0x600 | data[at + 9]] ^
      t[0x500 | data[at + 10]] ^
      t[0x400 | data[at + 11]] ^
      t[0x300 | data[at + 12]] ^
      t[0x200 | data[at + 13]] ^
      t[0x100 | data[at + 14]] ^
      t[data[at + 15]];
  }
  for (; at < data.length; at++) crc = t[(crc ^ data[at]) & 0xff] ^ (crc >>> 8);
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
