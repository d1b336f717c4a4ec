/** Bytes of a block, and the most that a digest or a key may have. */
const BLOCK_BYTES = 128;
const MOST_BYTES = 64;

/** SHA-512's initial values, each as a low and a high half, as everywhere below. */
const INITIAL = Uint32Array.of(
  ...[0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a],
  ...[0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19],
);

/** Which word of a block a step takes; rounds 10 and 11 are 0 and 1 again. */
const ORDER = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const ROUNDS = [...ORDER, ORDER[0], ORDER[1]].map((order) => Uint8Array.from(order, (word) => 2 * word));

/** The block of parameters where it differs from a hash of its own: for trees and for BLAKE2X. */
export interface Blake2bNode {
  readonly fanout: number;
  readonly depth: number;
  readonly leafLength: number;
  readonly nodeOffset: number;
  /** Of all that BLAKE2X gives, in bytes. */
  readonly xofLength: number;
  readonly innerLength: number;
}

const ALONE: Blake2bNode = { fanout: 1, depth: 1, leafLength: 0, nodeOffset: 0, xofLength: 0, innerLength: 0 };
const NO_KEY = new Uint8Array(0);

/**
 * BLAKE2b of a message below 2^32 bytes; `length` bytes, 1 to 64, with a key of up to 64. About 45 MB/s.
 * Source: RFC 7693; the block of parameters: "BLAKE2: simpler, smaller, fast as MD5" (2013), section 2.8, and "BLAKE2X" (2016).
 */
export function blake2b(
  message: Uint8Array,
  length: number,
  key: Uint8Array = NO_KEY,
  node: Blake2bNode = ALONE,
): Uint8Array<ArrayBuffer> {
  if (!(Number.isInteger(length) && length >= 1 && length <= MOST_BYTES && key.length <= MOST_BYTES)) {
    throw new RangeError(`BLAKE2b of ${length} bytes with a key of ${key.length}: each has at most ${MOST_BYTES}`);
  }
  const h = INITIAL.slice();
  h[0] ^= length | (key.length << 8) | (node.fanout << 16) | (node.depth << 24);
  h[1] ^= node.leafLength;
  h[2] ^= node.nodeOffset;
  h[3] ^= node.xofLength;
  h[4] ^= node.innerLength << 8;
  const block = new Uint8Array(BLOCK_BYTES);
  const words = new Uint32Array(32);
  const view = new DataView(block.buffer);
  const take = (counted: number, last: boolean): void => {
    for (let w = 0; w < 32; w++) words[w] = view.getUint32(4 * w, true);
    compress(h, words, counted, last);
  };
  if (key.length > 0) {
    block.set(key);
    take(BLOCK_BYTES, message.length === 0);
  }
  const before = key.length > 0 ? BLOCK_BYTES : 0;
  // The last block is never empty, but that of the empty message.
  for (let at = 0; at < message.length || (at === 0 && before === 0); at += BLOCK_BYTES) {
    const end = Math.min(at + BLOCK_BYTES, message.length);
    block.fill(0);
    block.set(message.subarray(at, end));
    take(before + end, end === message.length);
  }
  for (let w = 0; w < 16; w++) view.setUint32(4 * w, h[w], true);
  return block.slice(0, length);
}

const v = new Uint32Array(32);

/** One block into the state. `counted`: bytes up to its end. */
function compress(h: Uint32Array, m: Uint32Array, counted: number, last: boolean): void {
  v.set(h);
  v.set(INITIAL, 16);
  v[24] ^= counted;
  if (last) {
    v[28] = ~v[28];
    v[29] = ~v[29];
  }
  for (const s of ROUNDS) {
    mix(0, 8, 16, 24, m, s[0], s[1]);
    mix(2, 10, 18, 26, m, s[2], s[3]);
    mix(4, 12, 20, 28, m, s[4], s[5]);
    mix(6, 14, 22, 30, m, s[6], s[7]);
    mix(0, 10, 20, 30, m, s[8], s[9]);
    mix(2, 12, 22, 24, m, s[10], s[11]);
    mix(4, 14, 16, 26, m, s[12], s[13]);
    mix(6, 8, 18, 28, m, s[14], s[15]);
  }
  for (let w = 0; w < 16; w++) h[w] ^= v[w] ^ v[w + 16];
}

/** RFC 7693's G: the operands are where the low halves of the words lie. */
function mix(a: number, b: number, c: number, d: number, m: Uint32Array, x: number, y: number): void {
  addTo(a, v[b], v[b + 1], m[x], m[x + 1]);
  const low = v[d] ^ v[a];
  v[d] = v[d + 1] ^ v[a + 1]; // rotated right by 32
  v[d + 1] = low;
  addTo(c, v[d], v[d + 1], 0, 0);
  rotateXor(b, c, 24);
  addTo(a, v[b], v[b + 1], m[y], m[y + 1]);
  rotateXor(d, a, 16);
  addTo(c, v[d], v[d + 1], 0, 0);
  // Right by 63 is left by one.
  const b0 = v[b] ^ v[c];
  const b1 = v[b + 1] ^ v[c + 1];
  v[b] = (b0 << 1) | (b1 >>> 31);
  v[b + 1] = (b1 << 1) | (b0 >>> 31);
}

/** v[a] += two words. A sum of three halves is below 2^34: exact, and the array takes it modulo 2^32. */
function addTo(a: number, low0: number, high0: number, low1: number, high1: number): void {
  const low = v[a] + low0 + low1;
  v[a + 1] = v[a + 1] + high0 + high1 + ((low / 2 ** 32) | 0);
  v[a] = low;
}

/** v[b] = (v[b] ⊕ v[c]) rotated right by fewer than 32 bits. */
function rotateXor(b: number, c: number, bits: number): void {
  const low = v[b] ^ v[c];
  const high = v[b + 1] ^ v[c + 1];
  v[b] = (low >>> bits) | (high << (32 - bits));
  v[b + 1] = (high >>> bits) | (low << (32 - bits));
}
