import { describe, expect, it, vi } from "vitest";
import { LevelError, ParameterError } from "../../src/errors.js";
import { NoiseBounds } from "./noise-bounds.js";
import { clear, errorBits, instance, levelsOf, SETTINGS } from "./settings.js";

for (const [name, parameters] of SETTINGS) {
  describe(name, async () => {
    const test = await instance(parameters, 71);
    const { alice, he, values, device } = test;
    const bounds = new NoiseBounds(parameters);
    const top = parameters.maxLevel;
    const slots = parameters.slots;

    for (const level of levelsOf(parameters, 1)) {
      it(`constant + Σ factor·x, terms of every level from ${level} on, without an NTT`, async () => {
        let expected = clear.constant(slots, 0.375);
        let bound = 2 ** -40;
        const terms = levelsOf(parameters, level).map((from, i) => {
          const z = values.complex(slots);
          const factor = [0.7, -1.3, 2, 0.01][i % 4];
          expected = clear.add(expected, clear.scale(z, factor));
          // The factor's rounding meets |z| < 1.
          const rounding = (0.5 * parameters.scaleAt(from)) / parameters.scaleAt(level) ** 2;
          bound += Math.abs(factor) * bounds.freshSlot(from) + rounding;
          return [alice.encrypt(z, { level: from }), factor] as const;
        });
        const launch = vi.spyOn(device, "launch");
        using sum = he.linearSum({ terms, constant: 0.375 }, level);
        expect(launch.mock.calls.map(([kernel]) => kernel)).not.toContain("ntt");
        launch.mockRestore();
        expect(sum).toMatchObject({ level, state: "product", slots });
        expect(await errorBits(test, sum, expected)).toBeLessThan(Math.log2(bound));
        using rescaled = he.rescale(sum);
        const dropped = bound + bounds.slot(bounds.drop, level - 1);
        expect(await errorBits(test, rescaled, expected)).toBeLessThan(Math.log2(dropped));
      });

      it(`Σ a·b + constant + Σ factor·x: one sum, relinearised and rescaled once, level ${level}`, async () => {
        const [z, w, v] = [values.complex(slots), values.complex(slots), values.complex(slots)];
        using x = alice.encrypt(z, { level });
        using y = alice.encrypt(w, { level });
        using high = alice.encrypt(v, { level: top });
        const plus = { terms: [[high, -1.5], [x, 0.25]] as const, constant: -0.5 }; // biome-ignore format: one sum
        const linear = clear.add(clear.scale(v, -1.5), clear.scale(z, 0.25));
        const expected = clear.add(clear.add(clear.multiply(z, w), linear), clear.constant(slots, -0.5));
        const fresh = bounds.freshSlot(level);
        const rounding = (0.5 * (parameters.scaleAt(top) + parameters.scaleAt(level))) / parameters.scaleAt(level) ** 2;
        const bound = bounds.product(fresh, fresh, level) + 1.5 * bounds.freshSlot(top) + 0.25 * fresh + rounding;
        using three = he.tensorSum([[x, y]], plus);
        expect(await errorBits(test, three, expected)).toBeLessThan(Math.log2(bound));
        const relinearize = vi.spyOn(he.switcher, "relinearize");
        using sum = he.sumOfProducts([[x, y]], plus);
        expect(relinearize).toHaveBeenCalledTimes(1);
        relinearize.mockRestore();
        expect(sum).toMatchObject({ level: level - 1, state: "canonical" });
        expect(await errorBits(test, sum, expected)).toBeLessThan(Math.log2(bound));
      });
    }

    it("terms below the level, unrescaled or of three parts: LevelErrors; numbers that do not fit: ParameterErrors", () => {
      using x = alice.encrypt([1]);
      using low = alice.encrypt([1], { level: top - 1 });
      using product = he.multiplyPlain(x, 1);
      using three = he.tensor(x, x);
      const before = device.statistics().bytesInUse;
      for (const term of [low, product, three]) {
        expect(() => he.linearSum({ terms: [[term, 1]] }, top)).toThrow(LevelError);
        expect(() => he.sumOfProducts([[x, x]], { terms: [[term, 1]] })).toThrow(LevelError);
      }
      expect(() => he.linearSum({ terms: [[x, 1]] }, 0)).toThrow(LevelError);
      expect(() => he.linearSum({ terms: [] }, 1)).toThrow(RangeError);
      expect(() => he.linearSum({ terms: [[x, 1]] }, top + 1)).toThrow(RangeError);
      for (const bad of [Number.NaN, Infinity, -1e300]) {
        expect(() => he.linearSum({ terms: [[x, bad]] }, 1), `${bad}`).toThrow(ParameterError);
        expect(() => he.linearSum({ terms: [[x, 1]], constant: bad }, 1), `${bad}`).toThrow(ParameterError);
        expect(() => he.sumOfProducts([[x, x]], { constant: bad }), `${bad}`).toThrow(ParameterError);
      }
      expect(device.statistics().bytesInUse).toBe(before);
    });
  });
}
