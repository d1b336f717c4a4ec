import { describe, expect, test } from "vitest";
import { isPowerOfTwo } from "../../src/ckks/slots.js";
import { ParameterError } from "../../src/errors.js";
import { calibrate, neutralFactors } from "../../src/nn/calibrate.js";
import { fold } from "../../src/nn/fold/fold.js";
import type { FoldedNetwork, FoldOptions } from "../../src/nn/fold/folded.js";
import { interpretFolded } from "../../src/nn/fold/interpret.js";
import { planProgram } from "../../src/nn/plan/plan.js";
import { simulate } from "../../src/nn/program/simulate.js";
import { materialize } from "../../src/nn/program/weights.js";
import { type Brick, randomImage, randomNetwork } from "./random-network.js";

const bricks: Brick[] = [
  { conv: 4, padding: 1 },
  "bn",
  "quad",
  { pool: 2 },
  { conv: 6 },
  "bn",
  "quad",
  "gap",
  "flatten",
  { linear: 3 },
];
const network = randomNetwork([1, 8, 8], bricks, 11);
const images = Array.from({ length: 5 }, (_, i) => randomImage(network, 100 + i).map((value) => 20 * value));

describe("calibrate", () => {
  test("what enters a square is at most reach / margin, but not below half of it", () => {
    const { folded } = fold(network);
    const largest = rangesOf(folded);
    const cases: { margin: number; reach?: number[] }[] = [
      { margin: 1, reach: [1] },
      { margin: 2, reach: [1] },
      { margin: 3, reach: [64, 4] },
      { margin: 2 },
    ];
    for (const { margin, reach } of cases) {
      const { scales } = calibrate(folded, images, { margin, reach });
      const squares = folded.layers.flatMap((layer, index) => (layer.op === "square" ? [index] : []));
      for (const [nth, index] of squares.entries()) {
        const fromEnd = squares.length - 1 - nth;
        const wanted = reach ?? [128, 16, 8];
        const share = (largest[index - 1] * scales[index - 1] * margin) / wanted[Math.min(fromEnd, wanted.length - 1)];
        expect(share).toBeLessThanOrEqual(1);
        expect(share).toBeGreaterThan(0.5);
        expect(scales[index]).toBe(scales[index - 1] ** 2);
      }
    }
  });

  test("all factors are powers of two, and the logits keep the margin", () => {
    const { folded } = fold(network);
    const { scales, outputScale, largestLogit } = calibrate(folded, images, { margin: 2, logitBound: 0.01 });
    expect(outputScale).toBeGreaterThan(1);
    for (const scale of [outputScale, ...scales.map((s) => (s < 1 ? 1 / s : s))])
      expect(isPowerOfTwo(scale)).toBe(true);
    expect((largestLogit / outputScale) * 2).toBeLessThanOrEqual(0.01);
    expect(calibrate(folded, images, { logitBound: 1e9 }).outputScale).toBe(1);
  });

  test("the factors change no logit, whichever layers are folded", () => {
    const image = randomImage(network, 7).map((value) => 20 * value);
    for (let setting = 0; setting < 16; setting++) {
      const { folded } = fold(network, optionsOf(setting));
      const program = planProgram(folded, { slots: 256 });
      const expected = interpretFolded(folded, image);
      for (const factors of [neutralFactors(folded), calibrate(folded, images, { logitBound: 0.1 })]) {
        const { logits } = simulate(program, materialize(program, folded, factors), image);
        for (const [i, logit] of logits.entries()) expect(logit / expected[i]).toBeCloseTo(1, 9);
      }
    }
  });

  test("no value in any slot leaves the range that was asked for, up to the sums of pools", () => {
    const { folded } = fold(network);
    const program = planProgram(folded, { slots: 256 });
    const weights = materialize(program, folded, calibrate(folded, images, { reach: [1] }));
    const bounds = Array.from({ length: program.depth + 1 }, (_, level) =>
      level === program.depth ? 20 : level === 0 ? 8 : 4,
    );
    for (const image of images) simulate(program, weights, image, { bounds });
  });

  test("refuses to calibrate with nothing, with nonsense, or with a margin below 1", () => {
    const { folded } = fold(network);
    expect(() => calibrate(folded, [])).toThrow(ParameterError);
    expect(() => calibrate(folded, [images[0].map(() => Number.NaN)])).toThrow(ParameterError);
    expect(() => calibrate(folded, images, { margin: 0.5 })).toThrow(ParameterError);
    expect(() => calibrate(folded, images, { reach: [0] })).toThrow(ParameterError);
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, "8", null]) {
      for (const options of [{ margin: wrong }, { logitBound: wrong }, { reach: [wrong] }, { reach: wrong }]) {
        expect(() => calibrate(folded, images, options as never)).toThrow(/^margin = .*, reach = .*, logitBound = /);
      }
    }
  });
});

function optionsOf(setting: number): FoldOptions {
  const bit = (i: number) => ((setting >> i) & 1) === 1;
  return { batchNorm: bit(0), square: bit(1), pooling: bit(2), linear: bit(3) };
}

function rangesOf(folded: FoldedNetwork): number[] {
  const ranges = folded.layers.map(() => 0);
  for (const image of images) {
    interpretFolded(folded, image, (index, _layer, _shape, values) => {
      ranges[index] = values.reduce((most, value) => Math.max(most, Math.abs(value)), ranges[index]);
    });
  }
  return ranges;
}
