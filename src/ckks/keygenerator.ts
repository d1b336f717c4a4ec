import { productModulo, toMontgomery } from "../ntt/modulus.js";
import { type Carry, carryFactor } from "./basis.js";
import {
  conjugationElement,
  EvaluationKeys,
  inverseElement,
  PUBLIC_STREAM,
  PublicKey,
  RELINEARIZATION_STREAM,
  requireSteps,
  rotationElement,
  type SwitchingKey,
} from "./keys.js";
import type { Parameters } from "./parameters.js";
import { addScaled, multiply, negate, permute, type Ring, type RnsPolynomial, transform } from "./polynomial.js";
import { chunks } from "./primelist.js";
import type { Randomness } from "./randomness.js";
import { requireRing, ringOf } from "./ring.js";
import { expandUniform, sampleGaussian } from "./sampling.js";
import type { SecretKey } from "./secret.js";

/** Which evaluation keys to make. A key made for a level is smaller, and works at that level and below. */
export interface EvaluationKeyRequest {
  /** Level of the relinearisation key; default the highest, `false` for none. */
  readonly relinearize?: number | false;
  /** Rotation steps, each at the highest level or with its own. */
  readonly rotations?: Iterable<number> | ReadonlyMap<number, number>;
  readonly conjugate?: boolean;
}

/** Makes every key that follows from a secret key. Each call draws a new seed: two keys never share a uniform half. */
export class KeyGenerator {
  private readonly ring: Ring;

  constructor(
    ring: Ring,
    private readonly parameters: Parameters,
    private readonly secret: SecretKey,
    private readonly randomness: Randomness,
  ) {
    this.ring = ringOf(ring, parameters);
    requireRing(this.ring, secret.polynomial.ring, "the secret key");
  }

  publicKey(): PublicKey {
    const seed = this.randomness.bytes(32);
    const primes = publicPrimes(this.parameters, this.parameters.maxLevel);
    const a = expandUniform(this.ring, primes, seed, PUBLIC_STREAM, 0);
    return new PublicKey(this.secret.fingerprint, this.encryptZero(a, this.secret.polynomial), a, seed);
  }

  /**
   * Costs dnum·(primes of Q and P) NTTs a key.
   * @throws RangeError for a level that does not exist or steps that are no whole number, before any key is made.
   */
  evaluationKeys(request: EvaluationKeyRequest = {}): EvaluationKeys {
    const { maxLevel } = this.parameters;
    const { relinearize = maxLevel, rotations = [], conjugate = false } = request;
    if (relinearize !== false) this.parameters.requireLevel(relinearize, "relinearize: level");
    const levels = this.rotationLevels(rotations);
    if (conjugate) levels.set(conjugationElement(this.ring.logN), maxLevel);
    const seed = this.randomness.bytes(32);
    let relinearization: SwitchingKey | undefined;
    if (relinearize !== false) {
      const s = this.secret.polynomial;
      using square = multiply(s, s); // s² times 2^32
      relinearization = this.switchingKey(square, s, relinearize, seed, RELINEARIZATION_STREAM, -1);
      square.wipe();
    }
    const galoisKeys = new Map<number, SwitchingKey>();
    for (const [galois, level] of levels) galoisKeys.set(galois, this.galoisKey(galois, level, seed));
    return new EvaluationKeys(this.secret.fingerprint, relinearization, galoisKeys, seed);
  }

  /** The highest level asked for, by Galois element. */
  private rotationLevels(rotations: NonNullable<EvaluationKeyRequest["rotations"]>): Map<number, number> {
    const levels = new Map<number, number>();
    for (const entry of rotations) {
      const [steps, level] = Array.isArray(entry) ? entry : [entry as number, this.parameters.maxLevel];
      requireSteps(steps, "rotations: step");
      this.parameters.requireLevel(level, `rotations: step ${steps} with level`);
      const galois = rotationElement(steps, this.ring.logN);
      levels.set(galois, Math.max(level, levels.get(galois) ?? 0));
    }
    levels.delete(1);
    return levels;
  }

  private galoisKey(galois: number, level: number, seed: Uint8Array): SwitchingKey {
    const rotated = permute(this.secret.polynomial, inverseElement(galois, this.ring.logN));
    const key = this.switchingKey(this.secret.polynomial, rotated, level, seed, galois);
    rotated.wipe();
    return key;
  }

  /** A key from one secret to another, both as NTT values times 2^32. */
  private switchingKey(
    from: RnsPolynomial,
    to: RnsPolynomial,
    level: number,
    seed: Uint8Array,
    stream: number,
    carry: Carry = 0,
  ): SwitchingKey {
    const { special, digitPrimes } = this.parameters;
    const levelPrimes = this.parameters.primesAt(level);
    const digits = chunks(levelPrimes, digitPrimes).map((digit, index) => {
      const a = expandUniform(this.ring, [...levelPrimes, ...special], seed, stream, index);
      const undo = (p: number) => (digit.includes(p) ? carryFactor(carry, p) : 1);
      const b = this.encryptZero(a, to, undo);
      addScaled(b, from, (p) => productModulo([...special, undo(p)], p), digit);
      return { b, a };
    });
    return { level, carry, digits };
  }

  /** b = −a·secret + e over the primes of a; a and b times 2^32, and times `factor`, which a uniform a has anyway. */
  private encryptZero(a: RnsPolynomial, secret: RnsPolynomial, factor = (_: number) => 1): RnsPolynomial {
    const product = multiply(a, secret);
    const b = negate(product);
    product.wipe(); // product / a is the secret
    const error = sampleGaussian(this.ring, a.primes, this.randomness);
    transform(error);
    addScaled(b, error, (p) => toMontgomery(factor(p), p));
    error.wipe();
    return b;
  }
}

/** Public-key encryption works modulo Q and one more prime, which it then drops together with most of its noise. */
export function publicPrimes(parameters: Parameters, level: number): number[] {
  return [...parameters.primesAt(level), parameters.special[0]];
}
