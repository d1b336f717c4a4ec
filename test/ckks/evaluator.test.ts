import { describe, expect, it } from "vitest";
import type { Ciphertext, ComplexVector } from "../../src/ckks/index.js";
import { LevelError, ParameterError } from "../../src/errors.js";
import { NoiseBounds } from "./noise-bounds.js";
import { clear, digest, errorBits, type Instance, instance, levelsOf, ROTATIONS, SETTINGS } from "./settings.js";

/** Two fresh ciphertexts of one level and what they hold. */
function operands({ alice, values, parameters }: Instance, level: number, slots = parameters.slots) {
  const [z, w] = [values.complex(slots), values.complex(slots)];
  return { z, w, x: alice.encrypt(z, { level, slots }), y: alice.encrypt(w, { level, slots }) };
}

for (const [name, parameters] of SETTINGS) {
  describe(name, async () => {
    const test = await instance(parameters);
    const { alice, he } = test;
    const bounds = new NoiseBounds(parameters);
    const close = async (ct: Ciphertext, expected: ComplexVector, bound: number, what: string) => {
      expect(await errorBits(test, ct, expected), what).toBeLessThan(Math.log2(bound));
      ct[Symbol.dispose]();
    };

    for (const level of levelsOf(parameters)) {
      for (const slots of [parameters.slots, 16]) {
        const fresh = bounds.freshSlot(level, slots);

        it(`sums and negation, level ${level}, ${slots} slots`, async () => {
          const { z, w, x, y } = operands(test, level, slots);
          const constant = clear.constant(slots, 0.75);
          using plaintext = he.encoder.encode(w, level, slots);
          await close(he.add(x, y), clear.add(z, w), 2 * fresh, "x + y");
          await close(he.subtract(x, y), clear.subtract(z, w), 2 * fresh, "x − y");
          await close(he.negate(x), clear.scale(z, -1), fresh, "−x");
          await close(he.add(x, plaintext), clear.add(z, w), 2 * fresh, "x + plaintext");
          await close(he.subtract(x, w), clear.subtract(z, w), 2 * fresh, "x − vector");
          await close(he.add(x, 0.75), clear.add(z, constant), 2 * fresh, "x + number");
          await close(he.subtract(x, 0.75), clear.subtract(z, constant), 2 * fresh, "x − number");
        });

        it(`rotations and conjugation, level ${level}, ${slots} slots`, async () => {
          const { z, x } = operands(test, level, slots);
          const bound = fresh + bounds.slot(bounds.keySwitch(level), level, slots);
          const many = he.rotateMany(x, [...ROTATIONS, 0, slots]);
          for (const [i, steps] of [...ROTATIONS, 0, slots].entries()) {
            const one = he.rotate(x, steps);
            for (const part of [0, 1]) {
              expect(await digest(one.parts[part]), `rotateMany = rotate, ${steps} steps`).toBe(
                await digest(many[i].parts[part]),
              );
            }
            await close(one, clear.rotate(z, steps), bound, `rotate by ${steps}`);
            many[i][Symbol.dispose]();
          }
          await close(he.conjugate(x), clear.conjugate(z), bound, "conjugate");
        });

        it(`every lower level, from level ${level}, ${slots} slots`, async () => {
          const { z, x } = operands(test, level, slots);
          for (let to = level; to >= 0; to--) {
            const lower = he.toLevel(x, to);
            expect(lower).toMatchObject({ level: to, state: "canonical", slots });
            await close(lower, z, bounds.lowered(fresh, to, slots), `to level ${to}`);
          }
          expect(() => he.toLevel(x, level + 1)).toThrow(LevelError);
        });

        if (level === 0) continue;
        it(`products, level ${level}, ${slots} slots`, async () => {
          const { z, w, x, y } = operands(test, level, slots);
          const zw = clear.multiply(z, w);
          const bound = bounds.product(fresh, fresh, level, slots);
          using plaintext = he.encoder.encode(w, level, slots);
          for (const [what, ct, expected] of [
            ["x·y", he.multiply(x, y), zw],
            ["x²", he.square(x), clear.multiply(z, z)],
            ["x·plaintext", he.multiply(x, plaintext), zw],
            ["x·vector", he.multiply(x, w), zw],
            ["x·number", he.multiply(x, -0.625), clear.scale(z, -0.625)],
          ] as const) {
            expect(ct, what).toMatchObject({ level: level - 1, state: "canonical", slots });
            await close(ct, expected, bound, what);
          }
          await close(he.multiplyPlain(x, 3), clear.scale(z, 3), 4 * fresh, "unrescaled");
        });

        it(`sums of products, level ${level}, ${slots} slots`, async () => {
          const { z, w, x, y } = operands(test, level, slots);
          const sum = clear.add(clear.add(clear.multiply(z, w), clear.multiply(z, z)), clear.multiply(w, w));
          const bound = 3 * bounds.product(fresh, fresh, level, slots);
          await close(he.sumOfProducts([[x, y], [x, x], [y, y]]), sum, bound, "Σ"); // biome-ignore format: one sum
          const twenty = Array.from({ length: 20 }, () => [x, y] as const);
          const expected = clear.scale(clear.multiply(z, w), 20);
          await close(he.sumOfProducts(twenty), expected, 20 * bounds.product(fresh, fresh, level, slots), "20 terms");
        });

        it(`rescale ∘ relinearize ∘ tensor = multiply, every step readable, level ${level}, ${slots} slots`, async () => {
          const { z, w, x, y } = operands(test, level, slots);
          const zw = clear.multiply(z, w);
          const bound = bounds.product(fresh, fresh, level, slots);
          using three = he.tensor(x, y);
          expect(three).toMatchObject({ level, state: "product" });
          expect(three.parts).toHaveLength(3);
          expect(he.explain(three)).toMatchObject({ level, parts: 3, state: "product" });
          using two = he.relinearize(three);
          expect(two).toMatchObject({ level, state: "product" });
          for (const ct of [three, two]) {
            expect(await errorBits(test, ct, zw)).toBeLessThan(Math.log2(bound));
          }
          await close(he.rescale(two), zw, bound, "rescaled");
          using product = he.multiply(x, y);
          expect(he.explain(product).scaleBits).toBeCloseTo(Math.log2(parameters.scaleAt(level - 1)), 12);
        });

        it(`operands of other levels and states align by themselves, level ${level}, ${slots} slots`, async () => {
          const { z, w, x, y } = operands(test, level, slots);
          const zw = clear.multiply(z, w);
          using product = he.multiply(x, y);
          using unrescaled = he.multiplyPlain(x, w);
          using relinearized = he.relinearize(he.tensor(x, y));
          const lower = level - 1;
          const bound = bounds.product(fresh, fresh, level, slots) + bounds.lowered(fresh, lower, slots);
          await close(he.add(product, x), clear.add(zw, z), bound, "xy + x");
          await close(he.subtract(x, product), clear.subtract(z, zw), bound, "x − xy");
          await close(he.add(unrescaled, x), clear.add(zw, z), bound, "unrescaled + x");
          await close(he.add(unrescaled, relinearized), clear.scale(zw, 2), 2 * bound, "two unrescaled ones");
          await close(he.add(unrescaled, w), clear.add(zw, w), bound, "unrescaled + vector");
          await close(he.subtract(unrescaled, 0.5), clear.subtract(zw, clear.constant(slots, 0.5)), bound, "− number");
          const steps = he.rotate(unrescaled, 1);
          await close(steps, clear.rotate(zw, 1), bound, "rotated before the rescale");
          if (lower === 0) return;
          const next = 2 * Math.SQRT2 * bound + bounds.slot(bounds.drop + 1, lower - 1, slots);
          await close(he.multiply(product, x), clear.multiply(zw, z), next, "xy·x");
          await close(he.multiply(unrescaled, y), clear.multiply(zw, w), next, "unrescaled·y");
          await close(he.multiply(relinearized, 0.5), clear.scale(zw, 0.5), next, "unrescaled·number");
        });
      }
    }

    it("slots of two ciphertexts: the larger count, the other one repeated", async () => {
      const [z, w] = [test.values.complex(8), test.values.complex(32)];
      using x = alice.encrypt(z, { slots: 8 });
      using y = alice.encrypt(w, { slots: 32 });
      const repeat = (part: Float64Array) => Float64Array.from({ length: 32 }, (_, i) => part[i % 8]);
      const repeated = { real: repeat(z.real), imaginary: repeat(z.imaginary) };
      const { maxLevel } = parameters;
      for (const sum of [he.add(x, y), he.add(y, x)]) {
        expect(sum.slots).toBe(32);
        await close(sum, clear.add(repeated, w), 2 * bounds.freshSlot(maxLevel, 32), "sum");
      }
      const fresh = bounds.freshSlot(maxLevel, 32);
      await close(
        he.multiply(x, y),
        clear.multiply(repeated, w),
        bounds.product(fresh, fresh, maxLevel, 32),
        "product",
      );
    });

    it("the deepest chain of squares uses every level, one more is a LevelError", async () => {
      let z = test.values.complex(parameters.slots);
      let x = alice.encrypt(z);
      let error = bounds.freshSlot(x.level);
      while (x.level > 0) {
        error = bounds.product(error, error, x.level);
        x = he.square(x);
        z = clear.multiply(z, z);
        expect(await errorBits(test, x, z), `level ${x.level}`).toBeLessThan(Math.log2(error));
      }
      for (const attempt of [
        () => he.square(x),
        () => he.multiply(x, 2),
        () => he.multiplyPlain(x, [1]),
        () => he.tensor(x, x),
      ]) {
        expect(attempt).toThrow(LevelError);
      }
      using plaintext = he.encoder.encode([1], 0);
      expect(() => he.multiplyPlaintextSum([[x, plaintext]])).toThrow(LevelError);
      expect(() => he.square(x)).toThrow(expect.objectContaining({ fix: expect.stringContaining("depth") }));
    });

    it("three parts: no rotation, no rescale, no sum with two", () => {
      using x = alice.encrypt([1]);
      using three = he.tensor(x, x);
      using unrescaled = he.multiplyPlain(x, 1);
      for (const attempt of [
        () => he.rotate(three, 1),
        () => he.rescale(three),
        () => he.add(three, unrescaled),
        () => he.multiply(three, x),
        () => he.add(three, 1),
      ]) {
        expect(attempt).toThrow(LevelError);
      }
    });

    it("a plaintext of another level is a LevelError; a factor that does not fit is a ParameterError", () => {
      using x = alice.encrypt([1]);
      using low = he.encoder.encode([1], 0);
      expect(() => he.add(x, low)).toThrow(LevelError);
      expect(() => he.multiply(x, low)).toThrow(LevelError);
      for (const bad of [Number.NaN, Infinity, -Infinity, 1e300, 2 * parameters.headroomAt(x.level)]) {
        expect(() => he.multiply(x, bad), `${bad}`).toThrow(ParameterError);
        expect(() => he.add(x, bad), `${bad}`).toThrow(ParameterError);
      }
      expect(() => he.rotate(x, 0.5)).toThrow(RangeError);
      expect(() => he.add("x" as unknown as Ciphertext, x)).toThrow(TypeError);
    });
  });
}
