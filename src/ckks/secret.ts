import { toMontgomery } from "../ntt/modulus.js";
import type { Parameters } from "./parameters.js";
import { fromIntegers, type Ring, RnsPolynomial, scale, transform } from "./polynomial.js";
import type { Randomness } from "./randomness.js";

/**
 * A uniform ternary secret, over Q and P, as NTT values times 2^32. Never serialised; `dispose` overwrites it.
 */
export class SecretKey implements Disposable {
  private constructor(
    readonly polynomial: RnsPolynomial,
    /** Public name of the key: 128 random bits in hexadecimal. Ciphertexts and keys carry it. */
    readonly fingerprint: string,
  ) {}

  static generate(ring: Ring, parameters: Parameters, randomness: Randomness): SecretKey {
    const primes = [...parameters.primesAt(parameters.maxLevel), ...parameters.special];
    const coefficients = randomness.ternary(2 ** ring.logN);
    const plain = fromIntegers(ring, coefficients, primes);
    coefficients.fill(0);
    const polynomial = scale(plain, (p) => toMontgomery(1, p));
    plain.wipe();
    transform(polynomial);
    const name = randomness.bytes(16);
    return new SecretKey(polynomial, Array.from(name, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  }

  /** Keeps the secret out of logs: a fingerprint is all that prints. */
  toJSON(): string {
    return `SecretKey(${this.fingerprint})`;
  }

  [Symbol.dispose](): void {
    this.polynomial.wipe();
  }
}

/** Uniform residues (any fixed multiple of them is uniform too) expanded from a seed at the address `nonce`. */
export function expandUniform(
  ring: Ring,
  primes: readonly number[],
  seed: Uint8Array,
  stream: number,
  digit: number,
): RnsPolynomial {
  const key = new DataView(seed.buffer, seed.byteOffset, 32);
  const result = RnsPolynomial.allocate(ring, primes);
  ring.device.launch(
    "expandUniform",
    ring.logN,
    primes.map((p, i) => {
      const words = new Uint32Array(11);
      for (let w = 0; w < 8; w++) words[w] = key.getUint32(4 * w, true);
      words.set([stream, digit, p], 8);
      return [result.limbs[i], p, words];
    }),
  );
  return result;
}

/** A fresh error as NTT values. */
export function sampleError(ring: Ring, primes: readonly number[], randomness: Randomness): RnsPolynomial {
  const error = randomness.gaussian(2 ** ring.logN);
  const poly = fromIntegers(ring, error, primes);
  error.fill(0);
  transform(poly);
  return poly;
}
