import { describe, expect, it } from "vitest";
import { calibrate } from "../../src/nn/calibrate.js";
import { fold } from "../../src/nn/fold/fold.js";
import { interpretFolded } from "../../src/nn/fold/interpret.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import { planProgram } from "../../src/nn/plan/plan.js";

import { simulate } from "../../src/nn/program/simulate.js";
import { materialize } from "../../src/nn/program/weights.js";
import { randomGraph } from "./random-graph.js";
import { randomImage } from "./random-network.js";

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
    const whole = folded;
    const factors = calibrate(whole, [image]);
    const program = planProgram(folded, { slots: 512 });
    const wanted = interpret(network, image);
    const { logits } = simulate(program, materialize(program, whole, factors), image);
    const size = wanted.reduce((most, each) => Math.max(most, Math.abs(each)), 1);
    for (const [k, each] of wanted.entries()) expect(Math.abs(logits[k] - each)).toBeLessThan(1e-9 * size);
  });
});
