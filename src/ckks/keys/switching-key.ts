import type { Parameters } from "../parameters.js";
import type { RnsPolynomial } from "../polynomial.js";
import { chunks } from "../primelist.js";
import { RELINEARIZATION_STREAM } from "../sampling.js";
import type { OwnPrimes } from "./uniform.js";

/**
 * Turns products with a secret v into encryptions under a secret w. Digit d is the pair (b, a) with
 * b = −a·w + e + P·g_d·v, where g_d is 1 modulo the primes of the digit and 0 modulo the others
 * of Q. Both are operands. A key made for a level has only that level's primes, and those of its gadget's P.
 * Source: Han and Ki, "Better bootstrapping for approximate homomorphic encryption", CT-RSA 2020.
 */
export interface SwitchingKey {
  /**
   * Of σ, where v is s and w is σ^−1(s): its Galois element. Where v is s², w is the same, and without an element it is s: the
   * relinearisation key.
   */
  readonly element: number | undefined;
  /** The highest level at which it can be used. */
  readonly level: number;
  /**
   * The power of 2^32 that residues modulo a digit's own primes carry: there the key carries the opposite. −1 where v is
   * s², since a product of two ciphertexts comes unscaled.
   */
  readonly power: number;
  /** One for each digit of the level's primes. */
  readonly digits: readonly KeyDigit[];
  /** Of the halves a, which follow from it; keys from elsewhere may have none. */
  readonly seed: Uint8Array | undefined;
}

/** One digit of a switching key: the pair (b, a), `b` masked and `a` uniform, see SwitchingKey. */
export interface KeyDigit {
  readonly b: RnsPolynomial;
  readonly a: RnsPolynomial;
}

/** What an unrelinearised product carries, and the key that it meets takes away. */
export const PRODUCT_POWER = -1;

/**
 * What a key is asked for by: its Galois element; `undefined`, the relinearisation key; "product-" and an element σ, the key
 * that relinearises a product and rotates it at once, from s² to σ^−1(s).
 */
export type KeyName = number | undefined | `product-${number}`;

/** The name of a key among those of one secret. */
export function keyName({ element, power }: Pick<SwitchingKey, "element" | "power">): KeyName {
  return power === PRODUCT_POWER && element !== undefined ? `product-${element}` : element;
}

/** Where in its seed's stream a key's halves a are: at the element, which is odd, or behind it. */
export function streamOf({ element, power }: Pick<SwitchingKey, "element" | "power">): number {
  if (element === undefined) return RELINEARIZATION_STREAM;
  return power === PRODUCT_POWER ? element + 1 : element;
}

/** The primes of each digit, which carry the key's power. */
export function ownPrimesOf(
  { level, power }: Pick<SwitchingKey, "level" | "power">,
  parameters: Parameters,
): OwnPrimes[] {
  return chunks(parameters.primesAt(level), parameters.gadgetAt(level).digitPrimes).map((primes) => ({
    primes,
    power,
  }));
}
