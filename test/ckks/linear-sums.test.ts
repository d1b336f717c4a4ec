import { describe, expect, it, vi } from "vitest";
import type { Ciphertext } from "../../src/ckks/ciphertext.js";
import type { SumRow } from "../../src/ckks/linear-sums.js";
import { LevelError, ParameterError } from "../../src/errors.js";
import { NoiseBounds } from "./noise-bounds.js";
import { clear, errorBits, instance, levelsOf, SETTINGS } from "./settings.js";

for (const [name, parameters] of SETTINGS) {
  describe(name, async () => {
    const test = await instance(parameters, 73);
    const { alice, he, values, device } = test;
    const bounds = new NoiseBounds(parameters);
    const top = parameters.maxLevel;
    const slots = parameters.slots;

    const residues = async (ct: Ciphertext) => {
      const words = await Promise.all(ct.parts.map((part) => device.read(parameters.logN, part.limbs)));
      return words.flat().map((limb) => [...limb]);
    };

    for (const level of levelsOf(parameters, 1)) {
      it(`many sums over ciphertexts of every level from ${level} on: what linearSum gives row by row, and what doubles give`, async () => {
        const inputs = levelsOf(parameters, level).map((from) => {
          const z = values.complex(slots);
          return { z, x: alice.encrypt(z, { level: from }) };
        });
        const xs = inputs.map(({ x }) => x);
        const all = xs.map((_, i) => i);
        const factor = (r: number, i: number) => Math.sin(1 + 7 * r + 3 * i);
        const row = (of: readonly number[], r: number): SumRow => ({ of, factors: of.map((i) => factor(r, i)) });
        const rows = [
          ...Array.from({ length: 35 }, (_, r) => row(all, r)), // more than one launch takes together
          row([all.length - 1], 35),
          row([...all].reverse(), 36),
          row([], 37),
        ];
        const constants = rows.map((_, r) => [0, 0.375, -2.25][r % 3]);
        const sums = he.linearSums(xs, rows, constants, level);
        for (const r of [0, 1, 34, 35, 36]) {
          const terms = rows[r].of.map((i, k) => [xs[i], rows[r].factors[k]] as const);
          using sum = he.linearSum({ terms, constant: constants[r] }, level);
          using expected = he.rescale(sum);
          expect(await residues(sums[r])).toEqual(await residues(expected));
          expect(sums[r]).toMatchObject({ level: level - 1, state: "canonical", slots, noise: expected.noise });
        }
        for (const [r, { of, factors }] of rows.entries()) {
          if (r > 1 && r < 33) continue;
          let expected = clear.constant(slots, constants[r]);
          let bound = 2 ** -40 + bounds.slot(bounds.drop, level - 1);
          for (const [k, i] of of.entries()) {
            expected = clear.add(expected, clear.scale(inputs[i].z, factors[k]));
            const rounding = (0.5 * parameters.scaleAt(xs[i].level)) / parameters.scaleAt(level) ** 2;
            bound += Math.abs(factors[k]) * bounds.freshSlot(xs[i].level) + rounding;
          }
          expect(await errorBits(test, sums[r], expected)).toBeLessThan(Math.log2(bound));
        }
        for (const ct of [...xs, ...sums]) ct[Symbol.dispose]();
      });
    }

    it("rows over the same ciphertexts share launches, each input is read once for them, and a rescale takes its NTTs", () => {
      const xs = [0, 1, 2].map(() => alice.encrypt(values.complex(slots)));
      const rows = Array.from({ length: 8 }, (_, r) => ({ of: [0, 1, 2], factors: [r, 1, 2] }));
      const launch = vi.spyOn(device, "launch");
      const sums = he.linearSums(xs, rows, new Float64Array(8), top);
      const rowsOf = (kernel: string) =>
        launch.mock.calls.filter(([name]) => name === kernel).map(([, , list]) => (list as unknown[]).length);
      const [primes, left] = [top, top - 1].map((level) => parameters.primesAt(level).length);
      expect(rowsOf("combine")).toEqual([2 * primes]);
      expect(rowsOf("intt")).toEqual([2 * 8 * (primes - left)]);
      expect(rowsOf("ntt")).toEqual([2 * 8 * left]);
      launch.mockRestore();
      for (const ct of [...xs, ...sums]) ct[Symbol.dispose]();
    });

    it("i·a turns every slot by a right angle, exactly", async () => {
      const z = values.complex(slots);
      using x = alice.encrypt(z);
      using turned = he.timesI(x);
      const expected = { real: z.imaginary.map((value) => -value), imaginary: z.real };
      expect(await errorBits(test, turned, expected)).toBeLessThan(Math.log2(bounds.freshSlot(top)));
      using four = he.timesI(turned);
      using back = he.negate(four);
      expect(await residues(back)).toEqual(await residues(x));
    });

    it("what does not fit is refused before anything is allocated", () => {
      using x = alice.encrypt([1]);
      using low = alice.encrypt([1], { level: top - 1 });
      using product = he.multiplyPlain(x, 1);
      const one = [{ of: [0], factors: [1] }];
      const before = device.statistics().bytesInUse;
      for (const bad of [low, product]) expect(() => he.linearSums([bad], one, [0], top)).toThrow(LevelError);
      expect(() => he.linearSums([x], one, [0], 0)).toThrow(LevelError);
      expect(() => he.linearSums([], [], [], 1)).toThrow(RangeError);
      expect(() => he.linearSums([x], one, [], 1)).toThrow(RangeError);
      expect(() => he.linearSums([x], [{ of: [1], factors: [1] }], [0], 1)).toThrow(RangeError);
      expect(() => he.linearSums([x], [{ of: [0], factors: [1, 2] }], [0], 1)).toThrow(RangeError);
      expect(() => he.linearSums([x], [3 as never], [0], 1)).toThrow(TypeError);
      for (const bad of [Number.NaN, Infinity, -1e300]) {
        expect(() => he.linearSums([x], [{ of: [0], factors: [bad] }], [0], 1)).toThrow(ParameterError);
        expect(() => he.linearSums([x], one, [bad], 1)).toThrow(ParameterError);
      }
      expect(he.linearSums([x], [], [], 1)).toEqual([]);
      expect(device.statistics().bytesInUse).toBe(before);
    });
  });
}
