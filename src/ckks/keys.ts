import { powerModulo } from "../ntt/modulus.js";
import type { Carry } from "./basis.js";
import { COPY, kindOf, THIS_COPY } from "./copies.js";
import type { RnsPolynomial } from "./polynomial.js";
import type { Residency } from "./residency.js";
import { expandUniform } from "./sampling.js";
import { refuseJson } from "./storage.js";

/**
 * Turns products with a secret v into encryptions under a secret w. Digit d is the pair (b, a) with
 * b = −a·w + e + P·g_d·v, where g_d is 1 modulo the primes of the digit and 0 modulo the others
 * of Q. Stored times 2^32; where v is s², digit d modulo its own primes times 2^64, since there it meets what a product
 * left and nothing scaled. A key made for a level has only that level's primes, and P.
 * Source: Han and Ki, "Better bootstrapping for approximate homomorphic encryption", CT-RSA 2020.
 */
export interface SwitchingKey {
  readonly level: number;
  /** What the polynomial that it switches carries. */
  readonly carry: Carry;
  readonly digits: readonly { readonly b: RnsPolynomial; readonly a: RnsPolynomial }[];
}

/** Streams of one seed: the public key, the relinearisation key, then the Galois elements (odd, from 3 on). */
export const PUBLIC_STREAM = 0;
export const RELINEARIZATION_STREAM = 2;

/** Encrypts for the holder of one secret key; may be known to anybody. */
export class PublicKey implements Disposable {
  constructor(
    readonly fingerprint: string,
    /** Over Q and the first special prime, times 2^32. */
    readonly b: RnsPolynomial,
    readonly a: RnsPolynomial,
    /** Seed of `a`. */
    readonly seed: Uint8Array,
  ) {}

  get [COPY](): object {
    return THIS_COPY;
  }

  /** Bytes on the wire: b packed, a as its seed. */
  get packedBytes(): number {
    return this.b.packedBytes + this.seed.length;
  }

  [Symbol.dispose](): void {
    this.b[Symbol.dispose]();
    this.a[Symbol.dispose]();
  }
}

/** What a server needs to compute: relinearisation, rotations, conjugation. Reveals nothing about the secret key. */
export class EvaluationKeys implements Disposable {
  constructor(
    readonly fingerprint: string,
    /** From s² to s. */
    readonly relinearization: SwitchingKey | undefined,
    /** By Galois element g, stored inverse-rotated: switches from s to σ_g^−1(s), before σ_g is applied to the result. */
    readonly galois: ReadonlyMap<number, SwitchingKey>,
    readonly seed: Uint8Array,
    /** Where the keys live, if not in the device's memory. */
    readonly residency?: Residency,
  ) {}

  get [COPY](): object {
    return THIS_COPY;
  }

  get all(): SwitchingKey[] {
    return [...(this.relinearization ? [this.relinearization] : []), ...this.galois.values()];
  }

  /** Bytes on the wire: the b halves packed, one seed for all a halves. */
  get packedBytes(): number {
    return this.all.flatMap((key) => key.digits).reduce((bytes, { b }) => bytes + b.packedBytes, this.seed.length);
  }

  /** Bytes in the device's memory, when all of them are there. */
  get bytes(): number {
    return this.all.flatMap((key) => key.digits).reduce((n, { b }) => n + 2 * b.bytes, 0);
  }

  /** A map is `{}` in JSON. @throws FormatError always. */
  toJSON(): never {
    return refuseJson();
  }

  /**
   * The same keys outside of the device's memory, in `residency`: halves b packed, halves a made again from the seed
   * whenever they are used. These ones are disposed of.
   */
  async page(residency: Residency): Promise<EvaluationKeys> {
    const pageKey = async (key: SwitchingKey, stream: number): Promise<SwitchingKey> => {
      const digits: { b: RnsPolynomial; a: RnsPolynomial }[] = [];
      for (const [index, { b, a }] of key.digits.entries()) {
        const { ring, primes } = a;
        const make = () => expandUniform(ring, primes, this.seed, stream, index);
        digits.push({ b: await residency.page(b), a: residency.regenerate(a, make) });
      }
      return { ...key, digits };
    };
    const relinearization = this.relinearization && (await pageKey(this.relinearization, RELINEARIZATION_STREAM));
    const galois = new Map<number, SwitchingKey>();
    for (const [element, key] of this.galois) galois.set(element, await pageKey(key, element));
    return new EvaluationKeys(this.fingerprint, relinearization, galois, this.seed, residency);
  }

  [Symbol.dispose](): void {
    for (const { b, a } of this.all.flatMap((key) => key.digits)) {
      b[Symbol.dispose]();
      a[Symbol.dispose]();
    }
  }
}

/** @throws RangeError, which calls them `name`, for steps that are no whole number. */
export function requireSteps(steps: number, name = "steps"): void {
  if (!Number.isSafeInteger(steps)) throw new RangeError(`${name} ${steps} is not a whole number`);
}

/** @throws TypeError for what is no list; each step is looked at where it is taken. */
export function requireStepList(steps: readonly number[]): void {
  if (!Array.isArray(steps)) throw new TypeError(`steps: a list of numbers was expected, not ${kindOf(steps)}`);
}

/** The Galois element of a rotation by `steps` slots to the left: 5^steps mod 2N. */
export function rotationElement(steps: number, logN: number): number {
  const order = 2 ** (logN - 1);
  return powerModulo(5, ((steps % order) + order) % order, 4 * order);
}

/** The Galois element of complex conjugation, −1 mod 2N. */
export function conjugationElement(logN: number): number {
  return 2 ** (logN + 1) - 1;
}

/** The element that undoes `galois`: the group of units modulo 2N has exponent N/2. */
export function inverseElement(galois: number, logN: number): number {
  return powerModulo(galois, 2 ** (logN - 1) - 1, 2 ** (logN + 1));
}
