import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Limb } from "../../src/ntt/kernels.js";
import { primePool } from "../../src/ntt/primes.js";
import { constantLimb, PRIMES, randomLimb } from "./limbs.js";
import { DevicePair } from "./pair.js";

let pair: DevicePair;
beforeAll(async () => {
  pair = await DevicePair.open();
});
afterAll(() => pair.close());

interface Sums {
  readonly logN?: number;
  readonly p: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly limb?: (i: number) => Uint32Array;
  readonly factor?: (i: number) => number;
}

function combine({ logN = 10, p, inputs, outputs, limb, factor = (i) => (2654435761 * (i + 1)) % p }: Sums) {
  return pair.run({
    kernel: "combine",
    logN,
    inputs: Array.from({ length: inputs }, (_, i) => (limb ?? ((k: number) => randomLimb(logN, p, k)))(i)),
    outputs,
    rows: (limbs) => [
      {
        prime: p,
        out: limbs.slice(inputs),
        inputs: limbs.slice(0, inputs),
        factors: Uint32Array.from({ length: inputs * outputs }, (_, i) => factor(i)),
      },
    ],
  });
}

test.each(PRIMES)("of p − 1 everywhere, at every cut of the sum, modulo %i", async (p) => {
  for (const inputs of [0, 1, 15, 16, 17, 32, 33]) {
    await combine({ p, inputs, outputs: 5, limb: () => constantLimb(10, p - 1), factor: () => p - 1 });
  }
});

test("of any residues, any number of inputs and outputs, any prime", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...primePool()),
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 1, max: 9 }),
      async (p, inputs, outputs) => {
        await combine({ p, inputs, outputs });
      },
    ),
    { numRuns: 25 },
  );
});

test.each([11, 13, 14, 16])("at N = 2^%i", async (logN) => {
  await combine({ logN, p: PRIMES[0], inputs: logN < 16 ? 17 : 2, outputs: logN < 16 ? 6 : 2 });
});

test("several rows of different sizes, over the same limbs", async () => {
  const [p, q] = PRIMES;
  const inputs = [0, 1, 2].map((i) => randomLimb(10, Math.min(p, q), i));
  const row = (prime: number, own: readonly Limb[], out: readonly Limb[]) => ({
    prime,
    out,
    inputs: own,
    factors: Uint32Array.from({ length: own.length * out.length }, (_, i) => (7 + 1000003 * i) % prime),
  });
  await pair.run({
    kernel: "combine",
    logN: 10,
    inputs,
    outputs: 8,
    rows: ([a, b, c, ...out]) => [
      row(p, [a, b, c], out.slice(0, 5)),
      row(q, [b], out.slice(5, 6)),
      row(p, [c, c], out.slice(6)),
    ],
  });
});

test("the meaning, once by hand: factors are input by input, and 2^−32 goes", async () => {
  const p = PRIMES[0];
  const word = 2 ** 32 % p;
  const limbs = await combine({
    p,
    inputs: 2,
    outputs: 2,
    limb: (i) => constantLimb(10, i === 0 ? 3 : 5),
    factor: (i) => Number((BigInt([1, 10, 100, 1000][i]) * BigInt(word)) % BigInt(p)),
  });
  expect([limbs[2][0], limbs[3][1023]]).toEqual([3 * 1 + 5 * 100, 3 * 10 + 5 * 1000]);
});
