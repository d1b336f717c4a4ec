import { SEND_AGAIN } from "../bytes/reader.js";
import { FormatError } from "../errors.js";
import { residueBits } from "../ntt/modulus.js";

export { residueBits };

/**
 * Checks N packed residues: bytes from elsewhere, before they are used or handed to the kernel `unpack`, which looks at
 * nothing. The bytes may begin at any address. Returns their words: a view where the address allows one, else a copy.
 * @throws FormatError for bytes of another length, or a residue that is none
 */
export function requireResidues(bytes: Uint8Array, count: number, prime: number): Uint32Array {
  const bits = residueBits(prime);
  if (bytes.length * 8 !== count * bits) {
    const wanted = (count * bits) / 8;
    throw new FormatError(`${bytes.length} packed bytes stand where ${wanted} belong`, SEND_AGAIN);
  }
  // Not slice(): that of a Buffer is a view at the same odd address.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
  // Signed, and held to 32 bits in each step: V8 computes with words above 2^31 in another way, which costs a third more.
  const signed = new Int32Array(words.buffer, words.byteOffset, words.length);
  const outside = bits === 30 ? above30(signed, prime - 1) : above(signed, bits, prime - 1, count);
  if (outside < 0) throw new FormatError(`a packed word is no residue modulo ${prime}`, SEND_AGAIN);
  return words;
}

/** Negative where a residue of `bits` bits is above `largest`: the sign of largest − residue for all of them. */
function above(words: Int32Array, bits: number, largest: number, count: number): number {
  const mask = maskOf(bits);
  let word = 0;
  let held = 0;
  // No branch asks what a residue is, and both are below 2^30.
  let outside = 0;
  for (let at = 0, i = 0; i < count; i++) {
    let residue = word;
    if (held < bits) {
      word = words[at++];
      residue |= word << held;
      word = (word >>> (bits - held)) | 0; // at least one bit: bits > held
      held = (held + 32) | 0;
    } else word = (word >>> bits) | 0;
    held = (held - bits) | 0;
    outside |= (largest - (residue & mask)) | 0;
  }
  return outside;
}

/**
 * The same for 30 bits, which nearly all primes have: sixteen residues in fifteen words, N a multiple of 32. Each word is read
 * once and every shift is written out; a loop over them takes nearly as long as `above`, this takes half of that.
 */
function above30(words: Int32Array, p: number): number {
  const mask = 0x3fffffff;
  let outside = 0;
  for (let i = 0; i < words.length; i += 15) {
    let a = words[i];
    let b = words[i + 1];
    outside |= (p - (a & mask)) | (p - (((a >>> 30) | (b << 2)) & mask));
    a = words[i + 2];
    outside |= p - (((b >>> 28) | (a << 4)) & mask);
    b = words[i + 3];
    outside |= p - (((a >>> 26) | (b << 6)) & mask);
    a = words[i + 4];
    outside |= p - (((b >>> 24) | (a << 8)) & mask);
    b = words[i + 5];
    outside |= p - (((a >>> 22) | (b << 10)) & mask);
    a = words[i + 6];
    outside |= p - (((b >>> 20) | (a << 12)) & mask);
    b = words[i + 7];
    outside |= p - (((a >>> 18) | (b << 14)) & mask);
    a = words[i + 8];
    outside |= p - (((b >>> 16) | (a << 16)) & mask);
    b = words[i + 9];
    outside |= p - (((a >>> 14) | (b << 18)) & mask);
    a = words[i + 10];
    outside |= p - (((b >>> 12) | (a << 20)) & mask);
    b = words[i + 11];
    outside |= p - (((a >>> 10) | (b << 22)) & mask);
    a = words[i + 12];
    outside |= p - (((b >>> 8) | (a << 24)) & mask);
    b = words[i + 13];
    outside |= p - (((a >>> 6) | (b << 26)) & mask);
    a = words[i + 14];
    outside |= p - (((b >>> 4) | (a << 28)) & mask);
    outside |= p - (a >>> 2);
  }
  return outside;
}

/** Not 2^bits − 1 by `**`: V8 calls its power function anew wherever the mask is used, in the loops here for every residue. */
function maskOf(bits: number): number {
  return (1 << bits) - 1; // a prime has 30 bits at most
}
