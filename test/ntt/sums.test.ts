import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConversionTarget, Limb } from "../../src/ntt/kernels.js";
import { inverseModulo, multiplyModulo, productModulo, toMontgomery } from "../../src/ntt/modulus.js";
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

describe("baseConvert", () => {
  const usable = primePool().filter((p) => p > 2 ** 24);
  const smallest = usable.slice(-24);

  function convert(
    logN: number,
    sources: readonly number[],
    targets: readonly number[],
    limb: (q: number, i: number) => Uint32Array,
    target: (p: number) => Omit<ConversionTarget, "out">,
  ) {
    return pair.run({
      kernel: "baseConvert",
      logN,
      inputs: sources.map(limb),
      outputs: targets.length,
      rows: (l) => [
        {
          sources: l.slice(0, sources.length),
          fractions: sources.map((q) => Number(2n ** 56n / BigInt(q))),
          targets: targets.map((p, t) => ({ out: l[sources.length + t], ...target(p) })),
        },
      ],
    });
  }

  const COUNTS = [1, 2, 14, 15, 16, 20, 30, 31];

  test.each(COUNTS)("of the largest residues by the largest constants, from %i sources", async (count) => {
    for (const sources of [usable.slice(0, count), smallest.slice(-count)]) {
      const target = (p: number) => ({ prime: p, constants: sources.map(() => p - 1), quotientConstant: p - 1 });
      await convert(10, sources, PRIMES, (q) => constantLimb(10, q - 1), target);
    }
  });

  test("of any residues by any constants", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...usable], { minLength: 1, maxLength: 20 }),
        fc.nat(),
        async (sources, stream) => {
          const target = (p: number) => {
            const constants = randomLimb(10, p, stream);
            return { prime: p, constants: [...constants.slice(0, sources.length)], quotientConstant: constants[1000] };
          };
          const targets = [usable[stream % usable.length], PRIMES[0], PRIMES[2]];
          await convert(10, sources, targets, (q, i) => randomLimb(10, q, stream + i), target);
        },
      ),
      { numRuns: 25 },
    );
  });

  test.each([11, 14, 16])("at N = 2^%i", async (logN) => {
    const sources = usable.slice(3, logN < 16 ? 19 : 6);
    const target = (p: number) => ({ prime: p, constants: sources.map((q) => q % p), quotientConstant: 1 });
    await convert(logN, sources, [PRIMES[1]], (q, i) => randomLimb(logN, q, i), target);
  });

  test.each([1, 3, 15, 16, 20])("gives x centred, in [−Q/2, Q/2), from %i primes", async (count) => {
    const sources = usable.slice(0, count);
    const q = sources.reduce((product, prime) => product * BigInt(prime), 1n);
    // The estimate may shift values within 2^−22·Q of the border: none of these is.
    const edge = q >> 20n;
    const values = Array.from({ length: 1024 }, (_, i) => {
      const span = q - 2n * edge;
      if (i < 3) return BigInt(i - 1);
      if (i < 5) return i === 3 ? span / 2n : -(span / 2n);
      return ((span * BigInt(randomLimb(10, 2 ** 30, i)[0])) >> 30n) - span / 2n;
    });
    const residue = (x: bigint, p: number) => Number(((x % BigInt(p)) + BigInt(p)) % BigInt(p));
    const others = (prime: number) => sources.filter((s) => s !== prime);
    const limbs = await convert(
      10,
      sources,
      PRIMES,
      (prime) => {
        const factor = inverseModulo(productModulo(others(prime), prime), prime);
        return Uint32Array.from(values, (x) => multiplyModulo(residue(x, prime), factor, prime));
      },
      (p) => ({
        prime: p,
        constants: sources.map((prime) => toMontgomery(productModulo(others(prime), p), p)),
        quotientConstant: toMontgomery((p - residue(q, p)) % p, p),
      }),
    );
    PRIMES.forEach((p, t) => {
      expect([...limbs[count + t]]).toEqual(values.map((x) => residue(x, p)));
    });
  });

  test("refuses sources whose fraction word does not fit 32 bits", () => {
    const [a, b] = pair.device.allocate(10, 2);
    const row = {
      sources: [a],
      fractions: [2 ** 32],
      targets: [{ out: b, prime: PRIMES[0], constants: [1], quotientConstant: 0 }],
    };
    expect(() => pair.device.launch("baseConvert", 10, [row])).toThrow(RangeError);
    pair.device.free(10, [a, b]);
  });
});
