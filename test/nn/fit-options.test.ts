import { describe, expect, test } from "vitest";
import { Polynomial } from "../../src/ckks/circuits/polynomial.js";
import { fitActivations } from "../../src/nn/fit/fit-activations.js";
import type { FitOptions } from "../../src/nn/fit/options.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { PolynomialLayer } from "../../src/nn/graph/network.js";
import { alone, gaussian } from "./activation-networks.js";

describe("what is asked for", () => {
  test.each([
    [{ depth: 1 }, 2, 1],
    [{ depth: 2 }, 3, 2],
    [{ depth: 4 }, 15, 4],
    [{ degree: 5 }, 5, 3],
    [{ degree: 63 }, 63, 6],
  ] as const)("%o is degree %i in %i levels", (options: FitOptions, degree, levels) => {
    const values = Array.from({ length: 200 }, (_, k) => [(k - 60) / 25]);
    expect(fitActivations(alone("relu"), values, options).report.layers[0]).toMatchObject({ degree, levels });
  });

  test("nothing: 2 for ReLU, the lowest degree within 1/32 for others, 15 at most", () => {
    const degreeFor = (name: "relu" | "tanh", reach: number) =>
      fitActivations(alone(name), [[-reach], [reach]]).report.layers[0].degree;
    expect(degreeFor("relu", 30)).toBe(2);
    expect(degreeFor("tanh", 0.1)).toBe(1);
    expect(degreeFor("tanh", 0.75)).toBe(3);
    expect(degreeFor("tanh", 100)).toBe(15);
  });

  test("ends of intervals are numbers of few digits, outwards by 1/32 at most", () => {
    const next = gaussian(9);
    for (let k = 0; k < 50; k++) {
      const low = 10 ** next();
      const high = low + 10 ** next();
      const [{ range }] = fitActivations(alone("softplus"), [[-low], [high]], { degree: 3, margin: 1.5 }).report.layers;
      const [middle, half] = [(high - low) / 2, 0.75 * (high + low)];
      expect(range[0]).toBeLessThanOrEqual(middle - half);
      expect(range[1]).toBeGreaterThanOrEqual(middle + half);
      expect(range[1] - range[0]).toBeLessThanOrEqual(2 * half * (1 + 1 / 15));
      const grid = 2 ** (Math.ceil(Math.log2(2 * half)) - 6);
      for (const end of range) expect(Number.isInteger(end / grid)).toBe(true);
    }
  });

  test("a polynomial of the user's own is taken as it is", () => {
    const images = [[-2], [3]];
    const monomial = Polynomial.monomial([0, 0.5, 0.25]);
    const cubic = Polynomial.monomial([0, 0.5, 0.25, 0.125]);
    const chebyshev = Polynomial.chebyshev([0.1, 0.2, 0.3], [-4, 4]);
    const replaced = (own: NonNullable<FitOptions["replace"]>) =>
      fitActivations(alone("relu"), images, { replace: own });
    for (const own of [monomial, cubic, chebyshev]) {
      const { network, report } = replaced(own);
      for (const x of [-2, 0.3, 3]) expect(interpret(network, [x])[0]).toBeCloseTo(own.at(x), 14);
      expect(report.layers[0]).toMatchObject({ method: "own", degree: own.degree, levels: own.degree === 3 ? 2 : 1 });
    }
    expect(replaced(monomial).network.layers[0].op).toBe("quad");
    // In the monomial basis the interval is what values are said to be, and nothing else.
    expect((replaced(cubic).network.layers[0] as PolynomialLayer).polynomial.interval).toEqual([-4.5, 5.5]);
    expect(interpret(replaced({ a: 0.25, b: 0.5, c: 1 }).network, [2])[0]).toBe(3);
    expect(replaced(Polynomial.monomial([1, 2])).network.layers[0].op).toBe("affine");
    const { network } = fitActivations(alone("relu", 2), [[-2, 3]], {
      replace: { relu: { a: [1, 2], b: [0, 1], c: 0 } },
    });
    expect(Array.from(interpret(network, [3, 3]))).toEqual([9, 21]);
  });
});
