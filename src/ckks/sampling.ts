import { COEFFICIENTS, VALUES } from "./form.js";
import { OwnedLimbs } from "./limbs.js";
import { compute, type RnsPolynomial } from "./polynomial.js";
import type { Randomness } from "./randomness.js";
import type { Ring } from "./ring.js";

/**
 * Streams of one seed: the public key, a ciphertext, the relinearisation key, then the Galois elements (odd, from 3 on), each
 * with its key for products behind it.
 */
export const PUBLIC_STREAM = 0;
export const CIPHERTEXT_STREAM = 1;
export const RELINEARIZATION_STREAM = 2;

/** A uniform ternary polynomial by its coefficients: secrets and ephemeral keys. */
export function sampleTernary(ring: Ring, primes: readonly number[], randomness: Randomness): RnsPolynomial {
  return sample(ring, primes, "sampleTernary", randomness);
}

/** A fresh error by its coefficients: the discrete Gaussian of σ = 3.2, cut at 6σ. */
export function sampleGaussian(ring: Ring, primes: readonly number[], randomness: Randomness): RnsPolynomial {
  return sample(ring, primes, "sampleGaussian", randomness);
}

/** A uniform polynomial expanded from a public seed by its NTT values, at the address (stream, digit, prime). */
export function expandUniform(
  ring: Ring,
  primes: readonly number[],
  seed: Uint8Array,
  stream: number,
  digit: number,
): RnsPolynomial {
  return compute(ring, "expandUniform", primes, VALUES, (out, p) => [out, p, seedWords(seed, [stream, digit, p])]);
}

/** The signed coefficients are drawn once, in one limb, and lifted to each prime. */
function sample(
  ring: Ring,
  primes: readonly number[],
  kernel: "sampleTernary" | "sampleGaussian",
  randomness: Randomness,
): RnsPolynomial {
  const { device, logN } = ring;
  using drawn = new OwnedLimbs(ring, device.allocate(logN, 1), true);
  const [signed] = drawn.limbs;
  const seed = randomness.bytes(32);
  const words = seedWords(seed, [0, 0, 0]);
  try {
    device.launch(kernel, logN, [[signed, words]]);
  } finally {
    seed.fill(0);
    words.fill(0);
  }
  return compute(ring, "lift", primes, COEFFICIENTS, (out, p) => [out, signed, p], true);
}

function seedWords(seed: Uint8Array, nonce: readonly number[]): Uint32Array {
  const bytes = new DataView(seed.buffer, seed.byteOffset, 32);
  const words = new Uint32Array(11);
  for (let w = 0; w < 8; w++) words[w] = bytes.getUint32(4 * w, true);
  words.set(nonce, 8);
  return words;
}
