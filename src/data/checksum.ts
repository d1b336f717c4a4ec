const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** The CRC-32 of zip entries and of PNG chunks (ISO 3309). */
export function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (let k = 0; k < data.length; k++) crc = crcTable[(crc ^ data[k]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
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
