import { describe, expect, it } from "vitest";
import { type Ciphertext, Evaluator, KeyHolder, Parameters, Randomness } from "../../src/ckks/index.js";
import { choosePrimes } from "../../src/ntt/primes.js";
import { NoiseBounds } from "./noise-bounds.js";
import { levelsOf, testDevice, unsafe } from "./settings.js";

const device = await testDevice();

async function open(parameters: Parameters) {
  const alice = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(1));
  const he = new Evaluator(device, parameters, alice.evaluationKeys());
  /** The largest error of slots that should all hold `value`. */
  const error = async (ct: Ciphertext, value: number) =>
    (await alice.decrypt(ct)).reduce((max, x) => Math.max(max, Math.abs(x - value)), 0);
  return { alice, he, error };
}

const SHAPES: Readonly<Record<string, [widths: number[], baseScaleBits: number]>> = {
  "two of one under two of two": [[1, 1, 2, 2], 24],
  "two of one under three of two": [[1, 1, 2, 2, 2], 24],
  "one of one under three of two": [[1, 2, 2, 2], 24],
  "one, two, one, two, one": [[1, 2, 1, 2, 1], 24],
  "three under four of one, at a scale of three": [[3, 1, 1, 1, 1], 80],
  "a small base scale": [[1, 1, 1, 1], 20],
};

for (const [name, [widths, baseScaleBits]] of Object.entries(SHAPES)) {
  describe(`levels of one prime and of two: ${name}`, async () => {
    const parameters = unsafe(11, widths, { digitPrimes: 1, specials: 2, baseScaleBits });
    const { alice, he, error } = await open(parameters);
    const bounds = new NoiseBounds(parameters);
    const levels = levelsOf(parameters);
    /** Noise, and a share of the value: the factor's rounding, where one prime's level is all there is to drop. */
    const bound = (from: number, to: number, value: number) =>
      bounds.freshSlot(from) + bounds.slot(bounds.drop, to) + value * 2 ** -(to === from - 1 ? baseScaleBits : 41);

    it("toLevel keeps the values, from every level to every other", async () => {
      for (const from of levels) {
        using x = alice.encrypt(new Float64Array(parameters.slots).fill(15), { level: from });
        for (let to = from; to >= 0; to--) {
          using y = he.toLevel(x, to);
          expect(await error(y, 15), `${from} to ${to}`).toBeLessThan(bound(from, to, 15));
        }
      }
    });

    it("sums, differences and products of ciphertexts of two levels", async () => {
      for (const to of levels) {
        using x = alice.encrypt(new Float64Array(parameters.slots).fill(3));
        using y = alice.encrypt(new Float64Array(parameters.slots).fill(2), { level: to });
        const share = bound(parameters.maxLevel, to, 3) + bounds.freshSlot(to);
        using sum = he.add(x, y);
        using difference = he.subtract(y, x);
        expect(await error(sum, 5), `sum at ${to}`).toBeLessThan(share);
        expect(await error(difference, -1), `difference at ${to}`).toBeLessThan(share);
        if (to === 0) continue;
        using product = he.multiply(x, y);
        const noise = 6 * bounds.product(share, share, to);
        expect(await error(product, 6), `product at ${to}`).toBeLessThan(noise);
      }
    });
  });
}

describe("toLevel, as reported", () => {
  it("fifteen stays fifteen where levels of two primes lie over levels of one", async () => {
    const [q0, q1, q2, q3, q4, q5, p0, p1] = choosePrimes(12, 30);
    const levels = [[q0], [q1], [q2, q3], [q4, q5]];
    const literal = { logN: 14, levels, special: [p0, p1], digitPrimes: 1, baseScaleBits: 24 };
    const { alice, he, error } = await open(Parameters.of(literal));
    using x = alice.encrypt(new Float64Array(8192).fill(15));
    using low = alice.encrypt(new Float64Array(8192).fill(15), { level: 0 });
    using down = he.toLevel(x, 0);
    expect(await error(down, 15)).toBeLessThan(0.01); // was 0.637
    using sum = he.add(x, low);
    expect(await error(sum, 30)).toBeLessThan(0.01); // was 0.637
  });

  it("100,000 stays 100,000 at a base scale of 2^10", async () => {
    const parameters = Parameters.choose({ depth: 5, baseScaleBits: 10 });
    const { alice, he, error } = await open(parameters);
    using x = alice.encrypt([100_000], { slots: 1 });
    using y = he.toLevel(x, 0);
    expect(await error(y, 100_000)).toBeLessThan(new NoiseBounds(parameters).slot(1000, 0, 1)); // was 5.3
  });
});
