import { FormatError } from "../errors.js";
import { residueBits } from "../ntt/modulus.js";

export { residueBits };

/** N residues, N a multiple of 32, in N·bits/8 bytes: one after the other, lowest bit first. */
export function packResidues(residues: Uint32Array, prime: number): Uint8Array<ArrayBuffer> {
  const bits = residueBits(prime);
  const words = new Uint32Array((residues.length * bits) / 32);
  let word = 0;
  let filled = 0;
  let at = 0;
  for (const residue of residues) {
    word |= residue << filled;
    filled += bits;
    if (filled >= 32) {
      words[at++] = word;
      filled -= 32;
      word = filled === 0 ? 0 : residue >>> (bits - filled);
    }
  }
  return new Uint8Array(words.buffer);
}

/**
 * The residues of `packResidues`, into `residues`.
 * @throws FormatError for bytes of another length, or a word that is no residue.
 */
export function unpackResidues(bytes: Uint8Array, prime: number, residues: Uint32Array): void {
  const bits = residueBits(prime);
  if (bytes.length * 8 !== residues.length * bits) {
    const wanted = (residues.length * bits) / 8;
    throw new FormatError(`${bytes.length} packed bytes stand where ${wanted} belong`, "send the whole of it again");
  }
  // Not slice(): that of a Buffer is a view at the same odd address.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
  const mask = 2 ** bits - 1;
  let largest = 0;
  for (let i = 0, bit = 0; i < residues.length; i++, bit += bits) {
    const at = bit >>> 5;
    const shift = bit & 31;
    let residue = words[at] >>> shift;
    if (shift + bits > 32) residue |= words[at + 1] << (32 - shift);
    residues[i] = residue & mask;
    if (residues[i] > largest) largest = residues[i];
  }
  if (largest >= prime) throw new FormatError(`${largest} is no residue modulo ${prime}`, "send the whole of it again");
}
