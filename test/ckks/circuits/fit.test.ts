import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fit, fitPolynomial } from "../../../src/ckks/circuits/fit.js";
import { polynomialCost } from "../../../src/ckks/circuits/polynomial-plan.js";
import { ParameterError } from "../../../src/errors.js";

type Target = readonly [f: (x: number) => number, interval: readonly [number, number]];

const TARGETS: Readonly<Record<string, Target>> = {
  "sigmoid on [−8, 8]": [(x) => 1 / (1 + Math.exp(-x)), [-8, 8]],
  "exp on [−1, 1]": [Math.exp, [-1, 1]],
  "exp on [−8, 0]": [Math.exp, [-8, 0]],
  "1/x on [1/16, 1]": [(x) => 1 / x, [1 / 16, 1]],
  "ReLU on [−1, 1]": [(x) => Math.max(0, x), [-1, 1]],
  "tanh on [−4, 4]": [Math.tanh, [-4, 4]],
  "√x on [0, 1]": [Math.sqrt, [0, 1]],
};

/** Independent of the fit's own grid: equal steps in x. */
function errorOf({ polynomial }: Fit, [f, [a, b]]: Target): number {
  let largest = 0;
  for (let i = 0; i <= 50_000; i++) {
    const x = a + ((b - a) * i) / 50_000;
    largest = Math.max(largest, Math.abs(polynomial.at(x) - f(x)));
  }
  return largest;
}

for (const [name, target] of Object.entries(TARGETS)) {
  const [f, interval] = target;
  describe(name, () => {
    it.each([
      1, 3, 7, 15, 31, 63,
    ])("degree %i: errors are what both fits say, and the minimax one is the least", (degree) => {
      const best = fitPolynomial(f, { interval, degree });
      const quick = fitPolynomial(f, { interval, degree, method: "chebyshev" });
      const rounding =
        2 ** -44 * Math.max(...[0, 0.5, 1].map((t) => Math.abs(f(interval[0] * (1 - t) + interval[1] * t))));
      for (const fit of [best, quick]) {
        expect(fit.polynomial.degree).toBeLessThanOrEqual(degree);
        expect(errorOf(fit, target)).toBeLessThanOrEqual(1.01 * fit.maximumError + rounding);
        expect(errorOf(fit, target)).toBeGreaterThanOrEqual(0.95 * fit.maximumError - rounding);
      }
      // Equal bounds from both sides: nobody does better.
      expect(best.leastError).toBeLessThanOrEqual(best.maximumError);
      expect(best.leastError).toBeGreaterThanOrEqual(0.99 * best.maximumError - rounding);
      expect(best.maximumError).toBeLessThanOrEqual(quick.maximumError + rounding);
      const lebesgue = 2 + (2 / Math.PI) * Math.log(degree + 1);
      expect(quick.maximumError).toBeLessThanOrEqual(lebesgue * best.maximumError + rounding);
    });
  });
}

describe("against what is known", () => {
  it("1/x on [1/16, 1]: 7.5·0.6^n (Chebyshev), in closed form", () => {
    for (const degree of [0, 1, 2, 7, 15, 31]) {
      const { maximumError } = fitPolynomial((x) => 1 / x, { interval: [1 / 16, 1], degree });
      expect(maximumError / (7.5 * 0.6 ** degree)).toBeCloseTo(1, 2);
    }
  });

  it("x^n by degree n − 1: 2^(1−n), and the rest of T_n", () => {
    for (const n of [1, 2, 5, 12]) {
      const fit = fitPolynomial((x) => x ** n, { interval: [-1, 1], degree: n - 1 });
      expect(fit.maximumError * 2 ** (n - 1)).toBeCloseTo(1, 3);
    }
  });

  it("|x|: n times the error tends to Bernstein's constant, 0.2802", () => {
    const { maximumError } = fitPolynomial(Math.abs, { interval: [-1, 1], degree: 126 });
    expect(126 * maximumError).toBeCloseTo(0.2802, 3);
  });

  it("a polynomial is its own fit", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 6 }), (c) => {
        const f = (x: number) => c.reduceRight((sum, value) => sum * x + value, 0);
        for (const method of ["minimax", "chebyshev"] as const) {
          const fit = fitPolynomial(f, { interval: [-1, 2], degree: 9, method });
          expect(fit.maximumError).toBeLessThan(1e-10);
          expect(fit.polynomial.degree).toBeLessThanOrEqual(9);
        }
      }),
    );
  });
});

describe("symmetry", () => {
  it("even and odd functions, and odd ones with a constant, get exact zeros, and cost fewer products", () => {
    const odd = fitPolynomial(Math.tanh, { interval: [-4, 4], degree: 31 }).polynomial;
    const even = fitPolynomial(Math.cos, { interval: [-3, 3], degree: 8 }).polynomial;
    const shifted = fitPolynomial((x) => 1 / (1 + Math.exp(-x)), { interval: [-8, 8], degree: 31 }).polynomial;
    expect([odd.parity, even.parity]).toEqual(["odd", "even"]);
    expect(shifted.coefficients.filter((c, n) => n % 2 === 0 && c !== 0)).toEqual([0.5]);
    const plain = fitPolynomial(Math.tanh, { interval: [-4, 4], degree: 31, symmetry: false }).polynomial;
    expect(polynomialCost(odd).products).toBeLessThan(polynomialCost(plain).products);
  });

  it("is about the middle of the interval", () => {
    const { polynomial } = fitPolynomial((x) => (x - 3) ** 2 + Math.cos(x - 3), { interval: [1, 5], degree: 10 });
    expect(polynomial.parity).toBe("even");
  });

  it("a function that is only nearly odd keeps its even part", () => {
    const f = (x: number) => x + 1e-9 * x * x;
    const { polynomial, maximumError } = fitPolynomial(f, { interval: [-1, 1], degree: 3 });
    expect(polynomial.parity).toBe("none");
    expect(maximumError).toBeLessThan(1e-14);
  });
});

it("a pole or a text on the interval, no interval, no degree, no method: named errors", () => {
  const f = (x: number) => 1 / x;
  expect(() => fitPolynomial(f, { interval: [0, 1], degree: 3 })).toThrow(ParameterError);
  // Doubles miss the pole by 10^−16, and the error says so.
  expect(fitPolynomial(f, { interval: [-1, 1], degree: 4, method: "chebyshev" }).maximumError).toBeGreaterThan(1e4);
  expect(() => fitPolynomial(() => "1" as unknown as number, { interval: [0, 1], degree: 3 })).toThrow(ParameterError);
  expect(() => fitPolynomial(f, { interval: [1, 1], degree: 3 })).toThrow(ParameterError);
  expect(() => fitPolynomial(f, { interval: [1, 2], degree: 1.5 })).toThrow(RangeError);
  expect(() => fitPolynomial(f, { interval: [1, 2], degree: -1 })).toThrow(RangeError);
  expect(() => fitPolynomial(f, { interval: [1, 2], degree: 3, method: "taylor" as "minimax" })).toThrow(TypeError);
});
