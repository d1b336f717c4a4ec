import { describe, expect, it, vi } from "vitest";
import { stateOf } from "../../src/ckks/ciphertext.js";
import {
  Ciphertext,
  type ComplexVector,
  type EvaluationKeyRequest,
  Evaluator,
  giantStepCost,
  linearTransform,
  linearTransforms,
  operationCosts,
  type Parameters,
} from "../../src/ckks/index.js";
import { rotationElement } from "../../src/ckks/keys/galois.js";
import { Accumulator } from "../../src/ckks/keyswitch.js";
import { decrypted, ZERO_NOISE } from "../../src/ckks/noise.js";
import { MissingKeyError } from "../../src/errors.js";
import type { DotProductRow } from "../../src/ntt/kernels.js";
import { largest } from "./expectation.js";
import { NoiseBounds } from "./noise-bounds.js";
import { automorphism, noise, openSecret, phase } from "./phase.js";
import { clear, digest, instance, levelsOf, SETTINGS, unsafe, Values } from "./settings.js";

const SLOTS = 16;

describe("noise: of both switches, and of no division", () => {
  const sets: Readonly<Record<string, Parameters>> = {
    "a digit for each prime": unsafe(11, [1, 1, 1, 1], { digitPrimes: 1, specials: 2 }),
    "digits of 2, 2 and 1 primes": unsafe(12, [2, 1, 1, 1], { digitPrimes: 2, specials: 3 }),
    "P = 2^8 times the digit": unsafe(12, [1, 1, 1], { digitPrimes: 2, specials: 3, specialBits: 22.8 + 2 }),
  };
  for (const [name, parameters] of Object.entries(sets)) {
    it(name, async () => {
      const { ring, device, secret, generator, encryptor } = await openSecret(parameters, 21);
      const bounds = new NoiseBounds(parameters);
      const values = new Values(22);
      const he = (productRotations: number[]) =>
        new Evaluator(device, parameters, generator.evaluationKeys({ rotations: [1, -5], productRotations }));
      const [withKeys, without] = [he([1, -5]), he([])];
      for (const level of levelsOf(parameters, 1)) {
        const x = encryptor.encrypt(values.complex(parameters.slots), { level });
        const y = encryptor.encrypt(values.complex(parameters.slots), { level });
        const before = await phase(withKeys.tensor(x, y), secret, parameters);
        for (const giant of [1, -5]) {
          const transform = { groups: [{ giant, terms: [{ operand: 0, baby: 0, diagonal: y }] }] };
          const moved = automorphism(before, rotationElement(giant, ring.logN));
          for (const [evaluator, divisions] of [
            [withKeys, 1],
            [without, 2],
          ] as const) {
            const [sum] = linearTransforms(evaluator, [x], [transform], { rescale: false });
            const { max, variance } = noise(await phase(sum, secret, parameters), moved);
            const expected = 2 * bounds.switching(level) + divisions * bounds.drop;
            expect(max).toBeLessThan(6 * Math.sqrt(expected));
            expect(variance / expected).toBeGreaterThan(0.8);
            expect(variance / expected).toBeLessThan(1.2);
          }
        }
      }
    });
  }
});

// Keys here reach the highest level and are counted at every one; with gadgets by level: gadgets.test.ts.
for (const [name, parameters] of SETTINGS.filter(([, each]) => !each.toJSON().gadgets)) {
  describe(name, async () => {
    const test = await instance(parameters, 71);
    const { alice, device, values } = test;
    const { maxLevel } = parameters;
    const evaluator = (request: EvaluationKeyRequest) =>
      new Evaluator(device, parameters, alice.evaluationKeys({ rotations: [1, 2, 4, 8, -1], ...request }));
    const [he, without] = [evaluator({ productRotations: [4, 8] }), evaluator({})];

    /** Points of the unit circle times its like, as many as there are slots; giants 0, 4 and 8. */
    const circle = (slots: number) => {
      const angles = values.real(slots, Math.PI);
      return { real: angles.map(Math.cos), imaginary: angles.map(Math.sin) };
    };
    const random = (level: number, slots: number, giants: readonly number[] = [0, 4, 8]) => {
      const z = circle(slots);
      let wanted = clear.constant(slots, 0);
      const groups = giants.map((giant) => ({
        giant,
        terms: [0, 1, 2].map((baby) => {
          const w = circle(slots);
          wanted = clear.add(wanted, clear.rotate(clear.multiply(w, clear.rotate(z, baby)), giant));
          return { baby, diagonal: alice.encrypt(w, { level, slots }) };
        }),
      }));
      return { x: alice.encrypt(z, { level, slots }), groups, wanted };
    };
    const errors = async (ct: Ciphertext, wanted: ComplexVector) => {
      const { real, imaginary } = clear.subtract(await alice.decryptComplex(ct), wanted);
      return real.map((e, i) => Math.hypot(e, imaginary[i]));
    };

    for (const level of levelsOf(parameters, 1)) {
      for (const [slots, bits] of [
        [parameters.slots, 1.3],
        [SLOTS, 2],
      ] as const) {
        it(`level ${level}, ${slots} slots: the matrix on doubles, within the noise that is estimated`, async () => {
          const { x, groups, wanted } = random(level, slots);
          const y = linearTransform(he, x, { groups });
          const found = await errors(y, wanted);
          const { rms, worst } = decrypted(y.noise);
          expect(largest(found)).toBeLessThanOrEqual(worst);
          expect(Math.abs(Math.log2((rms * Math.sqrt(slots)) / Math.hypot(...found)))).toBeLessThan(bits);
        });
      }

      it(`level ${level}: the noise of two switches, of no division: √(2·2·slots·V)/Δ²`, () => {
        const { x, groups } = random(level, SLOTS, [4]);
        const three = he.tensor(x, groups[0].terms[0].diagonal);
        const exact = new Ciphertext(three.parts, { ...stateOf(three), noise: ZERO_NOISE });
        using sum = Accumulator.zero(he.ring, level);
        const { rms } = he.switcher.addPermutedProduct(sum, exact, rotationElement(4, he.ring.logN));
        const switching = he.ring.noise.variances.switching(level);
        expect((rms * parameters.scaleAt(level) ** 2) / Math.sqrt(4 * SLOTS * switching)).toBeCloseTo(1, 9);
      });

      it(`level ${level}: the residues of its steps taken one by one`, async () => {
        const { x, groups } = random(level, SLOTS);
        const result = linearTransform(he, x, { groups });
        const rotated = he.rotateMany(x, [0, 1, 2]);
        const sum = Accumulator.zero(he.ring, level);
        for (const { giant, terms } of groups) {
          const three = he.tensorSum(terms.map(({ diagonal, baby }) => [rotated[baby], diagonal]));
          if (giant === 0) sum.addAccumulator(he.switcher.relinearize(three));
          else he.switcher.addPermutedProduct(sum, three, rotationElement(giant, he.ring.logN));
        }
        const product = he.multiplyPlain(x, 1);
        const parts = sum.toCiphertextParts();
        product.parts.forEach((part, i) => {
          for (const p of part.primes) device.launch("copy", he.ring.logN, [[part.limb(p), parts[i].limb(p)]]);
        });
        const wanted = he.rescale(product);
        for (const i of [0, 1]) expect(await digest(result.parts[i])).toBe(await digest(wanted.parts[i]));
      });

      it(`level ${level}: giant steps take what giantStepCost says`, async () => {
        for (const [one, productKey] of [
          [he, true],
          [without, false],
        ] as const) {
          for (const encrypted of [true, false]) {
            for (const giant of [0, 4]) {
              const { x, groups } = random(level, SLOTS, [giant]);
              const diagonal = encrypted ? groups[0].terms[0].diagonal : he.encoder.encode([1], level, SLOTS);
              const counted = { ntts: 0, keySwitches: 0, levels: 0 };
              const launch = device.launch;
              device.launch = ((kernel, logN, rows) => {
                if (kernel === "ntt" || kernel === "intt") counted.ntts += rows.length;
                if (kernel === "dotProduct") {
                  const sums = (rows as readonly DotProductRow[]).filter(
                    ({ prime }) => prime === parameters.special[0],
                  );
                  const dnum = Math.ceil(parameters.primesAt(level).length / parameters.digitPrimes);
                  for (const { terms } of sums) counted.keySwitches += terms.length / dnum;
                }
                launch.call(device, kernel, logN, rows);
              }) as typeof launch;
              try {
                linearTransform(one, x, { groups: [{ giant, terms: [{ baby: 0, diagonal }] }] });
              } finally {
                device.launch = launch;
              }
              const { rotate, rotateAgain } = operationCosts(parameters, level);
              expect(rotate.ntts).toBeGreaterThan(rotateAgain.ntts);
              const cost = giantStepCost(parameters, level, { encrypted, rotates: giant !== 0, productKey });
              // Beside it: the division of the sum by P and the level's primes, as much as that after a hoisted rotation.
              counted.ntts -= rotateAgain.ntts;
              expect([giant, encrypted, productKey, counted]).toEqual([giant, encrypted, productKey, cost]);
            }
          }
        }
      });
    }

    it("with one of both keys, or where one does not reach the level: as without", async () => {
      const level = maxLevel;
      const { x, groups, wanted } = random(level, parameters.slots, [4]);
      const low = evaluator({ productRotations: new Map([[4, level - 1]]) });
      const other = evaluator({ productRotations: [8] });
      for (const one of [low, other]) {
        expect(one.switcher.productElement(4, parameters.slots, level)).toBeUndefined();
        const used = vi.spyOn(one.switcher, "addPermutedProduct");
        const y = linearTransform(one, x, { groups });
        expect(used).not.toHaveBeenCalled();
        expect(largest(await errors(y, wanted))).toBeLessThanOrEqual(decrypted(y.noise).worst);
      }
      expect(low.switcher.productElement(4, parameters.slots, level - 1)).toBe(rotationElement(4, he.ring.logN));
      const bare = evaluator({ rotations: [1, 2], productRotations: [4] });
      expect(() => linearTransform(bare, x, { groups })).toThrow(MissingKeyError);
      const three = he.tensor(x, x);
      using sum = Accumulator.zero(he.ring, level);
      expect(() => without.switcher.addPermutedProduct(sum, three, rotationElement(4, he.ring.logN))).toThrow(
        expect.objectContaining({
          message: expect.stringContaining("no key for the rotation by 4 of a product"),
          fix: expect.stringContaining("productRotations"),
        }),
      );
    });

    it("a ciphertext with fewer slots takes both keys of any equal step", async () => {
      const equal = evaluator({ rotations: [1, 2, 4, 4 + SLOTS, 4 - SLOTS], productRotations: [4 - SLOTS] });
      const { x, groups, wanted } = random(maxLevel, SLOTS, [4]);
      expect(equal.switcher.productElement(4, SLOTS, maxLevel)).toBe(rotationElement(4 - SLOTS, he.ring.logN));
      expect(equal.switcher.productElement(0, SLOTS, maxLevel)).toBeUndefined();
      expect(equal.switcher.productElement(SLOTS, SLOTS, maxLevel)).toBeUndefined();
      const used = vi.spyOn(equal.switcher, "addPermutedProduct");
      const y = linearTransform(equal, x, { groups });
      expect(used).toHaveBeenCalledOnce();
      expect(largest(await errors(y, wanted))).toBeLessThanOrEqual(decrypted(y.noise).worst);
    });
  });
}

it("steps that are none, and levels that there are not, are refused before any key is made", async () => {
  const { alice, parameters } = await instance(unsafe(10, [1, 1], { digitPrimes: 1, specials: 2 }), 72);
  const make = (productRotations: unknown) => () => alice.evaluationKeys({ productRotations } as EvaluationKeyRequest);
  for (const none of [null, "12", 1, {}]) expect(make(none)).toThrow(/^productRotations: a list of steps was expected/);
  expect(make([0.5])).toThrow("productRotations: step 0.5 is not a whole number");
  expect(make(new Map([[1, 7]]))).toThrow("productRotations: step 1 with level 7 is not");
  expect(alice.evaluationKeys({ productRotations: [0, parameters.slots] }).all).toHaveLength(1);
});
