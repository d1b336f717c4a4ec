import { type RnsPolynomial, toOperand } from "../polynomial.js";
import { Randomness } from "../randomness.js";
import { type Ring, requireIsRing } from "../ring.js";
import { sampleTernary } from "../sampling.js";

/** A uniform ternary secret over Q and P, as an operand. `dispose` overwrites it. */
export class SecretKey implements Disposable {
  private constructor(
    readonly polynomial: RnsPolynomial,
    /** Public name of the key: 128 random bits in hexadecimal. Ciphertexts and keys carry it. */
    readonly fingerprint: string,
  ) {}

  get ring(): Ring {
    return this.polynomial.ring;
  }

  static generate(ring: Ring, randomness: Randomness): SecretKey {
    requireIsRing(ring);
    const { parameters } = ring;
    const primes = [...parameters.primesAt(parameters.maxLevel), ...parameters.special];
    using plain = sampleTernary(ring, primes, randomness);
    using polynomial = toOperand(plain);
    polynomial.transform();
    return new SecretKey(polynomial.move(), newName(randomness));
  }

  /**
   * A key that was made elsewhere: an operand over all primes, which it takes over.
   * @param fingerprint the name that its ciphertexts have already; a new one if absent
   */
  static from(polynomial: RnsPolynomial, fingerprint?: string): SecretKey {
    using system = Randomness.system();
    return new SecretKey(polynomial, fingerprint ?? newName(system));
  }

  [Symbol.dispose](): void {
    this.polynomial[Symbol.dispose]();
  }
}

function newName(randomness: Randomness): string {
  return Array.from(randomness.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
