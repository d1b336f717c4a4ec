import { describe, expect, it } from "vitest";
import { foldAndRescale } from "../../src/ckks/circuits/folds.js";
import { type Ciphertext, Evaluator, fold, linearTransform, type Plaintext } from "../../src/ckks/index.js";
import { LevelError, MissingKeyError } from "../../src/errors.js";
import { NoiseBounds } from "./noise-bounds.js";
import { clear, errorBits, instance, levelsOf, SETTINGS } from "./settings.js";

const BABIES = [0, 1, 2, 3];
const GIANTS = [0, 4, 8, 12];
const SLOTS = 16;

for (const [name, parameters] of SETTINGS) {
  describe(name, async () => {
    const test = await instance(parameters, 31);
    const { alice, encryptor, values, device } = test;
    const bounds = new NoiseBounds(parameters);
    const he = new Evaluator(
      device,
      parameters,
      alice.evaluationKeys({ rotations: [...BABIES, ...GIANTS], conjugate: true }),
    );

    /** A dense matrix by its diagonals: diagonal d has row j at place j, column j + d. */
    const diagonals = Array.from({ length: SLOTS }, () => values.real(SLOTS, 1 / SLOTS));
    const times = (z: Float64Array, used: readonly number[], folds: readonly number[] = []) => {
      let y = Float64Array.from({ length: SLOTS }, (_, j) =>
        used.reduce((sum, d) => sum + diagonals[d][j] * z[(j + d) % SLOTS], 0),
      );
      for (const step of folds) y = y.map((x, j) => x + y[(j + step) % SLOTS]);
      return { real: y, imaginary: new Float64Array(SLOTS) };
    };
    /** Σ_g rotate(Σ_b rotate(diagonal_(g+b), −g) ⊙ rotate(x, b), g). */
    const groups = <D>(used: readonly number[], store: (diagonal: Float64Array) => D) =>
      GIANTS.map((giant) => ({
        giant,
        terms: BABIES.filter((baby) => used.includes(giant + baby)).map((baby) => ({
          baby,
          diagonal: store(diagonals[giant + baby].map((_, j, all) => all[(j - giant + SLOTS) % SLOTS])),
        })),
      })).filter(({ terms }) => terms.length > 0);

    const DENSE = Array.from({ length: SLOTS }, (_, d) => d);
    const CASES: Readonly<Record<string, readonly [used: readonly number[], folds: readonly number[]]>> = {
      "a dense matrix": [DENSE, []],
      "missing diagonals": [[0, 3, 5, 6, 15], []],
      "giant step 0 only": [[0, 1, 2], []],
      "giant steps without 0": [[4, 6, 13], []],
      "one diagonal": [[9], []],
      "a dense matrix and folds": [DENSE, [8, 4]],
    };

    for (const level of levelsOf(parameters, 1)) {
      for (const [what, [used, folds]] of Object.entries(CASES)) {
        const fresh = bounds.freshSlot(level, SLOTS);
        // |Σ_d diagonal_d| ≤ 1; folds sum four slots.
        const bound = (folds.length > 0 ? 4 : 1) * (used.length + 1) * bounds.product(fresh, fresh, level, SLOTS);

        it(`${what} = the matrix on doubles, plaintext diagonals, level ${level}`, async () => {
          const z = values.real(SLOTS);
          using x = alice.encrypt(z, { level, slots: SLOTS });
          const store = (d: Float64Array): Plaintext => he.encoder.encode(d, level, SLOTS);
          using y = linearTransform(he, x, { groups: groups(used, store), folds });
          expect(y).toMatchObject({ level: level - 1, state: "canonical", slots: SLOTS });
          expect(await errorBits(test, y, times(z, used, folds))).toBeLessThan(Math.log2(bound));
        });

        it(`${what} = the matrix on doubles, diagonals encrypted with the public key, level ${level}`, async () => {
          const z = values.real(SLOTS);
          const open = bounds.slot(bounds.freshPublic, level, SLOTS);
          using x = alice.encrypt(z, { level, slots: SLOTS });
          const store = (d: Float64Array): Ciphertext => encryptor.encrypt(d, { level, slots: SLOTS });
          using y = linearTransform(he, x, { groups: groups(used, store), folds });
          expect(y).toMatchObject({ level: level - 1, state: "canonical", slots: SLOTS });
          const both = (folds.length > 0 ? 4 : 1) * (used.length + 1) * bounds.product(fresh, open, level, SLOTS);
          expect(await errorBits(test, y, times(z, used, folds))).toBeLessThan(Math.log2(both));
        });
      }
    }

    it("fold sums slots cyclically: after log2(n) folds every slot holds the sum of all", async () => {
      const z = values.real(SLOTS);
      const total = z.reduce((a, b) => a + b);
      using x = alice.encrypt(z, { slots: SLOTS });
      using y = fold(he, x, [8, 4, 2, 1]);
      const bound = SLOTS * (bounds.freshSlot(x.level, SLOTS) + bounds.slot(bounds.keySwitch(x.level), x.level, SLOTS));
      expect(await errorBits(test, y, clear.constant(SLOTS, total))).toBeLessThan(Math.log2(bound));
    });

    it("fold by a, b and a + b at once = fold by a, then by b, and so before a rescale", async () => {
      const z = values.real(SLOTS, 1 / 8);
      using x = alice.encrypt(z, { slots: SLOTS });
      const total = clear.constant(
        SLOTS,
        z.reduce((a, b) => a + b),
      );
      const bound = SLOTS * (bounds.freshSlot(x.level, SLOTS) + bounds.slot(bounds.keySwitch(x.level), x.level, SLOTS));
      for (const folds of [
        [
          [8, 4, 12],
          [2, 1, 3],
        ],
        [8, 4, [2, 1, 3]],
        [[8, 16, 24], 4, 2, 1],
      ] as const) {
        using y = fold(he, x, folds);
        const wanted = folds.length === 4 ? clear.add(total, total) : total;
        expect(await errorBits(test, y, wanted)).toBeLessThan(Math.log2(2 * bound));
        using product = he.multiplyPlain(x, 1);
        using rescaled = foldAndRescale(he, product, folds);
        expect([rescaled.level, rescaled.state]).toEqual([x.level - 1, "canonical"]);
        using apart = fold(he, product, folds);
        using before = he.rescale(apart);
        expect(await errorBits(test, rescaled, wanted)).toBeLessThan((await errorBits(test, before, wanted)) + 1);
      }
    });

    it("a fold by conjugation leaves twice the real parts, beside rotations and before a rescale", async () => {
      const z = values.complex(SLOTS);
      using x = alice.encrypt(z, { slots: SLOTS });
      const bound = 4 * (bounds.freshSlot(x.level, SLOTS) + bounds.slot(bounds.keySwitch(x.level), x.level, SLOTS));
      const doubled = z.real.map((value) => 2 * value);
      const turned = doubled.map((value, j) => value + doubled[(j + 4) % SLOTS]);
      for (const [folds, wanted] of [
        [["conjugate"], doubled],
        [[["conjugate"]], doubled],
        [[4, "conjugate"], turned],
        [["conjugate", [4]], turned],
      ] as const) {
        using y = fold(he, x, folds);
        const expected = { real: wanted, imaginary: new Float64Array(SLOTS) };
        expect(await errorBits(test, y, expected)).toBeLessThan(Math.log2(2 * bound));
        using product = he.multiplyPlain(x, 1);
        using rescaled = foldAndRescale(he, product, folds);
        expect([rescaled.level, rescaled.state]).toEqual([x.level - 1, "canonical"]);
        expect(await errorBits(test, rescaled, expected)).toBeLessThan(Math.log2(4 * bound));
      }
      expect(() => fold(he, x, ["conjugation" as never])).toThrow(TypeError);
    });

    it("a fold before the rescale costs less precision than one after it", async () => {
      const slots = parameters.slots;
      const z = values.real(slots, 1 / 8);
      const steps = [8, 4, 2, 1];
      using x = alice.encrypt(z, { slots, level: 1 });
      using unrescaled = he.multiplyPlain(x, 1);
      using rescaled = he.rescale(unrescaled);
      using before = he.rescale(fold(he, unrescaled, steps));
      using after = fold(he, rescaled, steps);
      const expected = z.map((_, j) =>
        Array.from({ length: 16 }, (_, k) => z[(j + k) % slots]).reduce((a, b) => a + b),
      );
      const zeros = { real: expected, imaginary: new Float64Array(slots) };
      expect(await errorBits(test, before, zeros)).toBeLessThan((await errorBits(test, after, zeros)) - 1);
    });

    it("diagonals of another level, a product as operand, no level left: LevelErrors; a missing step: MissingKeyError", () => {
      const { maxLevel } = parameters;
      const transform = (level: number, baby: number, giant = 0) => ({
        groups: [{ giant, terms: [{ baby, diagonal: he.encoder.encode([1], level, SLOTS) }] }],
      });
      using x = alice.encrypt([1], { slots: SLOTS });
      using low = alice.encrypt([1], { slots: SLOTS, level: 0 });
      expect(() => linearTransform(he, x, transform(maxLevel - 1, 1))).toThrow(LevelError);
      expect(() => linearTransform(he, he.multiplyPlain(x, 1), transform(maxLevel, 1))).toThrow(LevelError);
      expect(() => linearTransform(he, low, transform(0, 1))).toThrow(LevelError);
      expect(() => linearTransform(he, x, transform(maxLevel, 5))).toThrow(MissingKeyError);
      expect(() => linearTransform(he, x, transform(maxLevel, 0, 6))).toThrow(MissingKeyError);
    });
  });
}
