import { addScaled, multiply, negate, type RnsPolynomial } from "../polynomial.js";
import type { Randomness } from "../randomness.js";
import { sampleGaussian } from "../sampling.js";
import { type OwnPrimes, ownFactor } from "./uniform.js";

/** How a half b is made of its uniform half a. */
export interface Masking {
  /** An operand, the key that b is made for. */
  readonly secret: RnsPolynomial;
  /** Of the error. */
  readonly randomness: Randomness;
  readonly own?: OwnPrimes;
  /** Adds to b what it is to hide. */
  readonly message?: (b: RnsPolynomial) => void;
}

/** b = −a·secret + e over the primes of a, and the message: an operand as a is, times `ownFactor`. */
export function maskedHalf(a: RnsPolynomial, { secret, randomness, own, message }: Masking): RnsPolynomial {
  using product = multiply(a, secret); // product / a is the secret
  using b = negate(product);
  using error = sampleGaussian(a.ring, a.primes, randomness);
  error.transform();
  addScaled(b, error, (p) => ownFactor(p, own));
  message?.(b);
  return b.publish();
}
