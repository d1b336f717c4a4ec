import { fromMontgomery, toMontgomery } from "../ntt/modulus.js";

/**
 * How residues stand for a polynomial x: they are those of x·2^(32·power), of its coefficients or of its NTT values.
 * Products of two limbs are a·b·2^−32, so that one factor of each is kept times 2^32 beforehand.
 */
export interface Form {
  readonly domain: "coefficients" | "values";
  readonly power: number;
}

export const COEFFICIENTS: Form = Object.freeze({ domain: "coefficients", power: 0 });

/** What ciphertexts are made of. */
export const VALUES: Form = Object.freeze({ domain: "values", power: 0 });

/** What they are multiplied by: plaintexts, keys, secrets. */
export const OPERAND: Form = Object.freeze({ domain: "values", power: 1 });

/** Parts of a product of two ciphertexts, until it is relinearised. */
export const PRODUCT: Form = Object.freeze({ domain: "values", power: -1 });

/** The form of a product of two polynomials. @throws TypeError unless both are NTT values. */
export function productForm(a: Form, b: Form): Form {
  requireDomain("values", a);
  requireDomain("values", b);
  return { domain: "values", power: a.power + b.power - 1 };
}

/** @throws TypeError for another domain. */
export function requireDomain(domain: Form["domain"], form: Form): void {
  if (form.domain === domain) return;
  throw new TypeError(`a polynomial by its ${form.domain} stands where one by its ${domain} belongs`);
}

/** @throws TypeError where two forms differ: the sum of such residues means nothing. */
export function requireSameForm(a: Form, b: Form): void {
  requireDomain(a.domain, b);
  if (a.power === b.power) return;
  throw new TypeError(`a polynomial times 2^${32 * a.power} meets one times 2^${32 * b.power}`);
}

/** 2^(32·power) modulo p. */
export function powerOfWord(power: number, p: number): number {
  let factor = 1;
  for (let i = 0; i < power; i++) factor = toMontgomery(factor, p);
  for (let i = 0; i > power; i--) factor = fromMontgomery(factor, p);
  return factor;
}
