import fc from "fast-check";
import { expect, test } from "vitest";
import * as seal from "../../src/ckks/formats/seal.js";
import { rotationElement } from "../../src/ckks/keys/galois.js";

const vector = fc.integer({ min: 1, max: 9 }).chain((log) => {
  const part = fc.array(fc.double({ noNaN: true }), { minLength: 2 ** log, maxLength: 2 ** log });
  return fc.record({ real: part, imaginary: part });
});

test("SEAL's 1, 2, 3, 4 stand at 0, 1699, 1350 and 1001 here, for N = 2^12", () => {
  const values = new Float64Array(2048);
  values.set([1, 2, 3, 4]);
  const { real } = seal.fromSealOrder(values);
  expect([0, 1699, 1350, 1001].map((j) => real[j])).toEqual([1, 2, 3, 4]);
});

test("a value is that of the polynomial at its root, in both orders", () => {
  // X itself, N = 16: ours at ζ^(5^j), SEAL's at ζ^(3^i).
  const at = (power: number) => [Math.cos((Math.PI * power) / 16), Math.sin((Math.PI * power) / 16)];
  const powers = (g: number) => Array.from({ length: 8 }, (_, i) => g ** i % 32);
  const of = (g: number) => ({ real: powers(g).map((e) => at(e)[0]), imaginary: powers(g).map((e) => at(e)[1]) });
  const { real, imaginary } = seal.toSealOrder(of(5));
  for (let i = 0; i < 8; i++) {
    expect(real[i]).toBeCloseTo(of(3).real[i], 12);
    expect(imaginary[i]).toBeCloseTo(of(3).imaginary[i], 12);
  }
});

test("toSealOrder ∘ fromSealOrder and fromSealOrder ∘ toSealOrder change nothing", () => {
  const equal = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    expect(Array.from(a, (z) => z + 0)).toEqual(Array.from(b, (z) => z + 0));
  fc.assert(
    fc.property(vector, (z) => {
      for (const there of [seal.toSealOrder(seal.fromSealOrder(z)), seal.fromSealOrder(seal.toSealOrder(z))]) {
        equal(there.real, z.real);
        equal(there.imaginary, z.imaginary);
      }
    }),
  );
});

test("rotating by k in SEAL's order is rotating by rotationOf(k).steps in ours, and conjugating for odd k", () => {
  fc.assert(
    fc.property(vector, fc.integer({ min: -2000, max: 2000 }), (z, k) => {
      const slots = z.real.length;
      const { steps, conjugate, galois } = seal.rotationOf(k, slots);
      const turn = (part: ArrayLike<number>, by: number, sign = 1) =>
        Float64Array.from(part, (_, i) => sign * part[(((i + by) % slots) + slots) % slots]);
      const inSeal = seal.toSealOrder(z);
      const here = { real: turn(z.real, steps), imaginary: turn(z.imaginary, steps, conjugate ? -1 : 1) };
      const back = seal.toSealOrder(here);
      expect([...back.real]).toEqual([...turn(inSeal.real, k)]);
      expect(Array.from(back.imaginary, (v) => v + 0)).toEqual(Array.from(turn(inSeal.imaginary, k), (v) => v + 0));
      const own = rotationElement(steps, Math.log2(slots) + 1);
      expect(galois).toBe(conjugate ? 4 * slots - own : own);
    }),
  );
});

test("what is not all of the slots is a RangeError", () => {
  for (const length of [0, 1, 3, 2 ** 17]) expect(() => seal.toSealOrder(new Float64Array(length))).toThrow(RangeError);
  expect(() => seal.fromSealOrder({ real: [1, 2], imaginary: [1, 2, 3, 4] })).toThrow(RangeError);
  expect(() => seal.rotationOf(0.5, 8)).toThrow(RangeError);
  expect(() => seal.toSealOrder(undefined as never)).toThrow(TypeError);
});
