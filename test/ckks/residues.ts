import { requireResidues, residueBits } from "../../src/ckks/packing.js";

/** What the kernel `pack` is held to. N residues, N a multiple of 32, in N·bits/8 bytes: one after the other, lowest bit first. */
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
  const words = requireResidues(bytes, residues.length, prime);
  const bits = residueBits(prime);
  const mask = (1 << bits) - 1;
  for (let i = 0, bit = 0; i < residues.length; i++, bit += bits) {
    const at = bit >>> 5;
    const shift = bit & 31;
    let residue = words[at] >>> shift;
    if (shift + bits > 32) residue |= words[at + 1] << (32 - shift);
    residues[i] = residue & mask;
  }
}
