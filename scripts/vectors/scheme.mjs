// RNS-CKKS by its definition, on integers modulo the whole of Q, QP or Q·p: no residue, no NTT, no factor 2^32.
import { centred, indicator, largestPrimes, modulo, power, product } from "./integers.mjs";
import { automorphism, combine, drop, multiply } from "./polynomials.mjs";

/** What a scheme is made of: `levels` and `special` are primes, level by level; `digitPrimes` make a digit. */
export class Scheme {
  /** From the largest primes of 30 bits: the special ones first, since P must not be below a digit, then `widths` a level. */
  constructor({ n, widths, specials, digitPrimes }) {
    const primes = largestPrimes(specials + widths.reduce((a, b) => a + b), 30);
    this.n = n;
    this.digitPrimes = digitPrimes;
    this.special = primes.splice(0, specials);
    this.levels = widths.map((width) => primes.splice(0, width));
    this.p = product(this.special);
  }

  get top() {
    return this.levels.length - 1;
  }

  primesAt(level = this.top) {
    return this.levels.slice(0, level + 1).flat();
  }

  /** The primes of each digit at a level; the last may have fewer. */
  digitsAt(level = this.top) {
    const primes = this.primesAt(level);
    const count = Math.ceil(primes.length / this.digitPrimes);
    return Array.from({ length: count }, (_, d) => primes.slice(d * this.digitPrimes, (d + 1) * this.digitPrimes));
  }

  /** Q·P at a level. */
  extendedModulus(level) {
    return product(this.primesAt(level)) * this.p;
  }

  /** Digit d: b = −a·w + e + P·g_d·v modulo QP, with g_d 1 modulo the digit's primes and 0 modulo the others of Q. */
  switchingKey(v, w, uniforms, errors, level = this.top) {
    const m = this.extendedModulus(level);
    return this.digitsAt(level).map((digit, d) => {
      const gadget = this.p * indicator(digit, this.primesAt(level));
      const b = combine(m, [-1n, multiply(uniforms[d], w, m)], [1n, errors[d]], [gadget, v]);
      return { a: uniforms[d], b };
    });
  }

  /** A polynomial modulo Q as one polynomial a digit: its centred remainders modulo their primes. */
  decompose(c, level) {
    return this.digitsAt(level).map((digit) => c.map((x) => centred(x, digit)));
  }

  /** (P·c_0 + Σ digit·b, P·c_1 + Σ digit·a) modulo QP: what the key makes of c, times P. */
  innerProduct(c, key, level, rest = []) {
    const m = this.extendedModulus(level);
    return ["b", "a"].map((half, part) => {
      const terms = this.decompose(c, level).map((digit, d) => [1n, multiply(digit, key[d][half], m)]);
      return combine(m, ...terms, ...(rest[part] ? [[this.p, rest[part]]] : []));
    });
  }

  /** Divided by P. */
  dropSpecial(sums, level) {
    return sums.map((sum) => drop(sum, this.extendedModulus(level), this.special));
  }

  /** Divided by P and the primes of the level, with one rounding. */
  dropSpecialAndLevel(sums, level) {
    return sums.map((sum) => drop(sum, this.extendedModulus(level), [...this.special, ...this.levels[level]]));
  }

  /** Divided by the primes of the level. */
  rescale(parts, level) {
    return parts.map((part) => drop(part, product(this.primesAt(level)), this.levels[level]));
  }

  tensor([x0, x1], [y0, y1], level) {
    const m = product(this.primesAt(level));
    const cross = combine(m, [1n, multiply(x0, y1, m)], [1n, multiply(x1, y0, m)]);
    return [multiply(x0, y0, m), cross, multiply(x1, y1, m)];
  }

  /** The key of the automorphism σ = X → X^g, stored inverse-rotated: from s to σ^−1(s). */
  galoisKey(s, g, uniforms, errors) {
    return this.switchingKey(s, automorphism(s, this.inverseElement(g)), uniforms, errors);
  }

  /** What relinearises a product and rotates it at once: from s² to σ^−1(s). */
  productKey(s, g, uniforms, errors) {
    const square = multiply(s, s, product(this.primesAt()) * this.p);
    return this.switchingKey(square, automorphism(s, this.inverseElement(g)), uniforms, errors);
  }

  /** σ of a product in three parts, times P and modulo QP: parts 1 and 2 are switched to σ^−1(s) by a key each. */
  rotateProduct([c0, c1, c2], g, key, productKey, level) {
    const m = this.extendedModulus(level);
    const first = this.innerProduct(c1, key, level, [c0]);
    const second = this.innerProduct(c2, productKey, level);
    return first.map((x, part) => {
      const both = combine(m, [1n, x], [1n, second[part]]);
      return automorphism(both, g).map((coefficient) => modulo(coefficient, m));
    });
  }

  inverseElement(g) {
    return Number(power(BigInt(g), BigInt(this.n / 2 - 1), BigInt(2 * this.n)));
  }

  /** σ after the switch to σ^−1(s): a ciphertext under s again. */
  applyGalois([c0, c1], g, key, level) {
    const m = product(this.primesAt(level));
    const switched = this.dropSpecial(this.innerProduct(c1, key, level, [c0]), level);
    return switched.map((part) => automorphism(part, g).map((x) => modulo(x, m)));
  }

  /** b = −a·s + e modulo Q·p, p the first special prime. */
  publicKey(s, a, e) {
    const m = product(this.publicPrimes());
    return { a, b: combine(m, [-1n, multiply(a, s, m)], [1n, e]) };
  }

  publicPrimes(level) {
    return [...this.primesAt(level), this.special[0]];
  }

  /** (b·u + e_0 + p·message, a·u + e_1) modulo Q·p. */
  maskPublic(message, key, u, [e0, e1], level) {
    const m = product(this.publicPrimes(level));
    return [
      combine(m, [1n, multiply(key.b, u, m)], [1n, e0], [this.special[0], message]),
      combine(m, [1n, multiply(key.a, u, m)], [1n, e1]),
    ];
  }

  /** The same over p, rounded, modulo Q. */
  encryptPublic(message, key, u, errors, level) {
    const m = product(this.publicPrimes(level));
    return this.maskPublic(message, key, u, errors, level).map((part) => drop(part, m, [this.special[0]]));
  }

  /** (−a·s + e + message, a) modulo Q. */
  encryptSecret(message, s, a, e, level) {
    const m = product(this.primesAt(level));
    return [combine(m, [-1n, multiply(a, s, m)], [1n, e], [1n, message]), a];
  }

  /** c_0 + c_1·s + c_2·s² + … modulo Q, centred: message and noise. */
  phase(parts, s, level) {
    const m = product(this.primesAt(level));
    const zero = s.map(() => 0n);
    const sum = parts.reduceRight((rest, part) => combine(m, [1n, multiply(rest, s, m)], [1n, part]), zero);
    return sum.map((x) => (2n * x > m ? x - m : x));
  }
}
