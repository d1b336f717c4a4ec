import { SEND_AGAIN } from "../../bytes/reader.js";
import { FormatError } from "../../errors.js";
import { COEFFICIENTS } from "../form.js";
import { OwnedLimbs } from "../limbs.js";
import { compute, type RnsPolynomial, toCoefficients } from "../polynomial.js";
import type { Ring } from "../ring.js";

/** A ternary polynomial in a file: coefficient + 1 in two bits, four to a byte, the first in the lowest bits. */
export function ternaryBytes(logN: number): number {
  return 2 ** (logN - 2);
}

/** The coefficients −1, 0, 1 of a secret, as signed words. Whoever asks overwrites them. */
export async function ternaryCoefficients(secret: RnsPolynomial): Promise<Int32Array> {
  const { ring } = secret;
  const [prime] = secret.primes;
  const read = async () => {
    using coefficients = toCoefficients(secret, [prime]);
    return ring.device.read(ring.logN, coefficients.limbs);
  };
  const [words] = await read();
  const signed = new Int32Array(words.buffer, words.byteOffset, words.length);
  for (let i = 0; i < signed.length; i++) if (signed[i] > 1) signed[i] -= prime;
  return signed;
}

/** Into `bytes`, which are zero; `coefficients` are overwritten. */
export function packTernary(coefficients: Int32Array, bytes: Uint8Array): void {
  for (let i = 0; i < coefficients.length; i++) bytes[i >>> 2] |= (coefficients[i] + 1) << (2 * (i & 3));
  coefficients.fill(0);
}

/** A secret by its coefficients modulo `primes`. @throws FormatError for two bits that are no coefficient */
export function readTernary(ring: Ring, primes: readonly number[], bytes: Uint8Array): RnsPolynomial {
  const signed = new Int32Array(2 ** ring.logN);
  try {
    let largest = 0;
    for (let i = 0; i < signed.length; i++) {
      const value = (bytes[i >>> 2] >>> (2 * (i & 3))) & 3;
      largest = Math.max(largest, value);
      signed[i] = value - 1;
    }
    if (largest > 2) throw new FormatError("a coefficient of this secret key is none of −1, 0 and 1", SEND_AGAIN);
    using words = new OwnedLimbs(ring, ring.device.allocate(ring.logN, 1), true);
    const [limb] = words.limbs;
    ring.device.write(ring.logN, limb, signed);
    return compute(ring, "lift", primes, COEFFICIENTS, (out, p) => [out, limb, p], true);
  } finally {
    signed.fill(0);
  }
}
