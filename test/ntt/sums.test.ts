import fc from "fast-check";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Limb } from "../../src/ntt/kernels.js";
import { primePool } from "../../src/ntt/primes.js";
import { constantLimb, PRIMES, randomLimb } from "./limbs.js";
import { DevicePair } from "./pair.js";

let pair: DevicePair;
beforeAll(async () => {
  pair = await DevicePair.open();
});
afterAll(() => pair.close());

/** Cuts a list of limbs into tuples of `size`. */
function tuples(limbs: readonly Limb[], size: number): Limb[][] {
  return Array.from({ length: limbs.length / size }, (_, t) => limbs.slice(size * t, size * (t + 1)));
}

function dotProduct(logN: number, p: number, terms: number, limb: (i: number) => Uint32Array) {
  return pair.run({
    kernel: "dotProduct",
    logN,
    inputs: Array.from({ length: 3 * terms }, (_, i) => limb(i)),
    outputs: 2,
    rows: (l) => [
      {
        prime: p,
        out: [l[3 * terms], l[3 * terms + 1]],
        terms: tuples(l.slice(0, 3 * terms), 3) as [Limb, Limb, Limb][],
      },
    ],
  });
}

function tensor(logN: number, p: number, terms: number, limb: (i: number) => Uint32Array) {
  return pair.run({
    kernel: "tensor",
    logN,
    inputs: Array.from({ length: 4 * terms }, (_, i) => limb(i)),
    outputs: 3,
    rows: (l) => [
      {
        prime: p,
        out: [l[4 * terms], l[4 * terms + 1], l[4 * terms + 2]],
        terms: tuples(l.slice(0, 4 * terms), 4) as [Limb, Limb, Limb, Limb][],
      },
    ],
  });
}

describe.each([
  ["dotProduct", dotProduct, [0, 1, 2, 15, 16, 17, 31, 32, 33, 48]],
  ["tensor", tensor, [0, 1, 2, 7, 8, 9, 15, 16, 17, 24]],
] as const)("%s", (_, run, counts) => {
  test.each(PRIMES)("of p − 1 everywhere, at every cut of the sum, modulo %i", async (p) => {
    for (const terms of counts) await run(10, p, terms, () => constantLimb(10, p - 1));
  });

  test("of any residues, any number of terms, any prime", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...primePool()),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(),
        async (p, terms, stream) => {
          await run(10, p, terms, (i) => randomLimb(10, p, stream + i));
        },
      ),
      { numRuns: 25 },
    );
  });

  test.each([11, 13, 14, 16])("at N = 2^%i", async (logN) => {
    const terms = logN < 16 ? counts[4] + 1 : 3;
    await run(logN, PRIMES[0], terms, (i) => randomLimb(logN, PRIMES[0], i));
  });

  test("one limb may be every operand", async () => {
    const p = PRIMES[0];
    if (run === dotProduct) {
      const rows = ([a, out0, out1]: readonly Limb[]) => [
        {
          prime: p,
          out: [out0, out1],
          terms: [
            [a, a, a],
            [a, a, a],
          ],
        } as const,
      ];
      await pair.run({ kernel: "dotProduct", logN: 10, inputs: [randomLimb(10, p, 1)], outputs: 2, rows });
    } else {
      const rows = ([a, x, y, z]: readonly Limb[]) => [{ prime: p, out: [x, y, z], terms: [[a, a, a, a]] } as const];
      await pair.run({ kernel: "tensor", logN: 10, inputs: [randomLimb(10, p, 1)], outputs: 3, rows });
    }
  });
});

test("dotProduct begins with y·factor, on one output, on both or on none", async () => {
  const rows =
    (plus: (y0: Limb, y1: Limb) => { y0?: Limb; y1?: Limb }, terms: number, p: number) => (l: readonly Limb[]) =>
      [
        {
          prime: p,
          out: [l[5], l[6]] as const,
          terms: Array.from({ length: terms }, () => [l[0], l[1], l[2]] as const),
          plus: { factor: p - 1, ...plus(l[3], l[4]) },
        },
      ] as const;
  for (const p of PRIMES) {
    for (const limb of [() => constantLimb(10, p - 1), (i: number) => randomLimb(10, p, i)]) {
      for (const terms of [0, 1, 3, 4, 15, 16, 31]) {
        for (const plus of [
          (y0: Limb, y1: Limb) => ({ y0, y1 }),
          (y0: Limb) => ({ y0 }),
          (_: Limb, y1: Limb) => ({ y1 }),
        ]) {
          const inputs = [0, 1, 2, 3, 4].map(limb);
          await pair.run({ kernel: "dotProduct", logN: 10, inputs, outputs: 2, rows: rows(plus, terms, p) });
        }
      }
    }
  }
});
