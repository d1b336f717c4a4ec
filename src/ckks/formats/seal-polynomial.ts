import type { ByteReader } from "../../bytes/reader.js";
import { VALUES } from "../form.js";
import { filled, RnsPolynomial, scale } from "../polynomial.js";
import type { Ring } from "../ring.js";

/** A residue in a 64-bit word. */
const WORD_BYTES = 8;

/** Bytes of a polynomial over so many primes. */
export function polynomialBytes(logN: number, primes: number): number {
  return WORD_BYTES * primes * 2 ** logN;
}

/**
 * Reads a polynomial as SEAL has it: prime after prime, N residues of its NTT values in 64-bit words, without any power of
 * 2^32. Order and root are ours (`minimalRoot`, bit-reversed): the residues are taken as they are.
 * @throws FormatError for a word that is no residue
 */
export function takePolynomial(
  reader: ByteReader,
  ring: Ring,
  primes: readonly number[],
  secret = false,
): RnsPolynomial {
  const n = 2 ** ring.logN;
  const bytes = reader.run(polynomialBytes(ring.logN, primes.length));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = new Uint32Array(n);
  try {
    return filled(RnsPolynomial.allocate(ring, primes, VALUES, secret), ({ limbs }) => {
      primes.forEach((prime, k) => {
        takeLimb(view, k * n, words, prime, reader);
        ring.device.write(ring.logN, limbs[k], words);
      });
    });
  } finally {
    if (secret) words.fill(0);
  }
}

function takeLimb(view: DataView, first: number, words: Uint32Array, prime: number, reader: ByteReader): void {
  let largest = 0;
  let high = 0;
  for (let i = 0; i < words.length; i++) {
    const at = WORD_BYTES * (first + i);
    const word = view.getUint32(at, true);
    words[i] = word;
    if (word > largest) largest = word;
    high |= view.getUint32(at + 4, true);
  }
  if (high !== 0 || largest >= prime) throw reader.error(`holds a word that is no residue modulo ${prime}`);
}

/**
 * Writes a polynomial's NTT values into `target`, as `takePolynomial` reads them. Whatever power of 2^32 they carry is taken
 * out. A secret's words are overwritten but for those in `target`.
 */
export async function putPolynomial(
  target: Uint8Array,
  offset: number,
  polynomial: RnsPolynomial,
  primes = polynomial.primes,
): Promise<void> {
  const { ring } = polynomial;
  using plain = scale(polynomial, () => 1, primes, VALUES.power);
  const { secret } = plain;
  const limbs = await ring.device.read(ring.logN, plain.limbs);
  const view = new DataView(target.buffer, target.byteOffset + offset);
  let at = 0;
  for (const words of limbs) {
    for (let i = 0; i < words.length; i++, at += WORD_BYTES) {
      view.setUint32(at, words[i], true);
      view.setUint32(at + 4, 0, true);
    }
    if (secret) words.fill(0);
  }
}
