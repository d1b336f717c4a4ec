import { describe, expect, it } from "vitest";
import { Embedding } from "../../src/ckks/embedding.js";
import { type ComplexVector, Encoder, Parameters, type Plaintext, Ring } from "../../src/ckks/index.js";
import { fromWholeNumbers } from "../../src/ckks/integers.js";
import { rotationElement } from "../../src/ckks/keys/galois.js";
import { permute } from "../../src/ckks/polynomial.js";
import { precision } from "../../src/ckks/precision.js";
import { ParameterError } from "../../src/errors.js";
import { fromMontgomery, residue } from "../../src/ntt/modulus.js";
import { clear, levelsOf, SETTINGS, testDevice, Values } from "./settings.js";

const device = await testDevice();

async function decode(encoder: Encoder, plaintext: Plaintext): Promise<ComplexVector> {
  const { ring, parameters } = encoder;
  const primes = parameters.primesAt(plaintext.level);
  const limbs = device.allocate(ring.logN, primes.length);
  const rows = primes.map((p, i) => [limbs[i], plaintext.polynomial.limb(p), p, fromMontgomery(1, p)] as const);
  device.launch("intt", ring.logN, rows);
  const residues = await device.read(ring.logN, limbs);
  device.free(ring.logN, limbs);
  return encoder.decode(residues, plaintext.level, plaintext.scale, plaintext.slots);
}

/** Slot j by the definition: the polynomial's value at ζ^(5^j), ζ = exp(2πi/2N). */
function evaluate(coefficients: Float64Array, slots: number): ComplexVector {
  const n = coefficients.length;
  const result = { real: new Float64Array(slots), imaginary: new Float64Array(slots) };
  for (let j = 0, power = 1; j < slots; j++, power = (5 * power) % (2 * n)) {
    for (let i = 0; i < n; i++) {
      const angle = (Math.PI * ((power * i) % (2 * n))) / n;
      result.real[j] += coefficients[i] * Math.cos(angle);
      result.imaginary[j] += coefficients[i] * Math.sin(angle);
    }
  }
  return result;
}

function largest({ real, imaginary }: ComplexVector): number {
  return [...real, ...imaginary].reduce((max, x) => Math.max(max, Math.abs(x)), 0);
}

describe("the canonical embedding", () => {
  for (const slots of [1, 2, 4, 8, 64, 256]) {
    it(`slot j = m(ζ^(5^j)), ${slots} slots, by direct evaluation`, () => {
      const values = new Values(slots).complex(slots);
      const vector = { real: values.real.slice(), imaginary: values.imaginary.slice() };
      Embedding.of(slots).toCoefficients(vector);
      const direct = evaluate(Float64Array.of(...vector.real, ...vector.imaginary), slots);
      expect(largest(clear.subtract(direct, values))).toBeLessThan(1e-12);
      Embedding.of(slots).toSlots(vector);
      expect(largest(clear.subtract(vector, values))).toBeLessThan(1e-13);
    });
  }
});

for (const [name, parameters] of SETTINGS) {
  describe(name, () => {
    const encoder = new Encoder(Ring.of(device, parameters));
    const values = new Values(5);
    // Rounding errs by 1/2 a coefficient at most, N of them meet in a slot; the doubles carry 53 bits.
    const bound = (level: number, slots: number) => (2 * slots * Math.SQRT1_2) / parameters.scaleAt(level) + 2 ** -47;

    for (const level of levelsOf(parameters)) {
      it(`decode(encode(z)) = z within rounding, level ${level}, complex, real, sparse`, async () => {
        for (const slots of [parameters.slots, parameters.slots / 4, 8, 1]) {
          const z = values.complex(slots);
          using plaintext = encoder.encode(z, level, slots);
          expect(largest(clear.subtract(await decode(encoder, plaintext), z))).toBeLessThan(bound(level, slots));
          const real = values.real(slots, 4);
          using second = encoder.encode(real, level, slots);
          const expected = { real, imaginary: new Float64Array(slots) };
          expect(largest(clear.subtract(await decode(encoder, second), expected))).toBeLessThan(bound(level, slots));
        }
      });
    }

    it("shorter input is padded with zeros; plain arrays do", async () => {
      using plaintext = encoder.encode([1, -2, 3], 0, 4);
      const { real } = await decode(encoder, plaintext);
      expect([...real].map((x) => Math.round(x * 1000) / 1000 + 0)).toEqual([1, -2, 3, 0]);
    });

    it("fewer slots are the same values repeated over all slots", async () => {
      const z = values.complex(16);
      using sparse = encoder.encode(z, 0, 16);
      const { real } = await decode(encoder, { ...sparse, slots: parameters.slots } as Plaintext);
      for (let j = 0; j < parameters.slots; j++) expect(real[j]).toBeCloseTo(z.real[j % 16], 4);
    });

    it("X → X^(5^k) rotates the slots left by k; X → X^−1 conjugates them", async () => {
      const z = values.complex(parameters.slots);
      using plaintext = encoder.encode(z, parameters.maxLevel);
      for (const steps of [1, 7, -3]) {
        const polynomial = permute(plaintext.polynomial, rotationElement(steps, parameters.logN));
        const turned = await decode(encoder, { ...plaintext, polynomial } as unknown as Plaintext);
        expect(largest(clear.subtract(turned, clear.rotate(z, steps)))).toBeLessThan(1e-4);
        polynomial[Symbol.dispose]();
      }
      const polynomial = permute(plaintext.polynomial, 2 ** (parameters.logN + 1) - 1);
      const turned = await decode(encoder, { ...plaintext, polynomial } as unknown as Plaintext);
      expect(largest(clear.subtract(turned, clear.conjugate(z)))).toBeLessThan(1e-4);
      polynomial[Symbol.dispose]();
    });

    it("a value that is no number, or too large for the level, is a ParameterError and leaks nothing", () => {
      const before = device.statistics().bytesInUse;
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300]) {
        expect(() => encoder.encode([0, bad], 0)).toThrow(ParameterError);
        expect(() => encoder.encode({ real: [0], imaginary: [0, bad] }, 0)).toThrow(ParameterError);
      }
      const headroom = parameters.headroomAt(0);
      expect(() => encoder.encode([1.01 * headroom], 0, 1)).toThrow(ParameterError);
      expect(() => encoder.encode([-1.01 * headroom], 0, 1)).toThrow(/at most/);
      using fits = encoder.encode([0.99 * headroom], 0, 1);
      expect(fits.level).toBe(0);
      fits[Symbol.dispose]();
      expect(device.statistics().bytesInUse).toBe(before);
    });

    it("too many values, a level or a number of slots that does not exist are RangeErrors", () => {
      expect(() => encoder.encode(new Float64Array(parameters.slots + 1))).toThrow(RangeError);
      expect(() => encoder.encode([1, 2, 3], 0, 2)).toThrow(RangeError);
      for (const slots of [0, 3, -4, 0.5, 2 * parameters.slots]) {
        expect(() => encoder.encode([], 0, slots), `${slots} slots`).toThrow(RangeError);
      }
      for (const level of [-1, 0.5, parameters.maxLevel + 1]) {
        expect(() => encoder.encode([1], level), `level ${level}`).toThrow(RangeError);
      }
    });
  });
}

describe("the precision report", () => {
  it("log2 of the smallest, mean and largest error, missing values counting as zero", () => {
    const actual = { real: Float64Array.of(1.25, 2, 0.5, 0), imaginary: Float64Array.of(0, 0, 0, 0.125) };
    const { real, imaginary } = precision(actual, [1, 2.125]);
    expect(real).toEqual({ min: -Infinity, mean: Math.log2(0.875 / 4), max: -1 });
    expect(imaginary.max).toBe(-3);
  });
  it("what holds no values is a TypeError, not zeros", () => {
    const actual = { real: Float64Array.of(1), imaginary: Float64Array.of(0) };
    for (const expected of [Promise.resolve([1]), new Set([1]), null, 1, "1", { real: [1] }]) {
      expect(() => precision(actual, expected as unknown as number[])).toThrow(/an array of numbers/);
    }
  });
});

it("a value too large for a level where Q outgrows the doubles: the error names a number, and less than it fits", async () => {
  const parameters = Parameters.choose({ depth: 40 });
  const encoder = new Encoder(Ring.of(device, parameters));
  let message = "";
  try {
    encoder.encode([Number.MAX_VALUE], 40, 1);
  } catch (error) {
    message = (error as ParameterError).message;
  }
  const most = Number(/at most (\S+) fits/.exec(message)?.[1]);
  expect(most).toBeGreaterThan(1e298);
  using fits = encoder.encode([0.99 * most], 40, 1);
  expect((await decode(encoder, fits)).real[0] / (0.99 * most)).toBeCloseTo(1, 13);
  expect(() => encoder.encode([1.01 * most], 40, 1)).toThrow(ParameterError);
});

describe("large values", () => {
  const parameters = Parameters.choose({ depth: 3, precision: "high" });
  const encoder = new Encoder(Ring.of(device, parameters));

  for (const level of levelsOf(parameters)) {
    it(`a full vector up to the headroom, with all the bits of a double, at level ${level}`, async () => {
      const z = new Values(6).complex(parameters.slots);
      const headroomBits = Math.log2(parameters.headroomAt(level));
      for (const bits of [3.5, 5, 9, 40, 100, 200].filter((b) => b < headroomBits)) {
        const large = clear.scale(z, 2 ** bits);
        using plaintext = encoder.encode(large, level);
        const errors = largest(clear.subtract(await decode(encoder, plaintext), large));
        const rounding = (2 * parameters.slots * Math.SQRT1_2) / parameters.scaleAt(level);
        expect(errors, `2^${bits}`).toBeLessThan(rounding + 2 ** (bits - 47));
      }
      expect(() => encoder.encode(clear.scale(z, 2 ** (headroomBits + 8)), level)).toThrow(ParameterError);
    });
  }

  it("their residues are those of the whole numbers, to the last bit", async () => {
    const ring = encoder.ring;
    const primes = parameters.primesAt(parameters.maxLevel);
    const mantissas = new Values(7).real(2 ** ring.logN, 2 ** 53);
    const exponents = new Values(8).real(2 ** ring.logN, 485);
    const integers = mantissas.map((x, i) => Math.round(x) * 2 ** (485 + Math.round(exponents[i])));
    const edges = [
      0,
      -0,
      2 ** 53 + 2,
      2 ** 62,
      -(2 ** 62),
      2 ** 63,
      -(2 ** 63),
      2 ** 124,
      Number.MAX_VALUE,
      -Number.MAX_VALUE,
    ];
    integers.set([...edges, ...edges.map((x) => x - 1)]);
    using polynomial = fromWholeNumbers(ring, integers, primes);
    const residues = await device.read(ring.logN, polynomial.limbs);
    for (const [j, p] of primes.entries()) {
      expect(Array.from(residues[j])).toEqual(Array.from(integers, (x) => residue(BigInt(x), p)));
    }
  });
});
