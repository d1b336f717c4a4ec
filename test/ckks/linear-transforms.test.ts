import { describe, expect, it } from "vitest";
import { BabySteps } from "../../src/ckks/circuits/baby-steps.js";
import {
  type BlockTransform,
  type Ciphertext,
  type ComplexVector,
  Evaluator,
  linearTransform,
  linearTransforms,
  type Plaintext,
} from "../../src/ckks/index.js";
import { Accumulator } from "../../src/ckks/keyswitch.js";
import { decrypted } from "../../src/ckks/noise.js";
import { KeyMismatchError, LevelError, MissingKeyError, ParameterError } from "../../src/errors.js";
import { largest } from "./expectation.js";
import { NoiseBounds } from "./noise-bounds.js";
import { clear, digest, instance, levelsOf, SETTINGS } from "./settings.js";

const SLOTS = 16;
/** Of each operand, and of each result: [giant, [operand, baby][]][] and folds. */
const RESULTS = [
  { groups: [[0, [[0, 0], [0, 1], [1, 0]]], [4, [[0, 3], [1, 1], [1, 2]]]], folds: [] },
  { groups: [[8, [[0, 1]]], [4, [[1, 1], [0, 2]]]], folds: [8, 4] },
  { groups: [[0, [[1, 3]]]], folds: [2] },
] as const; // biome-ignore format: a table

type Terms = readonly (readonly [operand: number, baby: number])[];
type Results = readonly { readonly groups: readonly (readonly [number, Terms])[]; readonly folds: readonly number[] }[];

for (const [name, parameters] of SETTINGS) {
  describe(name, async () => {
    const test = await instance(parameters, 61);
    const { alice, device, encryptor, values } = test;
    const { maxLevel } = parameters;
    const bounds = new NoiseBounds(parameters);
    const he = new Evaluator(device, parameters, alice.evaluationKeys({ rotations: [1, 2, 3, 4, 8] }));

    /** Diagonals of small values, so that no result leaves the unit disc, each with its doubles. */
    const small = () => clear.scale(values.complex(SLOTS), 1 / 64);
    const random = <D extends Plaintext | Ciphertext>(store: (d: ComplexVector) => D) => {
      const doubles = new Map<D, ComplexVector>();
      const transforms = (RESULTS as Results).map(({ groups, folds }) => ({
        groups: groups.map(([giant, terms]) => ({
          giant,
          terms: terms.map(([operand, baby]) => {
            const value = small();
            const diagonal = store(value);
            doubles.set(diagonal, value);
            return { operand, baby, diagonal };
          }),
        })),
        folds,
      }));
      const wanted = (inputs: readonly ComplexVector[]) =>
        transforms.map(({ groups, folds }) => {
          let sum = clear.constant(SLOTS, 0);
          for (const { giant, terms } of groups) {
            for (const { operand, baby, diagonal } of terms) {
              const product = clear.multiply(doubles.get(diagonal)!, clear.rotate(inputs[operand], baby));
              sum = clear.add(sum, clear.rotate(product, giant));
            }
          }
          for (const step of folds) sum = clear.add(sum, clear.rotate(sum, step));
          return sum;
        });
      return { transforms, wanted };
    };
    const errors = async (ct: Ciphertext, wanted: ComplexVector) => {
      const { real, imaginary } = clear.subtract(await alice.decryptComplex(ct), wanted);
      return real.map((e, i) => Math.hypot(e, imaginary[i]));
    };

    for (const level of levelsOf(parameters, 1)) {
      const kinds: Record<string, readonly [(d: ComplexVector) => Plaintext | Ciphertext, number]> = {
        plain: [(d) => he.encoder.encode(d, level, SLOTS), bounds.freshSlot(level, SLOTS)],
        "public-key encrypted": [
          (d) => encryptor.encrypt(d, { level, slots: SLOTS, bound: 1 / 32 }),
          bounds.slot(bounds.freshPublic, level, SLOTS),
        ],
      };
      for (const [kind, [store, weight]] of Object.entries(kinds)) {
        it(`2 operands × 3 results = the matrices on doubles, ${kind} diagonals, level ${level}`, async () => {
          const inputs = [values.complex(SLOTS), values.complex(SLOTS)];
          const operands = inputs.map((z) => alice.encrypt(z, { level, slots: SLOTS }));
          const { transforms, wanted } = random(store);
          const results = linearTransforms(he, operands, transforms);
          expect(results).toHaveLength(3);
          const whole = wanted(inputs);
          for (const [o, result] of results.entries()) {
            expect(result).toMatchObject({ level: level - 1, state: "canonical", slots: SLOTS });
            const found = await errors(result, whole[o]);
            // Each fold doubles what went before; the terms' products, and a key switch for each rotation.
            const terms = RESULTS[o].groups.reduce((n, [, list]) => n + list.length, 0);
            const product = bounds.product(bounds.freshSlot(level, SLOTS), weight, level, SLOTS);
            expect(largest(found)).toBeLessThan(Math.SQRT2 * 2 ** RESULTS[o].folds.length * (terms + 1) * product);
            expect(largest(found)).toBeLessThanOrEqual(decrypted(result.noise).worst);
            const rms = Math.hypot(...found) / Math.sqrt(SLOTS);
            // Values here are smaller than their bounds, so that the estimate may be larger, but never much smaller.
            expect(decrypted(result.noise).rms).toBeGreaterThan(rms / 3);
          }
        });
      }
    }

    it("without the rescale: the same residues once they are rescaled; sums of results before it", async () => {
      const inputs = [values.complex(SLOTS), values.complex(SLOTS)];
      const operands = inputs.map((z) => alice.encrypt(z, { slots: SLOTS }));
      const { transforms, wanted } = random((d) => he.encoder.encode(d, maxLevel, SLOTS));
      const products = linearTransforms(he, operands, transforms, { rescale: false });
      const results = linearTransforms(he, operands, transforms);
      for (const [o, product] of products.entries()) {
        expect(product).toMatchObject({ level: maxLevel, state: "product" });
        const rescaled = he.rescale(product);
        for (const i of [0, 1]) expect(await digest(rescaled.parts[i])).toBe(await digest(results[o].parts[i]));
        // Dividing at once rounds once where two divisions round twice.
        const [once, twice] = [results[o].noise, rescaled.noise];
        for (const of of ["rms", "worst", "ringRms", "ringWorst"] as const) {
          expect(once[of]).toBeLessThanOrEqual(twice[of]);
          expect(once[of]).toBeGreaterThan(0.99 * twice[of]);
        }
        expect([once.bound, once.size]).toEqual([twice.bound, twice.size]);
      }
      const sum = he.rescale(he.add(products[0], products[1]));
      const whole = wanted(inputs);
      const found = await errors(sum, clear.add(whole[0], whole[1]));
      expect(largest(found)).toBeLessThanOrEqual(decrypted(sum.noise).worst);
    });

    it("one operand, one result: the residues of its steps taken one by one", async () => {
      for (const level of levelsOf(parameters, 1)) {
        const { ring, switcher } = he;
        const x = alice.encrypt(values.complex(SLOTS), { level, slots: SLOTS });
        const groups = [4, 0].map((giant) => ({
          giant,
          terms: [1, 3].map((baby) => ({ baby, diagonal: encryptor.encrypt(small(), { level, slots: SLOTS }) })),
        }));
        const result = linearTransform(he, x, { groups, folds: [2] });
        const sum = Accumulator.zero(ring, level);
        for (const { giant, terms } of groups) {
          const rotated = he.rotateMany(
            x,
            terms.map(({ baby }) => baby),
          );
          const three = he.tensorSum(terms.map(({ diagonal }, i) => [rotated[i], diagonal]));
          if (giant === 0) sum.addAccumulator(switcher.relinearize(three));
          else switcher.addPermuted(sum, he.relinearize(three), switcher.rotationElement(giant, SLOTS, level));
        }
        const like = he.multiplyPlain(x, 1);
        const parts = sum.toCiphertextParts();
        like.parts.forEach((part, i) => {
          for (const p of part.primes) device.launch("copy", ring.logN, [[part.limb(p), parts[i].limb(p)]]);
        });
        const wanted = he.rescale(he.add(like, he.rotate(like, 2)));
        for (const i of [0, 1]) expect(await digest(result.parts[i])).toBe(await digest(wanted.parts[i]));
      }
    });

    it("each baby step is switched once for all results", () => {
      const operands = [0, 1].map(() => alice.encrypt(values.complex(SLOTS), { slots: SLOTS }));
      const { transforms } = random((d) => he.encoder.encode(d, maxLevel, SLOTS));
      let switches = 0;
      const launch = device.launch;
      device.launch = ((kernel, logN, rows) => {
        if (kernel === "dotProduct" && rows.some((row) => (row as { prime: number }).prime === parameters.special[0]))
          switches++;
        launch.call(device, kernel, logN, rows);
      }) as typeof launch;
      try {
        linearTransforms(he, operands, transforms);
      } finally {
        device.launch = launch;
      }
      // Babies that rotate: 1, 2, 3 of both; giants: 4; 8, 4; folds: 8, 4; 2.
      expect(switches).toBe(6 + 3 + 3);
    });

    it("leaves no memory behind, with an error after the first result either", () => {
      const operands = [0, 1].map(() => alice.encrypt(values.complex(SLOTS), { slots: SLOTS }));
      const { transforms } = random((d) => encryptor.encrypt(d, { slots: SLOTS }));
      const before = device.statistics().bytesInUse;
      for (const result of linearTransforms(he, operands, transforms)) result[Symbol.dispose]();
      expect(device.statistics().bytesInUse).toBe(before);
      const wrong = [...transforms, { ...transforms[0], folds: [5] }];
      expect(() => linearTransforms(he, operands, wrong)).toThrow(MissingKeyError);
      expect(device.statistics().bytesInUse).toBe(before);
    });

    it("a rotation is freed with the last result that reads it, and no earlier", () => {
      const operands = [0, 1].map(() => alice.encrypt(values.complex(SLOTS), { slots: SLOTS }));
      const without = device.statistics().bytesInUse;
      using _copy = he.copy(operands[0]);
      const before = device.statistics().bytesInUse;
      const one = before - without;
      const read = (operand: number, baby: number) => ({ operand, baby });
      using babies = new BabySteps(he, operands, [[read(0, 1), read(0, 2)], [read(0, 2)], [read(1, 3)]]);
      const held = () => (device.statistics().bytesInUse - before) / one;
      expect(held()).toBe(0);
      const [first, second] = [babies.rotation(read(0, 1)), babies.rotation(read(0, 2))];
      expect(held()).toBe(2);
      babies.finish(0);
      expect(held()).toBe(1);
      expect(() => first.parts[0].limbs).toThrow(TypeError);
      expect(babies.rotation(read(0, 2))).toBe(second);
      babies.finish(1);
      expect(held()).toBe(0);
      babies.rotation(read(1, 3));
      expect(held()).toBe(1);
      babies[Symbol.dispose]();
      expect(held()).toBe(0);
    });

    it("what does not go together is refused", async () => {
      const other = await instance(parameters, 62);
      const x = alice.encrypt([1], { slots: SLOTS });
      const one = (operand: unknown): BlockTransform<Plaintext>[] => {
        const diagonal = he.encoder.encode([1], maxLevel, SLOTS);
        return [{ groups: [{ giant: 0, terms: [{ operand: operand as number, baby: 0, diagonal }] }] }];
      };
      const run = (operands: unknown, transforms: unknown = one(0)) =>
        linearTransforms(he, operands as Ciphertext[], transforms as BlockTransform<Plaintext>[]);
      expect(run([x])).toHaveLength(1);
      expect(run([x], [])).toEqual([]);
      for (const operand of [1, -1, 0.5, "0", "length", undefined, null]) {
        expect(() => run([x], one(operand)), String(operand)).toThrow(/^operand: .* is not the place of one of 1$/);
      }
      for (const nothing of [undefined, null, x, 1, {}]) {
        expect(() => run(nothing)).toThrow(/^operands: a list was expected/);
        if (nothing !== undefined) expect(() => run([x], nothing)).toThrow(/^transforms: a list was expected/);
        expect(() => run([x], [nothing])).toThrow(/^groups: a list was expected/);
      }
      expect(() => run([])).toThrow(RangeError);
      expect(() => run([1])).toThrow(TypeError);
      for (const groups of [[], [{ giant: 0, terms: [] }]]) expect(() => run([x], [{ groups }])).toThrow(RangeError);
      expect(() => run([x, alice.encrypt([1], { slots: SLOTS, level: 0 })])).toThrow(LevelError);
      expect(() => run([x, he.multiplyPlain(x, 1)])).toThrow(LevelError);
      expect(() => run([he.multiplyPlain(x, 1)])).toThrow(LevelError);
      expect(() => run([x, alice.encrypt([1], { slots: 8 })])).toThrow(ParameterError);
      expect(() => run([x, other.alice.encrypt([1], { slots: SLOTS })])).toThrow(KeyMismatchError);
      const low = alice.encrypt([1], { slots: SLOTS, level: 0 });
      const diagonal = he.encoder.encode([1], 0, SLOTS);
      expect(() => run([low], [{ groups: [{ giant: 0, terms: [{ operand: 0, baby: 0, diagonal }] }] }])).toThrow(
        LevelError,
      );
    });
  });
}
