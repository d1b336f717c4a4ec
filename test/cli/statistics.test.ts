import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { areaUnderCurve, classifierArea, wilsonInterval } from "../../src/cli/statistics.js";
import { largestError, marginOf, verdictOf } from "../../src/cli/verdict.js";

describe("wilsonInterval", () => {
  it("gives the textbook's figures", () => {
    // Newcombe, Statistics in Medicine 1998, table I: 81 of 263 and 0 of 20, to four decimals.
    const [low, high] = wilsonInterval(81, 263);
    expect(low).toBeCloseTo(0.2553, 4);
    expect(high).toBeCloseTo(0.3662, 4);
    const [zero, top] = wilsonInterval(0, 20);
    expect(zero).toBeCloseTo(0, 12);
    expect(top).toBeCloseTo(0.1611, 4);
  });
});

describe("areaUnderCurve", () => {
  it("counts ties half", () => {
    expect(areaUnderCurve([0.5, 0.5, 0.5], [true, false, false])?.auc).toBe(0.5);
    expect(areaUnderCurve([0.9, 0.5, 0.5, 0.1], [true, true, false, false])?.auc).toBe(3.5 / 4);
  });

  it("is undefined without both classes", () => {
    expect(areaUnderCurve([0.5, 0.6], [true, true])).toBeUndefined();
    expect(classifierArea([[0.4, 0.6]], [1], 1)).toEqual({});
  });

  it("of reversed scores = 1 − area, and the interval holds the area", () => {
    const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean()), { minLength: 4, maxLength: 40 });
    fc.assert(
      fc.property(samples, (sample) => {
        const positive = sample.map(([, label]) => label);
        const scores = sample.map(([score]) => score);
        const area = areaUnderCurve(scores, positive);
        const reversed = areaUnderCurve(
          scores.map((score) => -score),
          positive,
        );
        fc.pre(area !== undefined && reversed !== undefined);
        expect(area.auc + reversed.auc).toBeCloseTo(1, 12);
        expect(area.interval[0]).toBeLessThanOrEqual(area.auc);
        expect(area.interval[1]).toBeGreaterThanOrEqual(area.auc);
      }),
    );
  });

  it("has DeLong's variance", () => {
    // By hand: positives 3, 1 and negatives 2, 0: shares above 1, 0.5 and 1, 0.5 (of 0: 1; of 2: 0.5).
    const area = areaUnderCurve([3, 1, 2, 0], [true, true, false, false]);
    expect(area?.auc).toBe(0.75);
    const half = 1.959963984540054 * Math.sqrt(0.125 / 2 + 0.125 / 2);
    expect(area?.interval[0]).toBeCloseTo(0.75 - half, 12);
    expect(area?.interval[1]).toBe(1);
  });

  it("of three classes is the mean of each against the rest", () => {
    const rows = [
      [0.8, 0.1, 0.1],
      [0.1, 0.8, 0.1],
      [0.2, 0.2, 0.6],
    ];
    expect(classifierArea(rows, [0, 1, 2], 1)).toEqual({ auc: 1 });
  });
});

describe("verdictOf", () => {
  const card = { positive: 0, threshold: 0.7 };
  const logit = Math.log(0.7 / 0.3);

  it("holds the positive class's probability against the threshold", () => {
    expect(verdictOf(Float64Array.of(logit + 1e-9, 0), card).verdict).toBe(0);
    expect(verdictOf(Float64Array.of(logit - 1e-9, 0), card).verdict).toBe(1);
    expect(verdictOf(Float64Array.of(1, 3, 2), card).verdict).toBe(1);
  });

  it("ranks images also where their probabilities are 1 to the last digit", () => {
    const [sure, surer] = [40, 50].map((logit) => verdictOf(Float64Array.of(logit, 0), card));
    expect(sure.probabilities[0]).toBe(1);
    expect(surer.probabilities[0]).toBe(1);
    expect(
      classifierArea(
        [sure, surer].map(({ logOdds }) => logOdds),
        [1, 0],
        0,
      ).auc,
    ).toBe(1);
  });

  // Differences up to 18: beyond, 1 − p has too few digits left to compare with.
  it("log-odds are those of the probabilities", () => {
    const logits = fc.float64Array({ minLength: 1, maxLength: 5, min: -9, max: 9, noNaN: true });
    fc.assert(
      fc.property(logits, fc.constantFrom("softmax", "sigmoid"), (drawn, activation) => {
        const { probabilities, logOdds } = verdictOf(drawn, { ...card, activation });
        for (const [k, p] of probabilities.entries()) expect(logOdds[k]).toBeCloseTo(Math.log(p / (1 - p)), 6);
      }),
    );
  });

  it("errors below half the margin never change it", () => {
    const value = fc.double({ min: -20, max: 20, noNaN: true });
    const error = fc.double({ min: -0.499, max: 0.499, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }).chain((n) => fc.tuple(vector(n, value), vector(n, error))),
        ([z, e]) => {
          const margin = marginOf(z, card);
          const noisy = z.map((logits, k) => logits + e[k] * margin);
          fc.pre(margin > 1e-6);
          expect(verdictOf(noisy, card).verdict).toBe(verdictOf(z, card).verdict);
        },
      ),
    );
  });

  it("largestError is the largest absolute difference", () => {
    expect(largestError(Float64Array.of(1, -2), Float64Array.of(1.5, -1))).toBe(1);
  });
});

function vector(length: number, entry: fc.Arbitrary<number>): fc.Arbitrary<Float64Array> {
  return fc.array(entry, { minLength: length, maxLength: length }).map((values) => Float64Array.from(values));
}
