import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConversionTarget } from "../../src/ntt/kernels.js";
import { inverseModulo, multiplyModulo, productModulo, toMontgomery } from "../../src/ntt/modulus.js";
import { primePool } from "../../src/ntt/primes.js";
import { constantLimb, PRIMES, randomLimb } from "./limbs.js";
import { DevicePair } from "./pair.js";

let pair: DevicePair;
beforeAll(async () => {
  pair = await DevicePair.open();
});
afterAll(() => pair.close());

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

  test("of extreme residues by extreme constants, where sums of halves just fit a word or just do not", async () => {
    const large = usable.filter((p) => p > 2 ** 28.5);
    const pick = (edges: readonly number[], i: number) => edges[i % edges.length];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...usable),
        fc.shuffledSubarray(large, { minLength: 1, maxLength: 8 }),
        fc.nat(),
        fc.boolean(),
        async (p, sources, choice, alike) => {
          // Four times what the CPU's kernel multiplies by, of either sign: the largest, and those with the largest halves.
          const half = Math.floor(p / 2);
          const odd = 32768 * Math.floor((half - 16383) / 32768) + 16383;
          const edges = [odd, p - odd, odd + 1, p - odd - 1, half, half + 1, p - 1];
          const constants = sources.map((_, i) => (4 * pick(edges, alike ? choice : choice + i * i)) % p);
          const target = () => ({ prime: p, constants, quotientConstant: (4 * pick(edges, choice)) % p });
          await convert(
            10,
            sources,
            [p],
            (q, i) => {
              const residues = [16385, 16384, 0, q - 16385, q - 16386, q - 1, (q - 1) / 2];
              // All alike in some coefficients, all combinations of two in others.
              return Uint32Array.from({ length: 1024 }, (_, j) =>
                pick(residues, j < 7 ? j : Math.floor(j / 7 ** (i % 2))),
              );
            },
            target,
          );
        },
      ),
      { numRuns: 150 },
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
