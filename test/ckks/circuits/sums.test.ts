import { describe, expect, it } from "vitest";
import {
  innerProduct,
  meanSlots,
  replicate,
  replicateRotations,
  type SlotSum,
  sumRotations,
  sumSlots,
} from "../../../src/ckks/circuits/sums.js";
import { type Ciphertext, Evaluator } from "../../../src/ckks/index.js";
import { LevelError, MissingKeyError } from "../../../src/errors.js";
import { NoiseBounds } from "../noise-bounds.js";
import { errorBits, instance, SETTINGS } from "../settings.js";

const SLOTS = 64;
const SUMS: Readonly<Record<string, SlotSum>> = {
  "all slots": {},
  "blocks of eight": { count: 8 },
  "slots equal modulo 8": { stride: 8 },
  "every second one, four of them": { stride: 2, count: 4 },
  "each slot alone": { count: 1 },
};

for (const [name, parameters] of SETTINGS) {
  describe(name, async () => {
    const test = await instance(parameters, 77);
    const { alice, device, values } = test;
    const bounds = new NoiseBounds(parameters);
    const level = parameters.maxLevel;
    const fresh = bounds.freshSlot(level, SLOTS);
    const switched = bounds.slot(bounds.keySwitch(level), level, SLOTS);
    const product = bounds.product(fresh, fresh, level, SLOTS) + switched;
    /** Keys for these steps and no others: the lists are complete. */
    const evaluator = (rotations: readonly number[]) =>
      new Evaluator(device, parameters, alice.evaluationKeys({ rotations }));
    const z = values.real(SLOTS);
    const w = values.real(SLOTS);
    const close = async (ct: Ciphertext, expected: Float64Array, bound: number, what: string) => {
      const bits = await errorBits(test, ct, { real: expected, imaginary: new Float64Array(expected.length) });
      expect(bits, what).toBeLessThan(Math.log2(bound));
      ct[Symbol.dispose]();
    };
    const summed = (x: Float64Array, { stride = 1, count = x.length / stride }: SlotSum) =>
      x.map((_, j) => Array.from({ length: count }, (_, i) => x[(j + i * stride) % x.length]).reduce((a, b) => a + b));

    for (const [what, sum] of Object.entries(SUMS)) {
      it(`${what}: sum, mean, inner product, with the rotations that are named`, async () => {
        const { stride = 1, count = SLOTS / stride } = sum;
        const steps = sumRotations(SLOTS, sum);
        expect(steps).toHaveLength(Math.log2(count));
        const he = evaluator(steps);
        using x = alice.encrypt(z, { slots: SLOTS });
        using y = alice.encrypt(w, { slots: SLOTS });
        const total = sumSlots(he, x, sum);
        expect(total).toMatchObject({ level, slots: SLOTS });
        await close(total, summed(z, sum), count * (fresh + 2 * switched), "sum");
        const mean = meanSlots(he, x, sum);
        expect(mean.level).toBe(level - 1);
        const share = fresh + switched + count / parameters.scaleAt(level);
        const dropped = bounds.slot(bounds.drop, level - 1, SLOTS);
        await close(mean, summed(z, sum).map((v) => v / count), share + dropped, "mean"); // biome-ignore format: one line
        const products = z.map((v, i) => v * w[i]);
        const bound = (count + 1) * product;
        await close(innerProduct(he, x, y, sum), summed(products, sum), bound, "with a ciphertext");
        await close(innerProduct(he, x, w, sum), summed(products, sum), bound, "with a vector");
        using plain = he.encoder.encode(w, level, SLOTS);
        await close(innerProduct(he, x, plain, sum), summed(products, sum), bound, "with a plaintext");
      });
    }

    it("one slot, or one block, goes everywhere; without a level where the others hold zeros", async () => {
      using x = alice.encrypt(z, { slots: SLOTS });
      for (const [index, block] of [
        [0, 1],
        [63, 1],
        [3, 8],
        [1, 32],
        [0, 64],
      ]) {
        // biome-ignore format: pairs
        const he = evaluator(replicateRotations(SLOTS, { block }));
        const expected = z.map((_, j) => z[index * block + (j % block)]);
        const bound = (SLOTS / block + 1) * product;
        await close(replicate(he, x, { index, block }), expected, bound, `block ${index} of ${block}`);
        using alone = alice.encrypt(z.map((v, j) => (Math.floor(j / block) === index ? v : 0)), { slots: SLOTS }); // biome-ignore format: one line
        const free = sumSlots(he, alone, { stride: block });
        expect(free.level).toBe(level);
        await close(free, expected, (SLOTS / block) * (fresh + 2 * switched), `block ${index} of ${block}, alone`);
      }
    });

    it("no key, no level, no such block, no power of two: named errors, and no memory kept", () => {
      const he = evaluator([1, 2]);
      using x = alice.encrypt(z, { slots: SLOTS });
      using low = alice.encrypt(z, { slots: SLOTS, level: 0 });
      const before = device.statistics().bytesInUse;
      expect(() => sumSlots(he, x)).toThrow(MissingKeyError);
      expect(() => innerProduct(he, x, x)).toThrow(MissingKeyError);
      expect(() => meanSlots(he, low)).toThrow(LevelError);
      expect(() => replicate(he, low, { index: 0, block: 64 })).toThrow(LevelError);
      for (const index of [-1, 64, 0.5]) expect(() => replicate(he, x, { index })).toThrow(RangeError);
      for (const sum of [{ stride: 3 }, { count: 6 }, { stride: 64, count: 2 }, { stride: 0 }, { count: 0.5 }]) {
        expect(() => sumSlots(he, x, sum), JSON.stringify(sum)).toThrow(RangeError);
      }
      expect(device.statistics().bytesInUse).toBe(before);
    });
  });
}
