import type { RnsPolynomial } from "../polynomial.js";

/**
 * Turns products with a secret v into encryptions under a secret w. Digit d is the pair (b, a) with
 * b = −a·w + e + P·g_d·v, where g_d is 1 modulo the primes of the digit and 0 modulo the others
 * of Q. Both are operands. A key made for a level has only that level's primes, and P.
 * Source: Han and Ki, "Better bootstrapping for approximate homomorphic encryption", CT-RSA 2020.
 */
export interface SwitchingKey {
  readonly level: number;
  /**
   * The power of 2^32 that residues modulo a digit's own primes carry: there the key carries the opposite. −1 where v is
   * s², since a product of two ciphertexts comes unscaled.
   */
  readonly power: number;
  readonly digits: readonly KeyDigit[];
}

export interface KeyDigit {
  readonly b: RnsPolynomial;
  readonly a: RnsPolynomial;
}

/** What an unrelinearised product carries, and the key that it meets takes away. */
export const PRODUCT_POWER = -1;
