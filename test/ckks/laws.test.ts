import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Ciphertext, Evaluator } from "../../src/ckks/index.js";
import { seed } from "../seed.js";
import { clear, instance, SETTINGS, Values } from "./settings.js";

const RUNS = { numRuns: 4 };

for (const [name, parameters] of SETTINGS) {
  describe(name, async () => {
    const { alice, device } = await instance(parameters, 11);
    const STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const keys = alice.evaluationKeys({ rotations: STEPS, conjugate: true });
    const he = new Evaluator(device, parameters, keys);
    const slots = 8;
    const seeds = fc.nat();
    // 2^−9 is far above the noise of the last level (Δ_0 ≥ 2^24) and far below any wrong answer.
    const tolerance = 2 ** -9;

    const equal = async (left: Ciphertext, right: Ciphertext, message: string) => {
      const [a, b] = [await alice.decryptComplex(left), await alice.decryptComplex(right)];
      const difference = clear.subtract(a, b);
      for (const part of [difference.real, difference.imaginary]) {
        expect(Math.max(...part.map(Math.abs)), message).toBeLessThan(tolerance);
      }
    };
    const three = (from: number) => {
      const values = new Values(from);
      return [0, 1, 2].map(() => alice.encrypt(values.complex(slots), { slots }));
    };

    it("rotate(a) ∘ rotate(b) = rotate(a + b)", async () => {
      await fc.assert(
        fc.asyncProperty(seeds, fc.nat(4), fc.nat(4), async (from, a, b) => {
          const [x] = three(from);
          await equal(he.rotate(he.rotate(x, a), b), he.rotate(x, a + b), "composed");
        }),
        RUNS,
      );
    });

    it("conjugate ∘ conjugate = identity; conjugate ∘ rotate = rotate ∘ conjugate", async () => {
      const [x] = three(seed);
      await equal(he.conjugate(he.conjugate(x)), x, "twice");
      await equal(he.conjugate(he.rotate(x, 3)), he.rotate(he.conjugate(x), 3), "commuting");
    });

    it("+ and · commute, associate and distribute; − is + of the negative", async () => {
      await fc.assert(
        fc.asyncProperty(seeds, async (from) => {
          const [x, y, z] = three(from);
          await equal(he.add(x, y), he.add(y, x), "x + y = y + x");
          await equal(he.add(he.add(x, y), z), he.add(x, he.add(y, z)), "(x + y) + z = x + (y + z)");
          await equal(he.subtract(x, y), he.add(x, he.negate(y)), "x − y = x + (−y)");
          await equal(he.multiply(x, y), he.multiply(y, x), "xy = yx");
          await equal(he.multiply(x, he.add(y, z)), he.add(he.multiply(x, y), he.multiply(x, z)), "x(y + z) = xy + xz");
          if (parameters.maxLevel > 1) {
            await equal(he.multiply(he.multiply(x, y), z), he.multiply(x, he.multiply(y, z)), "(xy)z = x(yz)");
          }
        }),
        RUNS,
      );
    });

    it("rotation and conjugation are ring homomorphisms", async () => {
      const [x, y] = three(seed);
      await equal(he.rotate(he.multiply(x, y), 2), he.multiply(he.rotate(x, 2), he.rotate(y, 2)), "rotate(xy)");
      await equal(he.rotate(he.add(x, y), 2), he.add(he.rotate(x, 2), he.rotate(y, 2)), "rotate(x + y)");
      await equal(he.conjugate(he.multiply(x, y)), he.multiply(he.conjugate(x), he.conjugate(y)), "conjugate(xy)");
    });

    it("x·1 = x, x + 0 = x, x·0 = 0, sumOfProducts = sum of products", async () => {
      const [x, y, z] = three(seed);
      await equal(he.multiply(x, 1), x, "x·1");
      await equal(he.add(x, 0), x, "x + 0");
      await equal(he.multiply(x, 0), he.subtract(x, x), "x·0");
      await equal(
        he.sumOfProducts([
          [x, y],
          [y, z],
        ]),
        he.add(he.multiply(x, y), he.multiply(y, z)),
        "Σ",
      );
    });
  });
}
