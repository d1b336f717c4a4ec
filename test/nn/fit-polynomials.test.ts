import { describe, expect, test } from "vitest";
import { fitActivations } from "../../src/nn/fit/fit-activations.js";
import { ChannelValues } from "../../src/nn/fit/observed.js";
import { activationOf } from "../../src/nn/graph/activations.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Activation, Affine, PolynomialLayer, Quad } from "../../src/nn/graph/network.js";
import { alone, gaussians } from "./activation-networks.js";

const ends = [[-1], [1]];
const relu = (x: number) => Math.max(x, 0);

describe("least largest error", () => {
  test("ReLU on [−1, 1] is x²/2 + x/2 + 1/16, which errs by 1/16", () => {
    const { network, report } = fitActivations(alone("relu"), ends, { degree: 2, method: "minimax", margin: 1 });
    const [{ op, a, b, c }] = network.layers as Quad[];
    expect(op).toBe("quad");
    expect(a[0]).toBeCloseTo(1 / 2, 3);
    expect(b[0]).toBeCloseTo(1 / 2, 12);
    expect(c[0]).toBeCloseTo(1 / 16, 3);
    const [layer] = report.layers;
    expect(layer.largestError).toBeCloseTo(1 / 16, 4);
    expect(layer).toMatchObject({ degree: 2, levels: 1, method: "minimax", range: [-1, 1], seen: [-1, 1], outside: 0 });
  });

  test.each([
    7, 15,
  ])("of degree %i the sigmoid on [−8, 8] errs equally, with alternating signs, at degree + 2 points", (degree) => {
    const values = [[-4], [4]];
    const { network, report } = fitActivations(alone("sigmoid"), values, { degree, method: "minimax" });
    const [{ largestError, range, levels, degree: found }] = report.layers;
    expect(range).toEqual([-8, 8]);
    expect(found).toBe(degree);
    expect(levels).toBe(Math.log2(degree + 1));
    const peaks: number[] = [];
    for (let k = 0; k <= 40_000; k++) {
      const x = -8 + (16 * k) / 40_000;
      const error = interpret(network, [x])[0] - 1 / (1 + Math.exp(-x));
      if (error === 0) continue;
      if (Math.sign(error) !== Math.sign(peaks.at(-1) ?? -error)) peaks.push(error);
      else if (Math.abs(error) > Math.abs(peaks[peaks.length - 1])) peaks[peaks.length - 1] = error;
    }
    // Chebyshev's theorem: then no polynomial of the degree errs by less.
    expect(peaks.length).toBeGreaterThanOrEqual(degree + 2);
    for (const peak of peaks) expect(Math.abs(peak) / largestError).toBeCloseTo(1, 2);
  });

  test("an error is kept on the whole range, by the lowest of the degrees 1, 2, 3, 7, 15, 31", () => {
    for (const name of ["sigmoid", "tanh", "silu", "gelu", "softplus", "hardSwish", "elu", "leakyRelu"] as const) {
      const network = alone(name);
      const f = activationOf({ op: "activation", name } as Activation);
      const { report, network: fitted } = fitActivations(network, [[-3], [4]], { error: 0.01 });
      const [{ range, largestError, degree }] = report.layers;
      expect(range[0]).toBeLessThanOrEqual(-6.5);
      expect(range[1]).toBeGreaterThanOrEqual(7.5);
      let [largest, most] = [0, 0];
      for (let x = range[0]; x <= range[1]; x += 1 / 128) {
        largest = Math.max(largest, Math.abs(interpret(fitted, [x])[0] - f(x)));
        most = Math.max(most, Math.abs(f(x)));
      }
      expect(largest, name).toBeLessThanOrEqual(1.0001 * largestError);
      expect(largestError, name).toBeLessThanOrEqual(0.0101 * most);
      expect([1, 2, 3, 7, 15, 31]).toContain(degree);
      const lower = degree === 1 ? undefined : degree === 2 ? 1 : degree === 3 ? 2 : (degree - 1) / 2;
      if (lower === undefined) continue;
      const below = fitActivations(network, [[-3], [4]], { degree: lower, method: "minimax" }).report.layers[0];
      expect(below.largestError, `${name} at ${lower}`).toBeGreaterThan(0.01 * most);
    }
  });

  test("tanh gets a symmetric interval, and no even powers, by either method", () => {
    for (const method of ["minimax", "leastSquares"] as const) {
      const { network } = fitActivations(alone("tanh"), [[-2.2], [2.4]], { degree: 7, method });
      const [{ polynomial }] = network.layers as PolynomialLayer[];
      expect(polynomial.interval[0]).toBe(-polynomial.interval[1]);
      expect([2, 4, 6].map((n) => polynomial.coefficients[n])).toEqual([0, 0, 0]);
      expect(polynomial.degree).toBe(7);
    }
  });
});

/** Rows of the normal equations: Σ weight·(p(x) − f(x))·x^n over the size of its terms. */
function normalRows(
  p: (x: number) => number,
  f: (x: number) => number,
  points: readonly [x: number, weight: number][],
): number[] {
  return [0, 1, 2].map((n) => {
    const terms = points.map(([x, weight]) => weight * (p(x) - f(x)) * x ** n);
    return terms.reduce((a, b) => a + b, 0) / terms.reduce((sum, term) => sum + Math.abs(term), 0);
  });
}

describe("least squares", () => {
  test("a channel's quadratic leaves errors orthogonal to 1, x, x² over its values, 16 on their range, 1/1024 on the interval", () => {
    const [few, many] = [gaussians(300, 1, 2), gaussians(300, 2).map((x) => x - 1.5)];
    const images = Array.from(few, (x, k) => [x, many[k]]);
    const { network, report } = fitActivations(alone("relu", 2), images);
    const [{ a, b, c }] = network.layers as Quad[];
    const [{ intervals, method, degree }] = report.layers;
    expect({ method, degree, count: intervals.length }).toEqual({ method: "leastSquares", degree: 2, count: 2 });
    for (const [k, values] of [few, many].entries()) {
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const middle = (least + most) / 2;
      // Twice as wide as the values about their middle, but not beyond what the layer's range gives.
      expect(intervals[k][0]).toBeGreaterThanOrEqual(least - (middle - least) - 1e-12);
      expect(intervals[k][1]).toBeLessThanOrEqual(most + (most - middle) + 1e-12);
      const even = ([low, high]: readonly [number, number], weight: number) =>
        Array.from({ length: 49 }, (_, i): [number, number] => [low + ((high - low) * i) / 48, weight / 49]);
      const points = [
        ...Array.from(values, (x): [number, number] => [x, 1]),
        ...even([least, most], 16),
        ...even(intervals[k], 300 / 1024),
      ];
      for (const row of normalRows((x) => (a[k] * x + b[k]) * x + c[k], relu, points)) {
        expect(Math.abs(row)).toBeLessThan(1e-11);
      }
    }
    expect(a[0]).not.toBeCloseTo(a[1], 2);
  });

  test("of many Gaussian values ReLU becomes x²/√8π + x/2 + 1/√8π: the first three Hermite polynomials", () => {
    const images = [gaussians(200_000, 3)];
    const network = { ...alone("relu"), input: [1, 200_000] };
    const [{ a, b, c }] = fitActivations(network, images, { margin: 1 }).network.layers as Quad[];
    const wanted = 1 / Math.sqrt(8 * Math.PI);
    // 16,384 of the values decide, and 1/1024 of the weight lies elsewhere.
    for (const [got, exact] of [
      [a, wanted],
      [b, 0.5],
      [c, wanted],
    ] as const)
      expect(Math.abs(got[0] - exact)).toBeLessThan(0.015);
  });

  test("errs by less than the least largest error does, where the values are: rms, at any degree", () => {
    const images = Array.from(gaussians(2000, 4), (x) => [x]);
    for (const name of ["relu", "silu", "tanh"] as const) {
      for (const degree of [2, 3, 7, 15]) {
        const [squares, minimax] = (["leastSquares", "minimax"] as const).map(
          (method) => fitActivations(alone(name), images, { degree, method }).report.layers[0],
        );
        expect(squares.rmsError, `${name} ${degree}`).toBeLessThan(minimax.rmsError);
        expect(squares.largestError, `${name} ${degree}`).toBeGreaterThan(minimax.largestError);
      }
    }
  });

  test("few values, equal ones, zeros, and a channel that is never positive give finite quadratics of ordinary size", () => {
    for (const images of [
      [[0, 0, 0]],
      [[5, -3, 0]],
      [
        [5, -3, 1e-9],
        [5, -4, -1e-9],
      ],
    ]) {
      const [{ a, b, c }] = fitActivations(alone("relu", 3), images).network.layers as Quad[];
      for (const value of [...a, ...b, ...c]) expect(Math.abs(value)).toBeLessThan(20);
      const at = (k: number, x: number) => (a[k] * x + b[k]) * x + c[k];
      const size = Math.max(...images.flat().map(Math.abs), 1);
      for (const [k, x] of images[0].entries()) expect(Math.abs(at(k, x) - relu(x))).toBeLessThan(0.13 * size);
    }
  });

  test("one quadratic for all channels where that is wanted", () => {
    const images = Array.from({ length: 50 }, (_, k) => gaussians(3, k));
    const { network, report } = fitActivations(alone("silu", 3), images, { degree: 2, perChannel: false });
    const [{ a }] = network.layers as Quad[];
    expect(new Set(a).size).toBe(1);
    expect(report.layers[0].intervals).toHaveLength(1);
  });
});

describe("what is no polynomial of a higher degree", () => {
  test("a clip that no value reaches, margin included, is the identity; one that does clip is not", () => {
    const options = { degree: 7 };
    const wide = fitActivations(alone("clip", 2, [-9, 9]), [[-4, 4]], options);
    expect(wide.network.layers).toEqual([
      { op: "affine", scale: Float64Array.of(1, 1), offset: Float64Array.of(0, 0) },
    ]);
    expect(wide.report.layers[0]).toMatchObject({ method: "exact", levels: 0, largestError: 0, rmsError: 0 });
    expect(wide.report.gap).toMatchObject({ largest: 0, agreement: 1 });
    expect(fitActivations(alone("clip", 2, [-7, 9]), [[-4, 4]], options).network.layers[0].op).toBe("polynomial");
  });

  test("a ReLU of positive values is the identity, of negative ones zero, a leaky one a tenth", () => {
    for (const [name, image, slope] of [
      ["relu", [3, 5], 1],
      ["relu", [-3, -5], 0],
      ["leakyRelu", [-3, -5], 0.1],
    ] as const) {
      const { network } = fitActivations(alone(name, 2, [0.1]), [image]);
      const [{ op, scale, offset }] = network.layers as Affine[];
      expect(op).toBe("affine");
      expect(scale[0]).toBeCloseTo(slope, 14);
      expect(offset[0]).toBeCloseTo(0, 14);
    }
  });

  test("degree 1 is a line, which takes no level", () => {
    const { network, report } = fitActivations(alone("sigmoid"), [[-0.5], [0.5]], { degree: 1 });
    const [{ op, scale, offset }] = network.layers as Affine[];
    expect(op).toBe("affine");
    expect(scale[0]).toBeGreaterThan(0.22);
    expect(scale[0]).toBeLessThan(0.25);
    expect(offset[0]).toBeCloseTo(0.5, 12);
    expect(report.layers[0].levels).toBe(0);
  });
});

test("of many values 2,048 to 4,096 are kept, evenly", () => {
  const values = new ChannelValues(4096);
  for (let k = 0; k < 100_000; k++) values.add(k, 2 * k);
  expect(values).toMatchObject({ count: 100_000, low: 0, high: 99_999 });
  expect(values.targets).toEqual(values.kept.map((x) => 2 * x));
  expect(values.kept.length).toBeGreaterThan(2000);
  expect(values.kept.length).toBeLessThanOrEqual(4096);
  const inTenth = (tenth: number) => values.kept.filter((x) => Math.floor(x / 10_000) === tenth).length;
  const even = values.kept.length / 10;
  for (let tenth = 0; tenth < 10; tenth++) expect(Math.abs(inTenth(tenth) - even)).toBeLessThan(8);
  // Columns of an image 32 wide are met equally, too.
  const inColumn = (column: number) => values.kept.filter((x) => x % 32 === column).length;
  for (let column = 0; column < 32; column++)
    expect(Math.abs(inColumn(column) - values.kept.length / 32)).toBeLessThan(30);
});
