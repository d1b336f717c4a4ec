import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { evaluatePolynomial, evaluatePolynomials } from "../../../src/ckks/circuits/evaluate-polynomial.js";
import { fitPolynomial } from "../../../src/ckks/circuits/fit.js";
import { Polynomial } from "../../../src/ckks/circuits/polynomial.js";
import { type PolynomialOptions, polynomialCost } from "../../../src/ckks/circuits/polynomial-plan.js";
import { type Ciphertext, Evaluator, KeyHolder, Parameters, Randomness } from "../../../src/ckks/index.js";
import { LevelError, MissingKeyError, ParameterError } from "../../../src/errors.js";
import type { KernelRows } from "../../../src/ntt/kernels.js";
import { NoiseBounds } from "../noise-bounds.js";
import { errorBits, instance, testDevice, unsafe, Values } from "../settings.js";
import { polynomialBound } from "./polynomial-bound.js";

const small = unsafe(11, [2, 1, 1, 1, 1, 1, 1, 1], { digitPrimes: 3, specials: 4, baseScaleBits: 30 });
const test = await instance(small, 5);

type Subject = Pick<typeof test, "device" | "parameters" | "alice" | "he">;

/** Evaluates and counts what the device was given: pairs of each tensor, key switches of relinearisation. */
function counted<T>(he: Evaluator, run: () => T): [T, { products: number; relinearizations: number }] {
  const launch = vi.spyOn(he.device, "launch");
  const relinearize = vi.spyOn(he.switcher, "relinearize");
  try {
    const result = run();
    const tensors = launch.mock.calls.filter(([kernel]) => kernel === "tensor");
    const products = tensors.reduce((sum, [, , rows]) => sum + (rows as KernelRows["tensor"][])[0].terms.length, 0);
    return [result, { products, relinearizations: relinearize.mock.calls.length }];
  } finally {
    launch.mockRestore();
    relinearize.mockRestore();
  }
}

/** What a ciphertext takes of the device's memory: a copy takes as much. */
function bytesOf({ he, device }: Subject, ciphertext: Ciphertext): number {
  const before = device.statistics().bytesInUse;
  using _copy = he.copy(ciphertext);
  return device.statistics().bytesInUse - before;
}

/** Bits of the worst slot's error, after checks of level, counts, bound and memory. */
async function evaluated(subject: Subject, xs: Float64Array, p: Polynomial, options: PolynomialOptions) {
  const { parameters, alice, he, device } = subject;
  const slots = xs.length;
  using x = alice.encrypt(xs, { slots });
  const before = device.statistics().bytesInUse;
  const cost = polynomialCost(p, options);
  const [y, counts] = counted(he, () => evaluatePolynomial(he, x, p, options));
  const held = device.statistics().bytesInUse;
  using _y = y;
  expect(held - before, "memory").toBe(bytesOf(subject, y));
  expect(y).toMatchObject({ level: x.level - cost.levels, state: "canonical", slots });
  expect(counts).toEqual({ products: cost.products, relinearizations: cost.relinearizations });
  const error = new NoiseBounds(parameters).freshSlot(x.level, slots);
  const bound = polynomialBound(parameters, p, options, { level: x.level, error, slots });
  const bits = await errorBits(subject, y, { real: xs.map((v) => p.at(v)), imaginary: new Float64Array(slots) });
  expect(bits, `degree ${p.degree}, ${p.basis} on [${p.interval}]`).toBeLessThan(Math.log2(bound));
  return bits;
}

const inInterval = (values: Float64Array, [a, b]: readonly [number, number]) =>
  values.map((v) => (a + b + v * (b - a)) / 2);

describe("one polynomial", () => {
  const INTERVALS = [[-1, 1], [0, 2], [-0.25, 0.25], [0.5, 1.5], [-8, 8], [0.0625, 1]] as const; // biome-ignore format: pairs

  it("random degrees, coefficients, parities, bases, intervals and slots: levels, counts, memory, every slot's bound", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.constantFrom("none", "even", "odd"),
        fc.constantFrom(...INTERVALS),
        fc.constantFrom("levels" as const, "products" as const),
        fc.constantFrom(1, 64, small.slots),
        fc.nat(1000),
        async (coefficients, parity, interval, prefer, slots, seed) => {
          const kept = coefficients.map((c, n) => (parity === "none" || (n % 2 === 1) === (parity === "odd") ? c : 0));
          const xs = new Values(seed).real(slots);
          const p = Polynomial.chebyshev(kept, interval);
          await evaluated(test, inInterval(xs, interval), p, { prefer });
          await evaluated(test, xs, Polynomial.monomial(kept), { prefer });
        },
      ),
      { numRuns: 40 },
    );
  });

  it("a constant, a line, x^6, x^15, T_63, T_64: the values in 0, 1, 3, 4, 6 and 7 levels", async () => {
    const xs = new Values(3).real(small.slots);
    for (const p of [Polynomial.monomial([0.75]), Polynomial.chebyshev([0.5, -2], [-1, 1])]) {
      await evaluated(test, xs, p, {});
    }
    await evaluated(test, xs, Polynomial.monomial([0, 0, 0, 0, 0, 0, 1]), {});
    await evaluated(test, xs, Polynomial.monomial([...new Array(15).fill(0), 1]), {});
    for (const n of [63, 64]) await evaluated(test, xs, Polynomial.chebyshev([...new Array(n).fill(0), 1]), {});
  });

  it("an operand before its rescale is rescaled first", async () => {
    using x = test.alice.encrypt([0.5, -0.25], { slots: 2 });
    using product = test.he.multiplyPlain(x, 1);
    using y = evaluatePolynomial(test.he, product, Polynomial.monomial([0, 0, 1]));
    expect(y.level).toBe(x.level - 3);
    expect(Array.from(await test.alice.decrypt(y, 2), (v) => v.toFixed(3))).toEqual(["0.250", "0.063"]);
  });
});

it("several polynomials of one x: each at its own level, powers computed once", async () => {
  const xs = new Values(4).real(small.slots);
  const polynomials = [15, 0, 1, 9, 4].map((degree) =>
    Polynomial.chebyshev(Array.from({ length: degree + 1 }, (_, n) => Math.cos(1 + degree + n * n))),
  );
  using x = test.alice.encrypt(xs);
  const [results, counts] = counted(test.he, () => evaluatePolynomials(test.he, x, polynomials));
  const { products, relinearizations } = polynomialCost(polynomials);
  expect(counts).toEqual({ products, relinearizations });
  for (const [i, p] of polynomials.entries()) {
    expect(results[i].level).toBe(x.level - Math.ceil(Math.log2(p.degree + 1)));
    const imaginary = new Float64Array(xs.length);
    expect(await errorBits(test, results[i], { real: xs.map((v) => p.at(v)), imaginary })).toBeLessThan(-8);
  }
});

describe("functions by their fits", () => {
  it.each([
    ["sigmoid", (x: number) => 1 / (1 + Math.exp(-x)), [-8, 8], 31],
    ["exp", Math.exp, [-1, 1], 7],
    ["1/x", (x: number) => 1 / x, [1 / 16, 1], 31],
    ["ReLU", (x: number) => Math.max(0, x), [-1, 1], 31],
    ["tanh", Math.tanh, [-4, 4], 15],
  ] as const)("%s: every slot errs by the fit's error and the evaluation's bound at most", async (_, f, interval, degree) => {
    const { polynomial, maximumError } = fitPolynomial(f, { interval, degree });
    const xs = inInterval(new Values(12).real(small.slots), interval);
    await evaluated(test, xs, polynomial, {});
    using x = test.alice.encrypt(xs);
    using y = evaluatePolynomial(test.he, x, polynomial);
    const error = new NoiseBounds(small).freshSlot(x.level, xs.length);
    const bound = maximumError + polynomialBound(small, polynomial, {}, { level: x.level, error, slots: xs.length });
    const bits = await errorBits(test, y, { real: xs.map(f), imaginary: new Float64Array(xs.length) });
    expect(bits).toBeLessThan(Math.log2(bound));
  });
});

describe("what cannot be computed", () => {
  it("too few levels: a LevelError that names those needed and had", () => {
    using x = test.alice.encrypt([0.5], { level: 2 });
    const p = Polynomial.chebyshev([1, 1, 1, 1, 1]);
    expect(() => evaluatePolynomial(test.he, x, p)).toThrow(LevelError);
    expect(() => evaluatePolynomial(test.he, x, p)).toThrow(/takes 3 levels.*has 2/);
    const wide = Polynomial.chebyshev([1, 1, 0.5], [-8, 8]);
    expect(() => evaluatePolynomial(test.he, x, wide)).toThrow(/takes 3 levels.*has 2/);
  });

  it("a polynomial or a power that leaves what its level holds: ParameterErrors, before anything is computed", () => {
    using x = test.alice.encrypt([0.5], { level: 3 });
    const launch = vi.spyOn(test.device, "launch");
    for (const p of [
      Polynomial.chebyshev([1e9, 0, 0, 0, 1]),
      Polynomial.chebyshev([0, 0, 0, 0, 0, 0, 0, 1e9]),
      Polynomial.monomial([0, 0, 0, 0, 0, 1e-9], [-1e4, 1e4]),
    ]) {
      expect(() => evaluatePolynomial(test.he, x, p)).toThrow(ParameterError);
    }
    expect(launch).not.toHaveBeenCalled();
    launch.mockRestore();
  });

  it("no relinearisation key: a MissingKeyError, and no memory kept", () => {
    using x = test.alice.encrypt([0.5]);
    const he = new Evaluator(test.device, small, test.alice.evaluationKeys({ relinearize: false }));
    const before = test.device.statistics().bytesInUse;
    expect(() => evaluatePolynomial(he, x, Polynomial.chebyshev([1, 1, 1, 1], [-8, 8]))).toThrow(MissingKeyError);
    expect(test.device.statistics().bytesInUse).toBe(before);
  });
});

describe("numbers to reach", () => {
  async function open(parameters: Parameters): Promise<Subject> {
    const device = await testDevice();
    const alice = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(7));
    return { device, parameters, alice, he: new Evaluator(device, parameters, alice.evaluationKeys()) };
  }

  it("degree 63 on [−1, 1] at N = 2^14: 6 levels with 18 products, 7 with 16; degree 7 in 3", async () => {
    const subject = await open(Parameters.choose({ depth: 7 }));
    expect(subject.parameters.logN).toBe(14);
    // 1/(1 + 25u²) has coefficients that fall by a fifth in two degrees; the rest keeps all of them from being 0.
    const coefficients = Array.from({ length: 64 }, (_, n) => 0.8 ** n * Math.cos(n * n) + Math.sin(n) / 512);
    const xs = new Values(8).real(subject.parameters.slots);
    const p = Polynomial.chebyshev(coefficients);
    expect(polynomialCost(p, { prefer: "levels" })).toMatchObject({ levels: 6, products: 18 });
    expect(polynomialCost(p, { prefer: "products" })).toMatchObject({ levels: 7, products: 16 });
    for (const prefer of ["levels", "products"] as const) await evaluated(subject, xs, p, { prefer });
    await evaluated(subject, xs, Polynomial.chebyshev(coefficients.slice(0, 8)), { prefer: "levels" });
  });

  it("two-prime levels keep 40 bits after a product, and after a polynomial of degree 7", async () => {
    const subject = await open(Parameters.choose({ depth: 3, precision: "high" }));
    const { alice, he, parameters } = subject;
    const xs = new Values(9).real(parameters.slots);
    const squares = xs.map((v) => v * v);
    for (const level of [3, 2, 1]) {
      using x = alice.encrypt(xs, { level });
      using square = he.square(x);
      const { real } = await alice.precision(square, squares);
      expect(real.mean, `mean, level ${level}`).toBeLessThan(-40);
      expect(real.max, `worst, level ${level}`).toBeLessThan(-40);
    }
    const p = Polynomial.chebyshev([0.3, -0.2, 0.1, 0.4, -0.1, 0.05, 0.02, 0.1]);
    expect(await evaluated(subject, xs, p, {})).toBeLessThan(-39);
  });
});
