import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { divide, largestOn, Polynomial, valueAt } from "../../../src/ckks/circuits/polynomial.js";
import { planPolynomials, polynomialCost } from "../../../src/ckks/circuits/polynomial-plan.js";
import { ParameterError } from "../../../src/errors.js";

const coefficients = (least: number, most: number) =>
  fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: least + 1, maxLength: most + 1 });
const bases = fc.constantFrom("monomial" as const, "chebyshev" as const);

/** Neither zeros nor a pattern that a division would meet by chance. */
const dense = (degree: number) =>
  Polynomial.chebyshev(Array.from({ length: degree + 1 }, (_, i) => Math.sin(1 + i * i)));

describe("Polynomial", () => {
  it("at(x) = Σ c_n·cos(n·arccos u), u from [a, b] to [−1, 1]; Σ c_n·x^n", () => {
    fc.assert(
      fc.property(coefficients(0, 40), fc.double({ min: -1, max: 1, noNaN: true }), (c, u) => {
        const sum = (term: (n: number) => number) => c.reduce((total, value, n) => total + value * term(n), 0);
        expect(Polynomial.chebyshev(c).at(u)).toBeCloseTo(
          sum((n) => Math.cos(n * Math.acos(u))),
          9,
        );
        const x = 3 + (u + 1) / 2;
        expect(Polynomial.chebyshev(c, [3, 4]).at(x)).toBeCloseTo(
          sum((n) => Math.cos(n * Math.acos(2 * x - 7))),
          9,
        );
        expect(Polynomial.monomial(c).at(u)).toBeCloseTo(
          sum((n) => u ** n),
          9,
        );
      }),
    );
  });

  it("degree, parity: zeros at the end do not count; odd and even are told apart", () => {
    expect(Polynomial.monomial([1, 2, 0, 0])).toMatchObject({ degree: 1, coefficients: [1, 2], parity: "none" });
    expect(Polynomial.chebyshev([0, 2, 0, 1])).toMatchObject({ degree: 3, parity: "odd" });
    expect(Polynomial.chebyshev([1, 0, 3])).toMatchObject({ degree: 2, parity: "even" });
    expect(Polynomial.monomial([0, 0])).toMatchObject({ degree: 0, coefficients: [0], parity: "even" });
  });

  it("none, not finite, no interval: ParameterErrors", () => {
    for (const bad of [[], [1, Number.NaN], [Infinity]]) {
      expect(() => Polynomial.monomial(bad)).toThrow(ParameterError);
      expect(() => Polynomial.chebyshev(bad)).toThrow(ParameterError);
    }
    for (const [a, b] of [
      [1, 1],
      [2, 1],
      [0, Infinity],
      [Number.NaN, 1],
    ]) {
      // biome-ignore format: pairs
      expect(() => Polynomial.chebyshev([1], [a, b])).toThrow(ParameterError);
    }
    expect(polynomialCost(Polynomial.chebyshev([0, -5e-324], [-8, 8])).levels).toBe(0); // its slope on the interval is 0
    expect(() => polynomialCost([])).toThrow(ParameterError);
    expect(() => polynomialCost([dense(3), Polynomial.monomial([1])])).toThrow(ParameterError);
    expect(() => polynomialCost([dense(3), Polynomial.chebyshev([1], [0, 1])])).toThrow(ParameterError);
    expect(() => polynomialCost(dense(3), { prefer: "speed" as "levels" })).toThrow(TypeError);
  });
});

describe("division by a basis polynomial", () => {
  it("p = quotient·b_g + remainder, of degrees n − g and below g", () => {
    fc.assert(
      fc.property(bases, coefficients(0, 40), fc.integer({ min: 1, max: 45 }), (basis, c, g) => {
        const { quotient, remainder } = divide(c, basis, g);
        expect(quotient.length).toBeLessThanOrEqual(Math.max(1, c.length - g));
        expect(remainder.length).toBeLessThanOrEqual(g);
        const power = [...new Array(g).fill(0), 1];
        for (const x of [-1, -0.7, 0.1, 0.9]) {
          const value = valueAt(quotient, basis, x) * valueAt(power, basis, x) + valueAt(remainder, basis, x);
          expect(value).toBeCloseTo(valueAt(c, basis, x), 7);
        }
      }),
    );
  });

  it("largestOn is never below what a dense grid finds, and 9 % above at most", () => {
    fc.assert(
      fc.property(bases, coefficients(0, 30), (basis, c) => {
        const grid = Array.from({ length: 2001 }, (_, i) => Math.abs(valueAt(c, basis, (i - 1000) / 1000)));
        const largest = Math.max(...grid);
        expect(largestOn(c, basis, -1, 1)).toBeGreaterThanOrEqual(largest * (1 - 1e-12));
        expect(largestOn(c, basis, -1, 1)).toBeLessThanOrEqual(largest * 1.09 + 1e-3);
      }),
    );
  });
});

describe("cost before running", () => {
  it("any degree takes ⌈log2(degree + 1)⌉ levels, with fewer products one more at most", () => {
    for (let degree = 0; degree <= 260; degree += degree < 70 ? 1 : 19) {
      const levels = Math.ceil(Math.log2(degree + 1));
      const [shallow, cheap] = (["levels", "products"] as const).map((prefer) =>
        polynomialCost(dense(degree), { prefer }),
      );
      expect(shallow.levels, `degree ${degree}`).toBe(levels);
      expect(cheap.products).toBeLessThanOrEqual(shallow.products);
      if (cheap.products === shallow.products) expect(cheap).toEqual(shallow);
      else expect(cheap.levels).toBe(levels + 1);
      for (const cost of [shallow, cheap]) expect(cost.relinearizations).toBeLessThanOrEqual(cost.products);
    }
  });

  it.each([
    [7, { levels: 3, products: 5, relinearizations: 4 }, { levels: 4, products: 4, relinearizations: 4 }],
    [15, { levels: 4, products: 8, relinearizations: 7 }, { levels: 5, products: 7, relinearizations: 5 }],
    [31, { levels: 5, products: 13, relinearizations: 10 }, { levels: 6, products: 11, relinearizations: 9 }],
    [63, { levels: 6, products: 18, relinearizations: 15 }, { levels: 7, products: 16, relinearizations: 12 }],
    [127, { levels: 7, products: 27, relinearizations: 20 }, { levels: 8, products: 23, relinearizations: 18 }],
  ])("degree %i", (degree, levels, products) => {
    expect(polynomialCost(dense(degree), { prefer: "levels" })).toEqual(levels);
    expect(polynomialCost(dense(degree), { prefer: "products" })).toEqual(products);
  });

  it("even and odd polynomials take fewer products, in as many levels", () => {
    for (const [degree, products] of [
      [8, 3],
      [16, 5],
      [32, 8],
      [63, 17],
    ]) {
      const coefficients = dense(degree).coefficients.map((c, n) => ((degree - n) % 2 === 0 ? c : 0));
      const cost = polynomialCost(Polynomial.chebyshev(coefficients));
      expect(cost).toMatchObject({ levels: Math.ceil(Math.log2(degree + 1)), products });
      expect(products).toBeLessThan(polynomialCost(dense(degree)).products);
    }
  });

  it("plans of sparse polynomials, too: what a sum takes lies at its level or above, and is computed before", () => {
    const sparse = fc.array(fc.tuple(fc.integer({ min: 0, max: 130 }), fc.constantFrom(1, -0.3)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(bases, sparse, fc.constantFrom("levels" as const, "products" as const), (basis, entries, prefer) => {
        const coefficients = new Array<number>(131).fill(0);
        for (const [n, c] of entries) coefficients[n] = c;
        const polynomial =
          basis === "monomial" ? Polynomial.monomial(coefficients) : Polynomial.chebyshev(coefficients);
        const { powers, nodes, cost } = planPolynomials([polynomial], { prefer });
        expect(cost.levels - Math.ceil(Math.log2(polynomial.degree + 1))).toBeLessThanOrEqual(
          prefer === "levels" ? 0 : 1,
        );
        const known = new Set([1]);
        const depth = (n: number) => Math.ceil(Math.log2(n));
        for (const { power, left, right } of powers) {
          expect(left + right).toBe(power);
          for (const n of basis === "chebyshev" && left > right ? [left, right, left - right] : [left, right]) {
            expect(known.has(n), `${n} for ${power}`).toBe(true);
          }
          expect(Math.max(depth(left), depth(right))).toBeLessThan(depth(power));
          known.add(power);
        }
        const visit = (node: (typeof nodes)[number]): void => {
          for (const n of [...node.terms, ...node.products.map(({ power }) => [power])].map(([n]) => n)) {
            expect(known.has(n)).toBe(true);
            expect(depth(n), `${n} in a sum of depth ${node.depth}`).toBeLessThan(node.depth);
          }
          for (const { quotient } of node.products) {
            expect(quotient.depth).toBe(node.depth - 1);
            visit(quotient);
          }
        };
        nodes.forEach(visit);
      }),
      { numRuns: 300 },
    );
  });

  it("several polynomials share their powers", () => {
    const both = [dense(15), Polynomial.chebyshev(dense(15).coefficients.map((c) => c * Math.cos(c)))];
    const [one, two] = [polynomialCost(both[0]), polynomialCost(both)];
    expect(two.levels).toBe(4);
    expect(two.products).toBeLessThan(2 * one.products);
    expect(planPolynomials(both, {}).nodes).toHaveLength(2);
  });

  it("an interval of length 2/k costs no level, another one does, except for degree 1", () => {
    for (const [a, b, levels] of [
      [-1, 1, 3],
      [0, 2, 3],
      [-0.25, 0.25, 3],
      [3, 3.5, 3],
      [-8, 8, 4],
      [1 / 16, 1, 4],
    ]) {
      // biome-ignore format: rows
      expect(polynomialCost(Polynomial.chebyshev(dense(7).coefficients, [a, b])).levels, `[${a}, ${b}]`).toBe(levels);
      expect(polynomialCost(Polynomial.chebyshev([1, 2], [a, b])).levels).toBe(1);
      expect(polynomialCost(Polynomial.monomial(dense(7).coefficients, [a, b])).levels).toBe(3);
    }
  });
});
