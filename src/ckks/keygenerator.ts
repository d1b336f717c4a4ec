import { productModulo, toMontgomery } from "../ntt/modulus.js";
import { type Carry, carryFactor } from "./basis.js";
import { kindOf } from "./copies.js";
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
import { allOrNothing, type Keep } from "./limbs.js";
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

interface SwitchingKeyRequest {
  readonly level: number;
  readonly carry: Carry;
  /** Of the uniform halves: a stream of a seed. */
  readonly seed: Uint8Array;
  readonly stream: number;
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
    using a = expandUniform(this.ring, primes, seed, PUBLIC_STREAM, 0);
    return new PublicKey(this.secret.fingerprint, this.encrypt(a, this.secret.polynomial), a.move(), seed);
  }

  /**
   * Costs dnum·(primes of Q and P) NTTs a key.
   * @throws RangeError for a level that does not exist or steps that are no whole number, TypeError for rotations that are
   *   no list, before any key is made.
   */
  evaluationKeys(request: EvaluationKeyRequest = {}): EvaluationKeys {
    const { maxLevel } = this.parameters;
    const { relinearize = maxLevel, rotations = [], conjugate = false } = request;
    if (relinearize !== false) this.parameters.requireLevel(relinearize, "relinearize: level");
    const levels = this.rotationLevels(rotations);
    if (conjugate) levels.set(conjugationElement(this.ring.logN), maxLevel);
    const seed = this.randomness.bytes(32);
    return allOrNothing((keep) => {
      const relinearization = relinearize === false ? undefined : this.relinearizationKey(relinearize, seed, keep);
      const galoisKeys = new Map<number, SwitchingKey>();
      for (const [galois, level] of levels) galoisKeys.set(galois, this.galoisKey(galois, level, seed, keep));
      return new EvaluationKeys(this.secret.fingerprint, relinearization, galoisKeys, seed);
    });
  }

  /** The highest level asked for, by Galois element. */
  private rotationLevels(rotations: NonNullable<EvaluationKeyRequest["rotations"]>): Map<number, number> {
    if (typeof rotations?.[Symbol.iterator] !== "function" || typeof rotations === "string") {
      throw new TypeError(`rotations: a list of steps was expected, not ${kindOf(rotations)}`);
    }
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

  private relinearizationKey(level: number, seed: Uint8Array, keep: Keep): SwitchingKey {
    const s = this.secret.polynomial;
    using square = multiply(s, s); // s² times 2^32
    return this.switchingKey(square, s, { level, carry: -1, seed, stream: RELINEARIZATION_STREAM }, keep);
  }

  private galoisKey(galois: number, level: number, seed: Uint8Array, keep: Keep): SwitchingKey {
    using rotated = permute(this.secret.polynomial, inverseElement(galois, this.ring.logN));
    return this.switchingKey(this.secret.polynomial, rotated, { level, carry: 0, seed, stream: galois }, keep);
  }

  /** A key from one secret to another, both as NTT values times 2^32. */
  private switchingKey(
    from: RnsPolynomial,
    to: RnsPolynomial,
    { level, carry, seed, stream }: SwitchingKeyRequest,
    keep: Keep,
  ): SwitchingKey {
    const { special, digitPrimes } = this.parameters;
    const levelPrimes = this.parameters.primesAt(level);
    const digits = chunks(levelPrimes, digitPrimes).map((digit, index) => {
      using a = expandUniform(this.ring, [...levelPrimes, ...special], seed, stream, index);
      const undo = (p: number) => (digit.includes(p) ? carryFactor(carry, p) : 1);
      const message = (b: RnsPolynomial) => addScaled(b, from, (p) => productModulo([...special, undo(p)], p), digit);
      return { b: keep(this.encrypt(a, to, undo, message)), a: keep(a.move()) };
    });
    return { level, carry, digits };
  }

  /**
   * b = −a·secret + e over the primes of a, and what `message` adds; a and b times 2^32, and times `factor`, which a
   * uniform a has anyway.
   */
  private encrypt(
    a: RnsPolynomial,
    secret: RnsPolynomial,
    factor = (_: number) => 1,
    message = (_: RnsPolynomial): void => {},
  ): RnsPolynomial {
    using product = multiply(a, secret); // product / a is the secret
    using b = negate(product);
    using error = sampleGaussian(this.ring, a.primes, this.randomness);
    transform(error);
    addScaled(b, error, (p) => toMontgomery(factor(p), p));
    message(b);
    return b.publish();
  }
}

/** Public-key encryption works modulo Q and one more prime, which it then drops together with most of its noise. */
export function publicPrimes(parameters: Parameters, level: number): number[] {
  return [...parameters.primesAt(level), parameters.special[0]];
}
