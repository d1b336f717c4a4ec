import { describe, expect, it } from "vitest";
import { Encryptor, Evaluator, KeyHolder, linearTransform, Randomness } from "../../src/ckks/index.js";
import { conjugationElement, inverseElement, rotationElement } from "../../src/ckks/keys/galois.js";
import { KeyMismatchError, LevelError, MissingKeyError } from "../../src/errors.js";
import { clear, errorBits, instance, SETTINGS } from "./settings.js";

for (const [name, parameters] of SETTINGS) {
  describe(name, async () => {
    const test = await instance(parameters, 41);
    const { alice, he, device } = test;
    const { maxLevel } = parameters;
    const bob = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(42));
    const evaluator = (request: Parameters<typeof alice.evaluationKeys>[0]) =>
      new Evaluator(device, parameters, alice.evaluationKeys(request));

    describe("KeyMismatchError", () => {
      it("decrypting with another key", async () => {
        using x = alice.encrypt([1]);
        await expect(bob.decrypt(x)).rejects.toThrow(KeyMismatchError);
        await expect(bob.decryptComplex(x)).rejects.toThrow(alice.fingerprint.slice(0, 8));
        await expect(bob.precision(x, [1])).rejects.toThrow(KeyMismatchError);
        using product = he.multiply(x, x);
        await expect(bob.decrypt(product)).rejects.toThrow(KeyMismatchError);
      });

      it("every operation of an evaluator with foreign keys, on either operand", () => {
        using x = alice.encrypt([1]);
        using y = bob.encrypt([1]);
        using z = new Encryptor(bob.publicKey, Randomness.seededUnsafe(43)).encrypt([1]);
        using plain = he.encoder.encode([1]);
        const operations = [
          () => he.add(y, y), () => he.add(x, y), () => he.add(y, x), () => he.add(z, 1), () => he.add(x, z),
          () => he.subtract(x, y), () => he.negate(y), () => he.multiply(x, y), () => he.multiply(y, x),
          () => he.multiply(y, 2), () => he.multiplyPlain(y, plain), () => he.multiplyPlaintextSum([[x, plain], [y, plain]]),
          () => he.sumOfProducts([[x, x], [x, y]]), () => he.square(y), () => he.tensor(x, y),
          () => he.rotate(y, 1), () => he.rotateMany(y, [0]), () => he.conjugate(y), () => he.toLevel(y, 0), () => he.rescale(y),
          () => linearTransform(he, y, { groups: [{ giant: 0, terms: [{ baby: 0, diagonal: plain }] }] }),
          () => linearTransform(he, x, { groups: [{ giant: 0, terms: [{ baby: 0, diagonal: y }] }] }),
        ]; // biome-ignore format: a list
        for (const operation of operations) expect(operation, operation.toString()).toThrow(KeyMismatchError);
      });

      it("a three-part ciphertext of a foreign key", () => {
        const theirs = new Evaluator(device, parameters, bob.evaluationKeys());
        using y = bob.encrypt([1]);
        using three = theirs.tensor(y, y);
        expect(() => he.relinearize(three)).toThrow(KeyMismatchError);
        expect(() => he.add(three, three)).toThrow(KeyMismatchError);
      });
    });

    describe("MissingKeyError", () => {
      it("without a relinearisation key products stay three-part", async () => {
        const bare = evaluator({ relinearize: false });
        using x = alice.encrypt([0.5]);
        for (const attempt of [
          () => bare.multiply(x, x),
          () => bare.square(x),
          () => bare.relinearize(bare.tensor(x, x)),
        ]) {
          expect(attempt).toThrow(MissingKeyError);
          expect(attempt).toThrow(expect.objectContaining({ fix: expect.stringContaining("relinearize") }));
        }
        using three = bare.tensor(x, x);
        expect((await alice.decrypt(three, 1))[0]).toBeCloseTo(0.25, 3);
        using scaled = bare.multiply(x, 3);
        expect(scaled.level).toBe(maxLevel - 1);
      });

      it("a rotation or conjugation without its key; the message names the step, the fix the call", () => {
        const bare = evaluator({ rotations: [1] });
        using x = alice.encrypt([1]);
        expect(() => bare.rotate(x, 2)).toThrow(MissingKeyError);
        expect(() => bare.rotate(x, 2)).toThrow(/rotation by 2/);
        expect(() => bare.rotateMany(x, [0, 1, 2])).toThrow(MissingKeyError);
        expect(() => bare.rotate(x, 2)).toThrow(
          expect.objectContaining({ fix: expect.stringContaining("evaluationKeys({ rotations") }),
        );
        expect(() => bare.conjugate(x)).toThrow(MissingKeyError);
        expect(() => bare.conjugate(x)).toThrow(
          expect.objectContaining({ fix: expect.stringContaining("conjugate: true") }),
        );
        expect(() => bare.rotate(x, 0)).not.toThrow();
      });

      it("a ciphertext with fewer slots takes any key of an equal step", async () => {
        const bare = evaluator({ rotations: [-1] });
        const z = test.values.complex(8);
        using x = alice.encrypt(z, { slots: 8 });
        for (const steps of [7, -1, 15, -9, 31, 8 * 1001 + 7]) {
          using y = bare.rotate(x, steps);
          expect(await errorBits(test, y, clear.rotate(z, 7))).toBeLessThan(-9);
        }
      });

      it("of the keys of equal steps, one that reaches the level, also where the step's own does not", async () => {
        const z = test.values.complex(8);
        const turned = clear.rotate(z, 1);
        const high = [[1, 0], [9, maxLevel], [-7, 0], [17, 0]] as const; // biome-ignore format: steps and levels
        const bare = evaluator({ rotations: new Map(high) });
        using x = alice.encrypt(z, { slots: 8 });
        using low = alice.encrypt(z, { slots: 8, level: 0 });
        for (const [ct, steps] of [
          [x, 1],
          [x, 25],
          [x, -7],
          [low, 1],
          [low, 33],
        ] as const) {
          // biome-ignore format: pairs
          using y = bare.rotate(ct, steps);
          expect(await errorBits(test, y, turned), `by ${steps} at ${ct.level}`).toBeLessThan(-9);
        }
        using diagonal = bare.encoder.encode(clear.constant(8, 1), maxLevel, 8);
        using sum = linearTransform(bare, x, { groups: [{ giant: 1, terms: [{ baby: 33, diagonal }] }] });
        expect(await errorBits(test, sum, clear.rotate(z, 2))).toBeLessThan(-8);
        expect(() => bare.rotate(x, 2)).toThrow(/no key for the rotation by 2/);
        const none = evaluator({ rotations: new Map([[1, 0], [9, maxLevel - 1]]) }); // biome-ignore format: a map
        expect(() => none.rotate(x, 1)).toThrow(`reaches level ${maxLevel - 1}, not ${maxLevel}`);
        using full = alice.encrypt(z);
        expect(() => bare.rotate(full, 1)).toThrow(MissingKeyError);
      });

      it("keys made for a level work up to it and refuse above", async () => {
        const level = maxLevel - 1;
        const limited = evaluator({ relinearize: level, rotations: new Map([[1, level], [2, maxLevel]]) }); // biome-ignore format: a map
        const z = test.values.complex(parameters.slots);
        using high = alice.encrypt(z);
        expect(() => limited.rotate(high, 1)).toThrow(MissingKeyError);
        expect(() => limited.rotate(high, 1)).toThrow(`reaches level ${level}, not ${maxLevel}`);
        expect(() => limited.square(high)).toThrow(MissingKeyError);
        expect(() => limited.rotate(high, 2)).not.toThrow();
        for (let at = level; at >= 0; at--) {
          using x = limited.toLevel(high, at);
          using y = limited.rotate(x, 1);
          expect(await errorBits(test, y, clear.rotate(z, 1)), `level ${at}`).toBeLessThan(-8);
          if (at === 0) expect(() => limited.square(x)).toThrow(LevelError);
          else {
            using squared = limited.square(x);
            expect(await errorBits(test, squared, clear.multiply(z, z)), `level ${at}`).toBeLessThan(-8);
          }
        }
      });
    });
  });
}

describe("Galois elements", () => {
  it("rotation by a then by b is 5^(a+b); inverses undo; rotations repeat after N/2", () => {
    for (const logN of [10, 14, 16]) {
      const order = 2 ** (logN + 1);
      expect(rotationElement(0, logN)).toBe(1);
      expect(rotationElement(1, logN)).toBe(5);
      expect(conjugationElement(logN)).toBe(order - 1);
      for (const [a, b] of [
        [1, 2],
        [7, -3],
        [1000, 333],
        [-1, 1],
      ]) {
        const [x, y] = [rotationElement(a, logN), rotationElement(b, logN)];
        expect(rotationElement(a + b, logN)).toBe((x * y) % order);
        expect((x * inverseElement(x, logN)) % order).toBe(1);
        expect(rotationElement(a + 2 ** (logN - 1), logN)).toBe(x);
      }
    }
  });
});
