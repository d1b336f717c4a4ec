import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Limb } from "../../src/ntt/kernels.js";
import { primePool } from "../../src/ntt/primes.js";
import { minimalRoot, reverseBits } from "../../src/ntt/roots.js";
import { toBigInts, toWords } from "../bigint-bridge.js";
import { extremeLimbs, factors, PRIMES, randomLimb } from "./limbs.js";
import { DevicePair, requireEqual } from "./pair.js";

const SIZES = [10, 11, 12, 13, 14, 15, 16];
let pair: DevicePair;
beforeAll(async () => {
  pair = await DevicePair.open();
});
afterAll(() => pair.close());

function power(base: bigint, exponent: bigint, p: bigint): bigint {
  let result = 1n;
  for (let square = base, e = exponent; e > 0n; e /= 2n, square = (square * square) % p) {
    if (e % 2n === 1n) result = (result * square) % p;
  }
  return result;
}

describe.each(SIZES)("N = 2^%i", (logN) => {
  test.each(PRIMES)("ntt and intt equal the reference modulo %i", async (p) => {
    const limbs = [randomLimb(logN, p, 1), ...extremeLimbs(logN, p).map(({ words }) => words)];
    // Every pattern up to N = 2^12; above, where BigInt takes its time, the random limb and p − 1 everywhere.
    const inputs = logN <= 12 ? limbs : [limbs[0], limbs[3]];
    const count = inputs.length;
    const rows = (l: readonly Limb[]) => inputs.map((_, i) => [l[count + i], l[i], p] as const);
    await pair.run({ kernel: "ntt", logN, inputs, outputs: count, rows });
    const scaled = (l: readonly Limb[]) => rows(l).map((row) => [...row, 2 ** 32 % p] as const);
    await pair.run({ kernel: "intt", logN, inputs, outputs: count, rows: scaled });
  });

  test.each(PRIMES)("value j of ntt is Σ x_i·root^((2·rev(j) + 1)·i) modulo %i", async (p) => {
    const words = randomLimb(logN, p, 2);
    const values = await ntt(logN, words, p);
    const x = toBigInts(words);
    const root = BigInt(minimalRoot(p, logN));
    for (const j of [0, 1, 2, 3, 4, 5, 2 ** (logN - 1), 2 ** logN - 1]) {
      const at = power(root, BigInt(2 * reverseBits(j, logN) + 1), BigInt(p));
      // Horner's rule at one point, in plain BigInt.
      const value = x.reduceRight((sum, coefficient) => (sum * at + coefficient) % BigInt(p), 0n);
      expect(BigInt(values[j]), `value ${j}`).toBe(value);
    }
  });

  test.each(PRIMES)("intt ∘ ntt = identity, in place, modulo %i", async (p) => {
    const { device } = pair;
    const cases = [randomLimb(logN, p, 3), ...extremeLimbs(logN, p).map(({ words }) => words)];
    const limbs = device.allocate(logN, cases.length);
    cases.forEach((words, i) => {
      device.write(logN, limbs[i], words);
    });
    device.launch(
      "ntt",
      logN,
      limbs.map((l) => [l, l, p] as const),
    );
    device.launch(
      "intt",
      logN,
      limbs.map((l) => [l, l, p, 1] as const),
    );
    for (const [i, words] of (await device.read(logN, limbs)).entries()) requireEqual(words, cases[i], `case ${i}`);
    device.free(logN, limbs);
  });
});

test.each(PRIMES)("intt carries its factor, in place as well, modulo %i", async (p) => {
  for (const [i, factor] of factors(p).entries()) {
    await pair.run({
      kernel: "intt",
      logN: 10,
      inputs: [randomLimb(10, p, 10 + i)],
      rows: ([a]) => [[a, a, p, factor]],
    });
  }
});

test("ntt in place = ntt, for any prime of the pool", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...primePool()), fc.nat(), async (p, stream) => {
      const words = randomLimb(10, p, stream);
      const [inPlace] = await pair.run({ kernel: "ntt", logN: 10, inputs: [words], rows: ([a]) => [[a, a, p]] });
      requireEqual(inPlace, await ntt(10, words, p), "in place");
    }),
    { numRuns: 40 },
  );
});

test.each(PRIMES)("ntt(a)·ntt(b) = ntt(a·b mod X^N + 1) modulo %i, against schoolbook multiplication", async (p) => {
  const logN = 10;
  const n = 2 ** logN;
  const [a, b] = [randomLimb(logN, p, 20), randomLimb(logN, p, 21)];
  const [x, y] = [toBigInts(a), toBigInts(b)];
  const product = new Array<bigint>(n).fill(0n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const term = x[i] * y[j];
      if (i + j < n) product[i + j] += term;
      else product[i + j - n] -= term;
    }
  }
  const modulus = BigInt(p);
  const wanted = toWords(product.map((c) => ((c % modulus) + modulus) % modulus));

  const { device } = pair;
  const [u, v] = device.allocate(logN, 2);
  device.write(logN, u, a);
  device.write(logN, v, b);
  device.launch("ntt", logN, [
    [u, u, p],
    [v, v, p],
  ]);
  device.launch("multiply", logN, [[u, u, v, p]]);
  device.launch("intt", logN, [[u, u, p, 2 ** 32 % p]]);
  const [found] = await device.read(logN, [u]);
  device.free(logN, [u, v]);
  requireEqual(found, wanted, "negacyclic product");
});

test.each(PRIMES)("ntt is additive modulo %i", async (p) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), async (s, t) => {
      const [a, b] = [randomLimb(11, p, s), randomLimb(11, p, t)];
      const sum = a.map((x, i) => (x + b[i]) % p);
      const [x, y, z] = [await ntt(11, a, p), await ntt(11, b, p), await ntt(11, sum, p)];
      requireEqual(
        x.map((value, i) => (value + y[i]) % p),
        z,
        "sum",
      );
    }),
    { numRuns: 10 },
  );
});

async function ntt(logN: number, words: Uint32Array, p: number): Promise<Uint32Array> {
  const { device } = pair;
  const [input, out] = device.allocate(logN, 2);
  device.write(logN, input, words);
  device.launch("ntt", logN, [[out, input, p]]);
  const [values] = await device.read(logN, [out]);
  device.free(logN, [input, out]);
  return values;
}
