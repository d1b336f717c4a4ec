/** What a calibration found, kept in the place of its images. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { phantomDataset } from "../../src/data/dataset.js";
import { imageToInput } from "../../src/data/input.js";
import { openDevice } from "../../src/index.js";
import {
  type Calibration,
  compile,
  importOnnx,
  interpret,
  KeyHolder,
  ModelOwner,
  measureCalibration,
  Server,
  weightsFor,
} from "../../src/nn/index.js";

const network = importOnnx(readFileSync(new URL("../../models/rl3-phantom.onnx", import.meta.url)));
const plan = compile(network);
const set = phantomDataset(1, { train: 24, val: 0, test: 4 });
const inputOf = (split: "train" | "test", k: number) => imageToInput(set.image(split, k).pixels, network.card);
const images = Array.from({ length: 24 }, (_, k) => inputOf("train", k));
const kept = (): Calibration => JSON.parse(JSON.stringify(measureCalibration(plan, network, images)));

test("a model from a calibration's file diagnoses as one from its images", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  try {
    using holder = await KeyHolder.create(plan, device);
    const server = new Server(plan, device, holder.evaluationKeys);
    const errors = [images, kept()].map(async (calibration) => {
      using model = server.load(new ModelOwner(plan, holder.publicKey).encrypt(network, { calibration }));
      let largest = 0;
      for (let k = 0; k < 4; k++) {
        using image = holder.encrypt(inputOf("test", k));
        using result = await server.run(model, image);
        const logits = await holder.decrypt(result);
        const clear = interpret(network, inputOf("test", k));
        largest = Math.max(largest, ...logits.map((logit, c) => Math.abs(logit - clear[c])));
      }
      return largest;
    });
    for (const error of await Promise.all(errors)) expect(error).toBeLessThan(2e-3);
  } finally {
    await device.close();
  }
});

test("the factors are those of the images", () => {
  expect(weightsFor(plan, network, { calibration: kept() }).factors).toEqual(
    weightsFor(plan, network, { calibration: images }).factors,
  );
});

const changed: [string, (found: Calibration) => unknown, RegExp | typeof TypeError][] = [
  ["another plan's", (found) => ({ ...found, plan: "0".repeat(64) }), /plan/],
  ["one with a layer's range missing", (found) => ({ ...found, ranges: found.ranges.slice(1) }), /ranges/],
  [
    "one of other channels",
    (found) => ({ ...found, ranges: found.ranges.map(() => ({ low: [0], high: [1] })) }),
    /ranges/,
  ],
  [
    "one whose ranges are turned round",
    (found) => ({ ...found, ranges: found.ranges.map(({ low, high }) => ({ low: high, high: low })) }),
    /ranges/,
  ],
  ["one with a scale that is none", (found) => ({ ...found, scales: found.scales.map(() => 3) }), /scales/],
  ["one of too few scales", (found) => ({ ...found, scales: [1] }), /scales/],
  ["one with an output scale that is none", (found) => ({ ...found, outputScale: 0 }), /outputScale/],
  ["one of another image size", (found) => ({ ...found, mean: [1, 2] }), /784/],
  ["one whose scale was changed", (found) => ({ ...found, scales: found.scales.map((scale) => 64 * scale) }), /digest/],
  ["one whose output scale was changed", (found) => ({ ...found, outputScale: 8 * found.outputScale }), /digest/],
  ["one whose mean was changed", (found) => ({ ...found, mean: found.mean.map(() => 1e30) }), /digest/],
  ["nothing", () => undefined, TypeError],
  ["a number", () => 7, TypeError],
];

test.each(changed)("%s is refused", (_name, change, message) => {
  const calibration = change(kept()) as Calibration;
  expect(() => weightsFor(plan, network, { calibration })).toThrow(message);
});

test("it is of this network's weights, not of its architecture", () => {
  const layers = network.layers.map((layer) =>
    "weights" in layer ? { ...layer, weights: layer.weights.map((weight) => 50 * weight) } : layer,
  );
  expect(() => weightsFor(plan, { ...network, layers }, { calibration: kept() })).toThrow(/digest/);
});

test("and of its other numbers", () => {
  const layers = network.layers.map((layer) => (layer.op === "batchNorm" ? { ...layer, epsilon: 0.5 } : layer));
  expect(() => weightsFor(plan, { ...network, layers }, { calibration: kept() })).toThrow(/digest/);
});

test("a margin beside it is refused: it would change nothing", () => {
  expect(() => weightsFor(plan, network, { calibration: kept(), margin: 4 })).toThrow(/margin/);
});
