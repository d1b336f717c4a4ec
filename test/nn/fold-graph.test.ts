/**
 * Networks with branches: under each setting of the folds, and as programs in the clear. More of them: COUNT=1000 FROM=60.
 */
import { describe, expect, it } from "vitest";
import { calibrate } from "../../src/nn/calibrate.js";
import { fold, quadRanges } from "../../src/nn/fold/fold.js";
import { interpretFolded } from "../../src/nn/fold/interpret.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Layer } from "../../src/nn/graph/network.js";
import { planProgram } from "../../src/nn/plan/plan.js";
import { simulate } from "../../src/nn/program/simulate.js";
import { materialize } from "../../src/nn/program/weights.js";
import { randomGraph } from "./random-graph.js";
import { networkOf, RandomLayers, randomImage, uniform } from "./random-network.js";

const COUNT = Number(process.env["COUNT"] ?? 60);
describe("random graphs", () => {
  it.each(
    Array.from({ length: COUNT }, (_, seed) => seed + Number(process.env["FROM"] ?? 0)),
  )("graph %i, under each setting of the folds", (seed) => {
    const network = randomGraph(seed);
    const image = randomImage(network, seed);
    const wanted = interpret(network, image);
    for (let setting = 0; setting < 16; setting++) {
      const options = {
        batchNorm: (setting & 1) !== 0,
        square: (setting & 2) !== 0,
        pooling: (setting & 4) !== 0,
        linear: (setting & 8) !== 0,
      };
      const { folded } = fold(network, options);
      const logits = interpretFolded(folded, image);
      const size = wanted.reduce((most, each) => Math.max(most, Math.abs(each)), 1);
      expect(logits.length).toBe(wanted.length);
      for (const [k, each] of wanted.entries()) expect(Math.abs(logits[k] - each)).toBeLessThan(1e-9 * size);
    }
  });
  it.each(
    Array.from({ length: COUNT / 3 }, (_, seed) => seed + Number(process.env["FROM"] ?? 0)),
  )("graph %i, its program in the clear", (seed) => {
    const network = randomGraph(seed);
    const image = randomImage(network, seed);
    const { folded } = fold(network);
    const factors = calibrate(folded, [image]);
    const program = planProgram(folded, { slots: 512 });
    const wanted = interpret(network, image);
    const { logits, results } = simulate(program, materialize(program, folded, factors, image), image);
    const size = wanted.reduce((most, each) => Math.max(most, Math.abs(each)), 1);
    for (const [k, each] of wanted.entries()) expect(Math.abs(logits[k] - each)).toBeLessThan(1e-9 * size);
    // Every slot holds one of the logits, or zero: a partial sum would show weights to whoever decrypts.
    const whole = [0, ...wanted.map((each) => each / factors.outputScale)];
    for (const slots of results) {
      for (const slot of slots) {
        expect(Math.min(...whole.map((each) => Math.abs(slot - each)))).toBeLessThan(1e-9 * size);
      }
    }
  });
});

describe("nearly straight quadratics", () => {
  // Bent by 2^−11 of their slope over the values that each channel takes: by more, where these are another quadratic's.
  it("behind a concatenation, and behind a norm that goes into them, are bent over their own values", () => {
    const make = new RandomLayers(uniform(3));
    const times = (layer: Layer, factor: number): Layer => {
      const conv = layer as Extract<Layer, { op: "conv" }>;
      return { ...conv, weights: conv.weights.map((w) => w * factor), bias: conv.bias.map((b) => b * factor) };
    };
    const straight = (channels: number): Layer => {
      const fill = (value: number) => new Float64Array(channels).fill(value);
      return { op: "quad", a: fill(1e-12), b: fill(1), c: fill(0) };
    };
    const one = (from: number, to: number) => make.conv(from, to, [1, 1], [1, 1], [0, 0, 0, 0]);
    const layers: Layer[] = [
      times(one(1, 2), 0.001),
      { ...times(one(1, 1), 1000), inputs: [0] },
      { op: "rearrange", inputs: [1, 2], shape: [3, 4, 4], index: Int32Array.from({ length: 48 }, (_, i) => i) },
      straight(3),
      one(3, 2),
      { op: "add", inputs: [5, 5] },
      { ...(make.batchNorm(2) as Extract<Layer, { op: "batchNorm" }>), gamma: Float64Array.of(1e-4, -1e4) },
      straight(2),
      { op: "flatten" },
      make.linear(32, 2),
    ];
    const network = networkOf([1, 4, 4], layers);
    const images = Array.from({ length: 8 }, (_, k) => randomImage(network, k));
    const { folded } = fold(network, {}, quadRanges(network, images));
    let [worst, size] = [0, 0];
    for (const image of images) {
      const logits = interpretFolded(folded, image);
      for (const [k, each] of interpret(network, image).entries()) {
        worst = Math.max(worst, Math.abs(logits[k] - each));
        size = Math.max(size, Math.abs(each));
      }
    }
    expect(worst).toBeLessThan(4e-3 * size);
  });
});
