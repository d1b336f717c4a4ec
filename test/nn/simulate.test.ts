import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParameterError } from "../../src/errors.js";
import { calibrate, neutralFactors } from "../../src/nn/calibrate.js";
import { fold } from "../../src/nn/fold/fold.js";
import type { FoldedLayer, FoldOptions } from "../../src/nn/fold/folded.js";
import { interpretFolded } from "../../src/nn/fold/interpret.js";
import { programmable } from "../../src/nn/fold/programmable.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Network, Shape } from "../../src/nn/graph/network.js";
import { occupants } from "../../src/nn/layout/layout.js";
import { chooseSlots, planProgram } from "../../src/nn/plan/plan.js";
import { encodeInput } from "../../src/nn/program/encode.js";
import { simulate } from "../../src/nn/program/simulate.js";
import { materialize } from "../../src/nn/program/weights.js";
import { INPUT_SCALE } from "../../src/nn/scales.js";
import { type Brick, randomImage, randomNetwork, rl3 } from "./random-network.js";

const NO_FOLDS: FoldOptions = { batchNorm: false, square: false, pooling: false, linear: false };
const image = (channels: number, height: number, width = height): Shape => [channels, height, width];

/** Simulates and compares with the interpreter of the original network: relative to the largest logit. */
function expectTwin(network: Network, slots: number, options: Partial<FoldOptions> = {}, plainModel = false): void {
  const { folded } = fold(network, options);
  const program = planProgram(folded, { slots, costs: { encryptedModel: !plainModel } });
  const x = randomImage(network, 99);
  const { logits, results } = simulate(program, materialize(program, folded, calibrate(folded, [x])), x);
  const expected = interpret(network, x);
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, logit] of logits.entries()) expect(Math.abs(logit - expected[i])).toBeLessThan(1e-9 * largest);
  // Every slot holds a whole logit, or zero: a partial sum would show weights to whoever decrypts.
  for (const [k, output] of program.outputs.entries()) {
    const { layout, ciphertext } = program.values[output];
    const holds = occupants(program.layouts[layout], ciphertext);
    const scale = expected[0] === 0 ? 1 : logits[0] / unpackFirst(holds, results[k]);
    for (const [slot, logit] of holds.entries()) {
      const wanted = logit < 0 ? 0 : logits[logit] / scale;
      expect(Math.abs(results[k][slot] - wanted)).toBeLessThan(1e-9 * largest);
    }
  }
}

describe("the program's twin equals the interpreter of the original network", () => {
  test("RL-3 on 8,192 slots, folded", () => expectTwin(rl3(), 8192));
  test("RL-3 on 8,192 slots, nothing folded", () => expectTwin(rl3(3), 8192, NO_FOLDS));
  test("RL-3 with plain weights, on twice the slots", () => expectTwin(rl3(4), 16384, {}, true));

  const end: Brick[] = ["gap", "flatten", { linear: 2 }];
  const block = (channels: number, kernel: number, stride: number | [number, number] = 1, padding = 0): Brick[] => [
    { conv: channels, kernel, stride, padding },
    "bn",
    "quad",
  ];
  const cases: [string, Shape, Brick[]][] = [
    ["one channel, kernel 3", image(1, 8), [...block(4, 3, 1, 1), { pool: 2 }, ...block(8, 3, 1, 1), ...end]],
    ["three channels, stride 2", image(3, 8), [...block(5, 3, 2, 1), ...block(6, 3, 1, 1), ...end]],
    ["kernel 1, channels that are no power of two", image(3, 8), [...block(3, 1), { pool: 2 }, ...block(7, 1), ...end]],
    ["kernel 5, no padding", image(1, 8), [...block(2, 5), { pool: 2 }, ...block(3, 1), ...end]],
    ["not square, odd sizes", image(2, 7, 5), [...block(3, 3, 2, 1), ...block(4, 3, 1, 1), ...end]],
    ["a pool that leaves a rest", image(1, 7), [...block(2, 3, 1, 1), { pool: 2 }, ...block(3, 3, 1, 1), ...end]],
    ["another stride up than across", image(1, 8), [...block(4, 3, [2, 1], 1), ...block(4, 3, [1, 2], 1), ...end]],
    ["a pool up only", image(1, 8), [...block(4, 3, 1, 1), { pool: [2, 1] }, ...block(4, 3, [1, 2], 1), ...end]],
    ["stride 3 and a pool of 3", image(1, 8), [...block(2, 3, 3, 1), { pool: 3 }, ...block(3, 1), ...end]],
    ["a map that shrinks to one pixel", image(1, 5), [...block(4, 5), ...block(6, 1), "flatten", { linear: 3 }]],
    ["a pool before the activation", image(1, 8), [{ conv: 4, padding: 1 }, "bn", { pool: 2 }, "quad", ...end]],
    ["two pools", image(1, 8), [...block(4, 3, 1, 1), { pool: 2 }, { pool: 2 }, ...block(4, 1), ...end]],
    ["a pool first", image(1, 8), [{ pool: 2 }, ...block(4, 3, 1, 1), ...end]],
    ["a hidden matrix", image(1, 6), [...block(3, 3), "flatten", { linear: 9 }, "quad", { linear: 4 }]],
    ["all classes from the last pooling", image(1, 8), [...block(3, 3), "gap"]],
    ["more than 16 classes", image(1, 6), [...block(3, 3), "flatten", { linear: 20 }]],
  ];
  for (const [name, input, bricks] of cases) {
    test(`${name}: folded and not, n = 512 and 1,024`, () => {
      const network = randomNetwork(input, bricks, 17);
      expectTwin(network, 1024);
      expectTwin(network, 512, NO_FOLDS);
      expectTwin(network, 512, { square: false });
      expectTwin(network, 1024, { pooling: false }, true);
    });
  }

  test("a table with 30 columns, 30 → 16 → 2, on its fewest slots and on 8,192", () => {
    const bricks: Brick[] = [{ linear: 16 }, "quad", { linear: 2 }];
    const network = randomNetwork(image(30, 1), bricks, 23);
    for (const slots of [chooseSlots(fold(network).folded, 32), 256, 8192]) {
      expectTwin(network, slots);
      expectTwin(network, slots, NO_FOLDS);
    }
  });

  test("random small networks", () => {
    const sizes = fc.integer({ min: 5, max: 8 });
    const arbitrary = fc.record({
      input: fc.tuple(fc.constantFrom(1, 2, 3), sizes, sizes),
      channels: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
      kernel: fc.constantFrom(1, 3, 5),
      stride: fc.constantFrom(1, 2),
      pool: fc.boolean(),
      folds: fc.record({ batchNorm: fc.boolean(), square: fc.boolean(), pooling: fc.boolean(), linear: fc.boolean() }),
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(arbitrary, ({ input, channels, kernel, stride, pool, folds, seed }) => {
        const body = channels.flatMap((count, i) => [
          ...block(count, kernel, i === 0 ? stride : 1, (kernel - 1) / 2),
          ...(pool && i === 0 ? [{ pool: 2 }] : []),
        ]);
        expectTwin(randomNetwork(image(...input), [...body, ...end], seed), 512, folds);
      }),
      { numRuns: 25 },
    );
  });

  test("a sum pool of 3 goes through a matrix", () => {
    const ones = [1, 1];
    const window = { kernel: [2, 2], stride: ones, dilation: ones, before: [0, 0], groups: 1 };
    const term = { input: 2, ...window, weights: randomImage({ input: image(2, 2) }, 1) };
    const layers: FoldedLayer[] = [
      { op: "square", input: 0 },
      { op: "sumPool", input: 1, kernel: [3, 3] },
      { op: "linear", kind: "dense", shape: [2], bias: new Float64Array([1, -1]), terms: [term] },
    ];
    const folded = programmable({ input: image(1, 6), classes: 2, layers });
    const program = planProgram(folded, { slots: 128 });
    const x = randomImage(folded, 2);
    const { logits } = simulate(program, materialize(program, folded, neutralFactors(folded)), x);
    for (const [i, value] of interpretFolded(folded, x).entries()) expect(logits[i]).toBeCloseTo(value, 9);
  });
});

describe("headroom", () => {
  const network = randomNetwork(
    image(1, 8),
    [{ conv: 4, padding: 1 }, "bn", "quad", "gap", "flatten", { linear: 2 }],
    31,
  );
  const { folded } = fold(network);
  const program = planProgram(folded, { slots: 256, taps: false });
  const x = randomImage(network, 5);
  const weights = materialize(program, folded, calibrate(folded, [x], { reach: [1] }));

  test("the image lies in every block, and the largest value of every step is reported", () => {
    const first = program.layouts[program.values[program.inputs[0]].layout];
    for (const [k, slots] of encodeInput({ ...program, taps: undefined }, x).entries()) {
      for (const [slot, pixel] of occupants(first, k).entries()) {
        expect(slots[slot]).toBe(pixel < 0 ? 0 : x[pixel] * INPUT_SCALE);
      }
    }
    const { maxAbs } = simulate(program, weights, x);
    expect(maxAbs).toHaveLength(program.steps.length + 1);
    expect(maxAbs[2]).toBeLessThanOrEqual(1);
  });

  test("a value that a level cannot hold is an error that names the step, never a wrong logit", () => {
    const roomy = [8, 100, 100, 100];
    simulate(program, weights, x, { bounds: roomy });
    expect(() =>
      simulate(
        program,
        weights,
        x.map((v) => 50 * v),
        { bounds: roomy },
      ),
    ).toThrow(/step \d .*level \d/);
    expect(() => simulate(program, weights, x, { bounds: [8, 100, 100, 0.1] })).toThrow(ParameterError);
    expect(() => simulate(program, weights, x.fill(Number.NaN))).toThrow(ParameterError);
  });

  test("weights of another architecture are refused", () => {
    const other = fold(randomNetwork(image(1, 6), [{ conv: 4 }, "quad", "gap", "flatten", { linear: 2 }], 1)).folded;
    expect(() => materialize(program, other, neutralFactors(other))).toThrow(ParameterError);
    expect(() => encodeInput(program, [1, 2, 3])).toThrow(ParameterError);
  });
});

/** Of the slots that hold logit 0, what the first holds. */
function unpackFirst(holds: Int32Array, slots: Float64Array): number {
  return slots[holds.indexOf(0)];
}
