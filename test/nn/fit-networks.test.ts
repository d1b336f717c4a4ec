import { describe, expect, test } from "vitest";
import { Polynomial } from "../../src/ckks/circuits/polynomial.js";
import { fitActivations } from "../../src/nn/fit/fit-activations.js";
import type { FitOptions } from "../../src/nn/fit/options.js";
import { activationOf } from "../../src/nn/graph/activations.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Activation, ActivationName, Quad } from "../../src/nn/graph/network.js";
import { inputsOf } from "../../src/nn/graph/shapes.js";
import { alone, branched, givenTo, imagesFor } from "./activation-networks.js";

const trios: readonly (readonly [ActivationName, ActivationName, ActivationName])[] = [
  ["relu", "relu", "relu"],
  ["sigmoid", "tanh", "silu"],
  ["gelu", "hardSwish", "softplus"],
];

describe.each(trios)("a network with branches: %s, %s, %s", (...names) => {
  const network = branched(...names, 7);
  const images = imagesFor(network, 12);
  const { network: fitted, report } = fitActivations(network, images);

  test("keeps its layers' numbers and what they take, and has no activation left", () => {
    expect(fitted.layers).toHaveLength(network.layers.length);
    expect(report.layers.map(({ index, name }) => [index, name])).toEqual(
      [1, 4, 5].map((index, k) => [index, names[k]]),
    );
    for (const [index, layer] of fitted.layers.entries()) {
      const replaced = network.layers[index].op === "activation";
      expect(inputsOf(layer, index)).toEqual(inputsOf(network.layers[index], index));
      if (replaced) expect(["affine", "quad", "polynomial"]).toContain(layer.op);
      else expect(layer).toBe(network.layers[index]);
    }
  });

  test("the report's gap is the difference of what interpret gives", () => {
    let [largest, squares, same, own] = [0, 0, 0, 0];
    for (const image of images) {
      const [before, after] = [network, fitted].map((each) => Array.from(interpret(each, image)));
      for (const [k, logit] of before.entries()) {
        largest = Math.max(largest, Math.abs(after[k] - logit));
        squares += (after[k] - logit) ** 2;
        own += logit ** 2;
      }
      same += Number(before.indexOf(Math.max(...before)) === after.indexOf(Math.max(...after)));
    }
    const { gap } = report;
    expect(gap.largest).toBe(largest);
    expect(gap.rms).toBeCloseTo(Math.sqrt(squares / 36), 13);
    expect(gap.logitRms).toBeCloseTo(Math.sqrt(own / 36), 13);
    expect(gap).toMatchObject({ agreement: same / 12, images: 12 });
    expect(gap.rms).toBeLessThan(0.5 * gap.logitRms);
  });

  test("errors, and what was seen, are those of the values that layers are given in the fitted network", () => {
    const given = images.map((image) => givenTo(fitted, image));
    for (const {
      index,
      name,
      seen,
      range,
      intervals,
      rmsError,
      largestSeenError,
      outside,
      ...facts
    } of report.layers) {
      const f = activationOf({ op: "activation", name } as Activation);
      let [low, high, squares, largest, count] = [Infinity, -Infinity, 0, 0, 0];
      for (const [i, image] of images.entries()) {
        let output: Float64Array | undefined;
        interpret(fitted, image, (at, _layer, _shape, values) => {
          if (at === index) output = values;
        });
        for (const [k, x] of given[i][index].entries()) {
          [low, high] = [Math.min(low, x), Math.max(high, x)];
          const error = Math.abs(output![k] - f(x));
          [squares, largest, count] = [squares + error ** 2, Math.max(largest, error), count + 1];
          const [least, most] = intervals[intervals.length === 1 ? 0 : Math.floor(k / 36)];
          expect(x >= least && x <= most).toBe(true);
        }
      }
      expect(seen).toEqual([low, high]);
      expect(range).toEqual([
        Math.min(...intervals.map((each) => each[0])),
        Math.max(...intervals.map((each) => each[1])),
      ]);
      expect(rmsError).toBeCloseTo(Math.sqrt(squares / count), 12);
      expect(largestSeenError).toBe(largest);
      expect(outside).toBe(0);
      expect(facts.largestError).toBeGreaterThanOrEqual(0.98 * largest);
      expect(facts.shape).toEqual([4, 6, 6]);
    }
  });

  test("a smaller error brings the logits nearer", () => {
    const gaps = [0.1, 0.01].map(
      (error) => fitActivations(network, images, { error, maximumDegree: 63 }).report.gap.rms,
    );
    expect(gaps[1]).toBeLessThan(gaps[0]);
  });
});

test("a second layer leaves errors against the original's values orthogonal to 1, x, x²: it makes good for the first one", () => {
  const network = branched("relu", "relu", "silu", 21);
  const images = imagesFor(network, 30);
  const { network: fitted, report } = fitActivations(network, images, { degree: 2, margin: 1 });
  const interval = report.layers[1].intervals[2];
  const { a, b, c } = fitted.layers[4] as Quad;
  const p = (x: number) => (a[2] * x + b[2]) * x + c[2];
  const terms: [x: number, error: number, weight: number][] = [];
  for (const image of images) {
    const given = givenTo(fitted, image)[4];
    // Layer 7 multiplies what layers 4 and 5 give.
    const wanted = givenTo(network, image)[6];
    for (let k = 72; k < 108; k++) terms.push([given[k], p(given[k]) - wanted[k], 1]);
  }
  // Without a margin its range is its interval.
  for (let k = 0; k <= 48; k++) {
    const x = interval[0] + ((interval[1] - interval[0]) * k) / 48;
    terms.push([x, p(x) - Math.max(x, 0), (16 + (30 * 36) / 1024) / 49]);
  }
  for (const n of [0, 1, 2]) {
    const sum = terms.reduce((all, [x, error, weight]) => all + weight * error * x ** n, 0);
    const size = terms.reduce((all, [x, error, weight]) => all + Math.abs(weight * error * x ** n), 0);
    expect(Math.abs(sum / size)).toBeLessThan(1e-11);
  }
});

describe("which layer gets what", () => {
  const network = branched("relu", "silu", "relu", 3);
  const images = imagesFor(network, 8);
  const degrees = (options: FitOptions) =>
    fitActivations(network, images, options).report.layers.map(({ degree }) => degree);

  test("a number of a layer goes before a name, a name before all", () => {
    expect(degrees({ degree: { relu: 2, 5: 7, silu: 3 } })).toEqual([2, 3, 7]);
    expect(degrees({ depth: 3, degree: { silu: 4 } })).toEqual([7, 4, 7]);
    expect(degrees({ error: 0.2, degree: { relu: 5 }, depth: { 1: 1 } })).toEqual([2, expect.any(Number), 5]);
    const { report } = fitActivations(network, images, { degree: 3, method: { silu: "minimax" }, margin: { 5: 1 } });
    expect(report.layers.map(({ method }) => method)).toEqual(["leastSquares", "minimax", "leastSquares"]);
    // Both take the same values.
    const [first, , third] = report.layers.map(({ range: [low, high] }) => high - low);
    expect(first / third).toBeGreaterThan(1.8);
  });

  test("a polynomial of one's own for one layer leaves the others to be fitted", () => {
    const own = Polynomial.monomial([0, 0.5, 0.2]);
    const { report } = fitActivations(network, images, { replace: { 4: own }, degree: 3 });
    expect(report.layers.map(({ method }) => method)).toEqual(["leastSquares", "own", "leastSquares"]);
  });
});

test("images may come from a generator, as lists of numbers, and are walked once", () => {
  const network = branched("relu", "relu", "relu");
  const images = imagesFor(network, 5);
  let walked = 0;
  function* loader() {
    walked++;
    for (const image of images) yield Array.from(image);
  }
  const { report } = fitActivations(network, loader());
  expect(walked).toBe(1);
  expect(report).toEqual(fitActivations(network, images).report);
});

test("a network without activations is given back, and the report is empty", () => {
  const network = fitActivations(alone("relu"), [[1], [-1]]).network;
  const { network: same, report } = fitActivations(network, [[1]], { degree: 3 });
  expect(same).toBe(network);
  expect(report.layers).toEqual([]);
  expect(report.gap).toEqual({ largest: 0, rms: 0, logitRms: 0, agreement: 1, images: 1 });
  expect(report.describe()).toBe("no activation to replace");
});

test("several labels of one image agree where all of them do, and one logit speaks for its sign", () => {
  const own = { a: 0, b: 0, c: [1, -1] };
  const two = alone("tanh", 2);
  const labels = { ...two, card: { ...two.card, activation: "sigmoid" as const } };
  const images = [
    [1, -1],
    [1, 1],
    [2, -2],
    [3, -1],
  ];
  expect(fitActivations(labels, images, { replace: own }).report.gap.agreement).toBe(3 / 4);
  expect(
    fitActivations(
      two,
      [
        [0, 1],
        [1, 0],
      ],
      { replace: own },
    ).report.gap.agreement,
  ).toBe(1 / 2);
  expect(fitActivations(alone("tanh"), [[1], [-1]], { replace: { a: 0, b: 0, c: 1 } }).report.gap.agreement).toBe(
    1 / 2,
  );
});

test("the report is a table for people", () => {
  const network = branched("relu", "silu", "clip", 7);
  const { report } = fitActivations(network, imagesFor(network, 6), { degree: { silu: 7 } });
  const lines = report.describe().split("\n");
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatch(/^layer +function +range +degree +levels +fit +rms error +largest on images +on the range$/);
  expect(lines[1]).toMatch(
    /^1 +relu +\[-[\d.]+, [\d.]+\] +2 +1 \(completed square\) +least squares, 4 channels +[\d.]+/,
  );
  expect(lines[2]).toMatch(/^4 +silu +\[-[\d.]+, [\d.]+\] +7 +3 +least squares +[\d.]+/);
  expect(lines[3]).toMatch(/^5 +clip +\[-[\d.]+, [\d.]+\] +1 +0 +exact +0 +0 +0$/);
  expect(lines[4]).toMatch(
    /^logits: off by [\d.]+ rms \([\d.]+ % of their own size\), [\d.]+ at most; \d of 6 images in the same class$/,
  );
  expect(`${report}`).toBe(report.describe());
});
