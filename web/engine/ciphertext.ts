/** Side of the picture that is drawn of a ciphertext: a byte of its file is a grey value. */
export const CIPHERTEXT_SIDE = 128;
/** The header and the seed of an encrypted image's file are in its first bytes; behind them are residues. */
const HEAD_BYTES = 4096;

/** What is drawn of an encrypted image's file. */
export function beginningOf(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return file.slice(HEAD_BYTES, HEAD_BYTES + CIPHERTEXT_SIDE ** 2);
}
