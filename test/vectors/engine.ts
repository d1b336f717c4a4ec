import { createHash } from "node:crypto";
import { type Parameters, Randomness } from "../../src/ckks/index.js";
import { compute, type Ring, RnsPolynomial, scale, transform } from "../../src/ckks/polynomial.js";
import { ringOf } from "../../src/ckks/ring.js";
import type { Device } from "../../src/ntt/device.js";
import { fromMontgomery, toMontgomery } from "../../src/ntt/modulus.js";

/** What holds polynomials of these parameters. */
export function ringFor(device: Device, parameters: Parameters): Ring {
  return ringOf({ device, logN: parameters.logN }, parameters);
}

/** Residues by prime, in coefficient order, as the vectors write them: without any power of 2^32. */
export type Residues = readonly ArrayLike<number>[];

/** How often a stored polynomial carries 2^32, by prime: a key's digits and plaintexts once, ciphertexts never. */
export type Powers = (prime: number) => number;

/** What the engine stores, as the vectors write it. */
export async function residuesOf(
  poly: Pick<RnsPolynomial, "ring" | "primes" | "limb">,
  power: Powers = () => 0,
): Promise<Uint32Array[]> {
  const { ring, primes } = poly;
  using coefficients = compute(ring, "intt", primes, (out, p) => [out, poly.limb(p), p, twoTo32(-power(p), p)]);
  return ring.device.read(ring.logN, coefficients.limbs);
}

/** What the vectors write, as the engine stores it. */
export function stored(ring: Ring, residues: Residues, primes: readonly number[], power: Powers = () => 0) {
  using plain = RnsPolynomial.allocate(ring, primes);
  primes.forEach((_, i) => {
    ring.device.write(ring.logN, plain.limbs[i], Uint32Array.from(residues[i]));
  });
  const result = scale(plain, (p) => twoTo32(power(p), p));
  transform(result);
  return result;
}

/** 2^(32·exponent) mod p. */
function twoTo32(exponent: number, p: number): number {
  let result = 1;
  for (let i = 0; i < Math.abs(exponent); i++) result = (exponent > 0 ? toMontgomery : fromMontgomery)(result, p);
  return result;
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
