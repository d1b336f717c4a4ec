import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ParameterError } from "../../src/errors.js";
import {
  compile,
  interpret,
  KeyHolder,
  ModelOwner,
  Randomness,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { type Brick, randomImage, randomNetwork } from "./random-network.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const bricks: Brick[] = [
  { conv: 4, kernel: 3, padding: 1, stride: 2 },
  "bn",
  "quad",
  { pool: 2 },
  "flatten",
  { linear: 6 },
  "quad",
  { linear: 3 },
];
const network = randomNetwork([2, 8, 8], bricks, 4);
const images = Array.from({ length: 6 }, (_, k) => randomImage(network, k));
const calibration = images;

describe("several images at once", () => {
  test.each([2, 4, 8])("%i: each has its own logits, in the clear", (count) => {
    const plan = compile(network, { images: count });
    const { weights } = weightsFor(plan, network, { calibration });
    const given = images.slice(0, Math.min(count, 5));
    const { all, logits } = simulate(plan.program, weights, given);
    expect(all).toHaveLength(count);
    expect(logits).toBe(all[0]);
    for (const [k, image] of given.entries()) {
      for (const [i, logit] of interpret(network, image).entries()) expect(all[k][i]).toBeCloseTo(logit, 8);
    }
  });

  test.each([
    "encrypted",
    "plain",
  ] as const)("four of them with %s weights, and three where four would fit", async (model) => {
    const plan = compile(network, { images: 4, model });
    expect(plan.identity).not.toBe(compile(network, { model }).identity);
    using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
    const server = new Server(plan, device, holder.evaluationKeys);
    const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
    const options = { calibration };
    using loaded =
      model === "plain" ? server.loadPlain(network, options) : server.load(owner.encrypt(network, options));
    for (const given of [images.slice(0, 4), images.slice(3)]) {
      using result = await server.run(loaded, holder.encrypt(given));
      const all = await holder.decryptAll(result);
      for (const [k, image] of given.entries()) {
        for (const [i, logit] of interpret(network, image).entries())
          expect(Math.abs(all[k][i] - logit)).toBeLessThan(1e-3);
      }
    }
    expect(() => holder.encrypt(images)).toThrow(ParameterError);
    expect(() => holder.encrypt([])).toThrow(ParameterError);
  });

  test("sixteen that no ciphertext holds together: of their axes only rows and columns say which ciphertext", () => {
    const wide = randomNetwork(
      [1, 128, 128],
      [{ conv: 2, kernel: 5, stride: 4 }, "quad", "gap", "flatten", { linear: 3 }],
      5,
    );
    const plan = compile(wide, { images: 16, model: "plain" });
    expect(plan.program.inputs.length).toBeGreaterThan(1);
    const given = Array.from({ length: 16 }, (_, k) => randomImage(wide, k));
    const { weights } = weightsFor(plan, wide, { calibration: given });
    const { all } = simulate(plan.program, weights, given);
    for (const [k, image] of given.entries()) {
      for (const [i, logit] of interpret(wide, image).entries()) expect(all[k][i]).toBeCloseTo(logit, 6);
    }
  });

  test("a number that is none is refused", () => {
    for (const count of [0, 3, -2, 1.5, 2 ** 11, "2"]) {
      expect(() => compile(network, { images: count as number })).toThrow(RangeError);
    }
  });
});
