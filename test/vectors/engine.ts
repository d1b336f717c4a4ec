import { createHash } from "node:crypto";
import { COEFFICIENTS, type Form, VALUES } from "../../src/ckks/form.js";
import { Randomness } from "../../src/ckks/index.js";
import { type OwnPrimes, ownFactor } from "../../src/ckks/keys/uniform.js";
import { RnsPolynomial, scale, toCoefficients } from "../../src/ckks/polynomial.js";
import type { Ring } from "../../src/ckks/ring.js";
import { inverseModulo } from "../../src/ntt/modulus.js";

/** Residues by prime, in coefficient order, as the vectors write them: without any power of 2^32. */
export type Residues = readonly ArrayLike<number>[];

/** What the engine stores, as the vectors write it. A half of a key is stored times more modulo its digit's `own` primes. */
export async function residuesOf(poly: RnsPolynomial, own?: OwnPrimes): Promise<Uint32Array[]> {
  const { ring, primes } = poly;
  using plain = scale(poly, (p) => inverseModulo(ownFactor(p, own), p), primes, VALUES.power);
  using coefficients = toCoefficients(plain);
  return ring.device.read(ring.logN, coefficients.limbs);
}

/** What the vectors write, as the engine stores it: NTT values, times the power of `form`. */
export function stored(
  ring: Ring,
  residues: Residues,
  primes: readonly number[],
  form: Form = VALUES,
  own?: OwnPrimes,
): RnsPolynomial {
  using plain = RnsPolynomial.allocate(ring, primes, COEFFICIENTS);
  primes.forEach((_, i) => {
    ring.device.write(ring.logN, plain.limbs[i], Uint32Array.from(residues[i]));
  });
  plain.transform();
  return scale(plain, (p) => ownFactor(p, own), primes, form.power);
}

/** SHA-256 of canonical bytes: prime by prime, coefficient by coefficient, 32 bits each, little-endian. */
export function sha256(residues: readonly (Uint32Array | Int32Array)[]): string {
  const hash = createHash("sha256");
  for (const words of residues) hash.update(words);
  return hash.digest("hex");
}

/**
 * Hands out given seeds, in hexadecimal, in the order in which they are drawn: what decides every key and every error. Bytes of
 * another length decide none, they are names.
 */
export function replay(seeds: readonly string[]): Randomness {
  const rest = [...seeds];
  const bytes = (length: number) => {
    if (length !== 32) return new Uint8Array(length);
    const seed = rest.shift();
    if (seed === undefined) throw new RangeError("more seeds are drawn than the vector has");
    return new Uint8Array(Buffer.from(seed, "hex"));
  };
  return Object.assign(Object.create(Randomness.prototype) as Randomness, { bytes });
}
