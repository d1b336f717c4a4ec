import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fromMontgomery,
  inverseModulo,
  multiplyModulo,
  powerModulo,
  residue,
  toMontgomery,
} from "../../src/ntt/modulus.js";
import { choosePrimes, isPrime, primePool } from "../../src/ntt/primes.js";
import { automorphismTable, minimalRoot, powersInBitReversedOrder, reverseBits } from "../../src/ntt/roots.js";
import { PRIMES } from "./limbs.js";

const pool = primePool();

function isPrimeByTrial(n: number): boolean {
  if (n % 2 === 0) return n === 2;
  for (let d = 3; d * d <= n; d += 2) if (n % d === 0) return false;
  return n > 1;
}

describe("the prime pool", () => {
  test("is every prime k·2^17 + 1 below 2^30, largest first: 822, of which 395 above 2^29", () => {
    const found: number[] = [];
    for (let p = 2 ** 30 - 2 ** 17 + 1; p > 1; p -= 2 ** 17) if (isPrimeByTrial(p)) found.push(p);
    expect(pool).toEqual(found);
    expect(pool).toHaveLength(822);
    expect(pool.filter((p) => p > 2 ** 29)).toHaveLength(395);
    expect(pool.every((p) => p % 2 ** 17 === 1)).toBe(true);
  });

  test("has three primes below 2^22, and 20 below 2^24 that base conversion cannot take", () => {
    expect(pool.filter((p) => p < 2 ** 22)).toEqual([2752513, 1179649, 786433]);
    expect(pool.filter((p) => p < 2 ** 24)).toHaveLength(20);
  });

  test("chooses the largest that are not taken, or says how many there are", () => {
    expect(choosePrimes(2, 30, [pool[0], pool[2]])).toEqual([pool[1], pool[3]]);
    expect(choosePrimes(3, 22)).toEqual([2752513, 1179649, 786433]);
    expect(() => choosePrimes(4, 22)).toThrow("only 3 of 4");
  });

  test("Miller and Rabin agree with trial division", () => {
    for (const n of [-7, 0, 1, 2, 3, 4, 9, 25, 561, 1105, 1729, 2047, 3215031, 25326001, 2 ** 30 - 35, 1.5]) {
      expect(isPrime(n), `${n}`).toBe(Number.isInteger(n) && n > 1 && isPrimeByTrial(n));
    }
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 30 - 1 }), (n) => isPrime(n) === isPrimeByTrial(n)));
  });
});

describe("arithmetic modulo p", () => {
  const prime = fc.constantFrom(...pool);
  const exact = (x: bigint, p: number) => Number(((x % BigInt(p)) + BigInt(p)) % BigInt(p));

  test("products and powers equal BigInt's", () => {
    fc.assert(
      fc.property(prime, fc.nat(), fc.nat(), (p, x, y) => {
        for (const [a, b] of [
          [x % p, y % p],
          [p - 1, y % p],
          [p - 1, p - 1],
          [0, x % p],
        ]) {
          expect(multiplyModulo(a, b, p)).toBe(exact(BigInt(a) * BigInt(b), p));
        }
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(prime, fc.nat(), fc.nat(1000), (p, x, e) => {
        expect(powerModulo(x % p, e, p)).toBe(exact(BigInt(x % p) ** BigInt(e), p));
      }),
    );
  });

  test("a·a^−1 = 1, and 0 has no inverse", () => {
    fc.assert(
      fc.property(prime, fc.nat(), (p, x) => x % p === 0 || multiplyModulo(x % p, inverseModulo(x % p, p), p) === 1),
    );
    expect(() => inverseModulo(0, pool[0])).toThrow(RangeError);
  });

  test("toMontgomery multiplies by 2^32, fromMontgomery undoes it", () => {
    fc.assert(
      fc.property(prime, fc.nat(), (p, x) => {
        expect(toMontgomery(x % p, p)).toBe(exact(BigInt(x % p) * 2n ** 32n, p));
        expect(fromMontgomery(toMontgomery(x % p, p), p)).toBe(x % p);
      }),
    );
  });

  test("residue takes any integer into [0, p)", () => {
    fc.assert(fc.property(prime, fc.bigInt(), (p, x) => residue(x, p) === exact(x, p)));
    for (const p of PRIMES) for (const k of [-2n, -1n, 0n, 1n, 7n]) expect(residue(k * BigInt(p), p)).toBe(0);
  });
});

describe("roots", () => {
  test.each([
    10, 11, 12, 13, 14, 15, 16,
  ])("the minimal root for N = 2^%i is primitive, and no smaller number is", (logN) => {
    for (const p of PRIMES) {
      const root = minimalRoot(p, logN);
      expect(powerModulo(root, 2 ** logN, p)).toBe(p - 1);
      // x has order 2N exactly when x^N = −1: every such x is an odd power of one of them.
      let smallest = root;
      const square = multiplyModulo(root, root, p);
      for (let i = 0, x = root; i < 2 ** logN; i++, x = multiplyModulo(x, square, p)) smallest = Math.min(smallest, x);
      expect(root).toBe(smallest);
    }
  });

  test("by trial at a small prime: no x below the root has x^N = −1", () => {
    for (const logN of [10, 13, 16]) {
      for (const p of [786433, 1179649]) {
        const root = minimalRoot(p, logN);
        for (let x = 2; x < root; x++) expect(powerModulo(x, 2 ** logN, p)).not.toBe(p - 1);
        expect(powerModulo(root, 2 ** logN, p)).toBe(p - 1);
      }
    }
  });

  test("a prime that is not 1 modulo 2N has none", () => {
    expect(() => minimalRoot(12289, 14)).toThrow(RangeError);
  });

  test("tables stand in bit-reversed order", () => {
    const table = powersInBitReversedOrder(3, PRIMES[0], 10);
    for (let i = 0; i < 1024; i++) expect(table[i]).toBe(powerModulo(3, reverseBits(i, 10), PRIMES[0]));
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((i) => reverseBits(i, 3))).toEqual([0, 4, 2, 6, 1, 5, 3, 7]);
  });

  test("automorphism tables compose: first g, then h is g·h", () => {
    fc.assert(
      fc.property(fc.nat(1023), fc.nat(1023), (i, j) => {
        const [g, h] = [2 * i + 1, 2 * j + 1];
        const [first, second, both] = [g, h, (g * h) % 2048].map((galois) => automorphismTable(galois, 10));
        expect(second.map((place) => first[place])).toEqual(both);
      }),
    );
    expect(automorphismTable(1, 10)).toEqual(Uint32Array.from({ length: 1024 }, (_, i) => i));
  });

  test.each([0, 2, 2048, 2049, -1, 1.5, Number.NaN])("%d is no automorphism of N = 2^10", (galois) => {
    expect(() => automorphismTable(galois, 10)).toThrow(RangeError);
  });
});
