import { SecretEncryptor } from "../../src/ckks/encryptor.js";
import { VALUES } from "../../src/ckks/form.js";
import { type Ciphertext, KeyGenerator, type Parameters, Randomness, Ring, SecretKey } from "../../src/ckks/index.js";
import { compute, type RnsPolynomial } from "../../src/ckks/polynomial.js";
import { residue, toMontgomery } from "../../src/ntt/modulus.js";
import { testDevice } from "./settings.js";

/** A secret key in the open, for tests that look at noise itself. */
export async function openSecret(parameters: Parameters, seed: number) {
  const device = await testDevice();
  const ring = Ring.of(device, parameters);
  const randomness = Randomness.seededUnsafe(seed);
  const secret = await SecretKey.generate(ring, randomness.fork());
  const generator = new KeyGenerator(secret, randomness.fork());
  const encryptor = new SecretEncryptor(secret, randomness.fork());
  return { device, ring, secret, generator, encryptor };
}

/** The exact integer coefficients, centred modulo Q, of a polynomial given by NTT values times 2^(32·carry). */
export async function coefficients(
  poly: RnsPolynomial,
  primes: readonly number[],
  carry: 0 | 1 = 0,
): Promise<bigint[]> {
  const { device, logN } = poly.ring;
  using values = compute(poly.ring, "intt", primes, VALUES, (out, p) => [
    out,
    poly.limb(p),
    p,
    carry === 0 ? 1 : toMontgomery(1, p),
  ]);
  return lift(await device.read(logN, values.limbs), primes);
}

/** The integers in [−Q/2, Q/2) with given residues, by the Chinese remainder theorem in BigInt. */
export function lift(residues: readonly Uint32Array[], primes: readonly number[]): bigint[] {
  const q = primes.reduce((product, p) => product * BigInt(p), 1n);
  const weights = primes.map((p) => {
    const rest = q / BigInt(p);
    return rest * BigInt(inverse(residue(rest, p), p));
  });
  return Array.from(residues[0], (_, i) => {
    const sum = primes.reduce((x, _p, j) => x + weights[j] * BigInt(residues[j][i]), 0n) % q;
    return 2n * sum >= q ? sum - q : sum;
  });
}

/** c_0 + c_1·s (+ c_2·s²): message and noise, as exact integers. */
export async function phase(ct: Ciphertext, secret: SecretKey, parameters: Parameters): Promise<bigint[]> {
  const primes = parameters.primesAt(ct.level);
  const { ring } = ct.parts[0];
  let sum = compute(ring, "copy", primes, VALUES, (out, p) => [out, ct.parts[ct.parts.length - 1].limb(p)]);
  for (const part of [...ct.parts].reverse().slice(1)) {
    using previous = sum;
    using product = compute(ring, "multiply", primes, VALUES, (out, p) => [
      out,
      previous.limb(p),
      secret.polynomial.limb(p),
      p,
    ]);
    sum = compute(ring, "add", primes, VALUES, (out, p) => [out, product.limb(p), part.limb(p), p]);
  }
  using result = sum;
  return coefficients(result, primes, ct.parts.length > 2 ? 1 : 0);
}

/** The coefficients under X → X^galois. */
export function automorphism(coefficients: readonly bigint[], galois: number): bigint[] {
  const n = coefficients.length;
  const result = new Array<bigint>(n);
  coefficients.forEach((c, i) => {
    const exponent = (i * galois) % (2 * n);
    result[exponent % n] = exponent < n ? c : -c;
  });
  return result;
}

/** Largest absolute value, and mean square, of differences modulo nothing. */
export function noise(a: readonly bigint[], b: readonly bigint[]): { max: number; variance: number } {
  const errors = a.map((x, i) => Number(x - b[i]));
  return {
    max: errors.reduce((max, e) => Math.max(max, Math.abs(e)), 0),
    variance: errors.reduce((sum, e) => sum + e * e, 0) / errors.length,
  };
}

function inverse(a: number, p: number): number {
  let [result, base, exponent] = [1n, BigInt(a), BigInt(p - 2)];
  for (; exponent > 0n; exponent >>= 1n, base = (base * base) % BigInt(p)) {
    if (exponent & 1n) result = (result * base) % BigInt(p);
  }
  return Number(result);
}
