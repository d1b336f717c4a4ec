import { describe, expect, it } from "vitest";
import { type Ciphertext, type ComplexVector, fold, linearTransform, Parameters, Ring } from "../../src/ckks/index.js";
import { decrypted, ZERO_NOISE } from "../../src/ckks/noise.js";
import { largest } from "./expectation.js";
import { clear, type Instance, instance, testDevice, unsafe, type Values } from "./settings.js";

const SETS: Readonly<Record<string, Parameters>> = {
  "one prime a level, a digit for each prime": unsafe(11, [1, 1, 1], { digitPrimes: 1, specials: 2 }),
  "a wide base, one digit": unsafe(11, [2, 1, 1], { digitPrimes: 4, specials: 5, baseScaleBits: 45 }),
  "two primes a level": Parameters.choose({ depth: 2, precision: "high" }),
};

/** Points of the unit circle: they fill the bound 1. */
function circle(values: Values, count: number): ComplexVector {
  const angles = values.real(count, Math.PI);
  return { real: angles.map(Math.cos), imaginary: angles.map(Math.sin) };
}

interface Case {
  readonly given: Ciphertext;
  readonly wanted: ComplexVector;
}

/** Every operation, on two ciphertexts of level 2 and a vector, all of them points of the unit circle. */
function operations({ he, alice, encryptor, values }: Instance, slots: number): Record<string, () => Case> {
  const [a, b, w] = [0, 1, 2].map(() => circle(values, slots));
  const x = alice.encrypt(a, { slots });
  const y = encryptor.encrypt(b, { slots });
  const product = clear.multiply(a, b);
  const plain = he.encoder.encode(w, 2, slots);
  const diagonal = (baby: number) => clear.multiply(clear.rotate(a, baby), w);
  const transformed = clear.add(clear.rotate(diagonal(1), 2), diagonal(3));
  const folded = clear.add(transformed, clear.rotate(transformed, 5));
  const groups = <D>(d: D) => ({
    groups: [
      { giant: 2, terms: [{ baby: 1, diagonal: d }] },
      { giant: 0, terms: [{ baby: 3, diagonal: d }] },
    ],
    folds: [5],
  });
  return {
    "secret key": () => ({ given: x, wanted: a }),
    "public key": () => ({ given: y, wanted: b }),
    add: () => ({ given: he.add(x, y), wanted: clear.add(a, b) }),
    "add to itself": () => ({ given: he.add(x, x), wanted: clear.scale(a, 2) }),
    "add a vector": () => ({ given: he.add(x, w), wanted: clear.add(a, w) }),
    "add a number": () => ({ given: he.add(x, -0.3), wanted: clear.subtract(a, clear.constant(slots, 0.3)) }),
    subtract: () => ({ given: he.subtract(x, y), wanted: clear.subtract(a, b) }),
    negate: () => ({ given: he.negate(x), wanted: clear.scale(a, -1) }),
    multiply: () => ({ given: he.multiply(x, y), wanted: product }),
    square: () => ({ given: he.square(x), wanted: clear.multiply(a, a) }),
    "sum of products": () => ({
      given: he.sumOfProducts([[x, y], [x, x]]), // biome-ignore format: pairs
      wanted: clear.add(product, clear.multiply(a, a)),
    }),
    "multiply by a vector": () => ({ given: he.multiply(x, w), wanted: clear.multiply(a, w) }),
    "multiply by a plaintext": () => ({ given: he.multiplyPlain(x, plain), wanted: clear.multiply(a, w) }),
    "multiply by a number": () => ({ given: he.multiply(x, 0.3), wanted: clear.scale(a, 0.3) }),
    tensor: () => ({ given: he.tensor(x, y), wanted: product }),
    relinearize: () => ({ given: he.relinearize(he.tensor(x, y)), wanted: product }),
    rescale: () => ({ given: he.rescale(he.multiplyPlain(x, plain)), wanted: clear.multiply(a, w) }),
    rotate: () => ({ given: he.rotate(x, 3), wanted: clear.rotate(a, 3) }),
    "rotate a product": () => ({ given: he.rotate(he.multiplyPlain(x, plain), 1), wanted: diagonalOf(a, w, 1) }),
    rotateMany: () => ({ given: he.rotateMany(x, [1, -1])[1], wanted: clear.rotate(a, -1) }),
    conjugate: () => ({ given: he.conjugate(x), wanted: clear.conjugate(a) }),
    "toLevel 1": () => ({ given: he.toLevel(x, 1), wanted: a }),
    "toLevel 0": () => ({ given: he.toLevel(x, 0), wanted: a }),
    copy: () => ({ given: he.copy(y), wanted: b }),
    fold: () => ({ given: fold(he, x, [1]), wanted: clear.add(a, clear.rotate(a, 1)) }),
    "linear transform": () => ({ given: linearTransform(he, x, groups(plain)), wanted: folded }),
    "linear transform, encrypted": () => ({
      given: linearTransform(he, x, groups(alice.encrypt(w, { level: 2, slots }))),
      wanted: folded,
    }),
  };
}

/** The estimate beside what is measured, within so many bits. @returns the measured rms. */
async function check({ alice }: Instance, { given, wanted }: Case, bits: number): Promise<number> {
  const { real, imaginary } = clear.subtract(await alice.decryptComplex(given), wanted);
  const errors = real.map((e, i) => Math.hypot(e, imaginary[i]));
  const measured = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
  const { rms, worst } = decrypted(given.noise);
  expect(Math.abs(Math.log2(rms / measured))).toBeLessThan(bits);
  expect(largest(errors)).toBeLessThanOrEqual(worst);
  return measured;
}

const diagonalOf = (a: ComplexVector, w: ComplexVector, steps: number) => clear.rotate(clear.multiply(a, w), steps);

for (const [name, parameters] of Object.entries(SETS)) {
  describe(name, async () => {
    const test = await instance(parameters, 31);
    // On the circle values are √2 of the rms that is taken for theirs; of few slots there are few errors to take the mean of.
    for (const [slots, bits] of [
      [parameters.slots, 1.3],
      [16, 2],
    ] as const) {
      for (const [operation, run] of Object.entries(operations(test, slots))) {
        it(`${operation}, ${slots} slots: rms as measured, no slot beyond its bound`, () => check(test, run(), bits));
      }
    }
  });
}

describe("what seldom matters is counted, too", () => {
  it("products of two noises that are larger than the values, in all slots and in few", async () => {
    const parameters = unsafe(11, [1, 1], { digitPrimes: 1, specials: 2, baseScaleBits: 10 });
    const test = await instance(parameters, 34);
    const bound = 2 ** -17;
    for (const slots of [parameters.slots, 16]) {
      const [a, b] = [0, 1].map(() => clear.scale(circle(test.values, slots), bound));
      const [x, y] = [a, b].map((values) => test.alice.encrypt(values, { slots, bound }));
      const product = { given: test.he.tensor(x, y), wanted: clear.multiply(a, b) };
      expect(await check(test, product, 1.5)).toBeGreaterThan(4 * bound * x.noise.rms);
    }
  });

  it("the rounding of what toLevel multiplies by, where values are large", async () => {
    const parameters = unsafe(10, [2, 1], { digitPrimes: 1, specials: 2, baseScaleBits: 30 });
    const test = await instance(parameters, 35);
    const bound = 2 ** 27;
    const a = clear.scale(circle(test.values, parameters.slots), bound);
    const x = test.alice.encrypt(a, { bound });
    const lowered = { given: test.he.toLevel(x, 0), wanted: a };
    expect(await check(test, lowered, 1)).toBeGreaterThan(4 * test.alice.encrypt([1], { level: 0 }).noise.rms);
  });

  it("a key switch before its division: √(Σ_d N²·(Q_d/P)²·3.2²/12) / Δ²", async () => {
    const parameters = unsafe(10, [1, 1], { digitPrimes: 1, specials: 2 });
    const { level, state, slots, fingerprint } = { level: 1, state: "product", slots: 512, fingerprint: "" } as const;
    const [q, r] = parameters.levels.flat();
    const ratios = (q ** 2 + r ** 2) / (parameters.special[0] * parameters.special[1]) ** 2;
    const { noise } = Ring.of(await testDevice(), parameters);
    const switched = noise.switched({ level, state, slots, fingerprint, noise: ZERO_NOISE }).noise;
    const wanted = Math.sqrt((1024 ** 2 * ratios * 3.2 ** 2) / 12) / parameters.scaleAt(1) ** 2;
    expect(switched.rms / wanted).toBeCloseTo(1, 9);
  });
});
