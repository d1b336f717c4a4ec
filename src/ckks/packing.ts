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
  const mask = maskOf(bits);
  const largest = prime - 1;
  let word = 0;
  let held = 0;
  // Its sign: of largest − residue for all of them. No branch asks what a residue is, and both are below 2^30.
  let outside = 0;
  for (let at = 0, i = 0; i < count; i++) {
    let residue = word;
    if (held < bits) {
      word = signed[at++];
      residue |= word << held;
      word = (word >>> (bits - held)) | 0; // at least one bit: bits > held
      held = (held + 32) | 0;
    } else word = (word >>> bits) | 0;
    held = (held - bits) | 0;
    outside |= (largest - (residue & mask)) | 0;
  }
  if (outside < 0) throw new FormatError(`a packed word is no residue modulo ${prime}`, SEND_AGAIN);
  return words;
}

/** Not 2^bits − 1 by `**`: V8 calls its power function anew wherever the mask is used, in the loops here for every residue. */
function maskOf(bits: number): number {
  return (1 << bits) - 1; // a prime has 30 bits at most
}
