import { toMontgomery } from "../ntt/modulus.js";
import type { Parameters } from "./parameters.js";
import { type Ring, type RnsPolynomial, scale, transform } from "./polynomial.js";
import type { Randomness } from "./randomness.js";
import { ringOf } from "./ring.js";
import { sampleTernary } from "./sampling.js";

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
    using plain = sampleTernary(ringOf(ring, parameters), primes, randomness);
    using polynomial = scale(plain, (p) => toMontgomery(1, p));
    transform(polynomial);
    const name = Array.from(randomness.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
    return new SecretKey(polynomial.move(), name);
  }

  [Symbol.dispose](): void {
    this.polynomial[Symbol.dispose]();
  }
}
