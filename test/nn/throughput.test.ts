/** optimize: "throughput": an element a ciphertext, an image a slot. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fold } from "../../src/nn/fold/fold.js";
import type { Layer, Network } from "../../src/nn/graph/network.js";
import {
  calibrate,
  check,
  compile,
  interpret,
  KeyHolder,
  materialize,
  type Plan,
  Randomness,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import { planThroughput } from "../../src/nn/plan/throughput.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { randomGraph } from "./random-graph.js";
import { networkOf, RandomLayers, randomImage, uniform } from "./random-network.js";
import { planIn512, pools, small, throughput } from "./throughput-networks.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const make = new RandomLayers(uniform(21));

/** A skip connection whose sum is squared, a quadratic that nothing completes, and a product of two values. */
const residual = networkOf([1, 3, 3], [
  make.conv(1, 2, [3, 3], [1, 1], [1, 1, 1, 1]),
  make.quad(2),
  make.conv(2, 2, [3, 3], [1, 1], [1, 1, 1, 1]),
  { op: "add", inputs: [1, 3] },
  make.quad(2),
  { op: "multiply", inputs: [5, 2] },
  make.quad(2),
  { op: "avgPool", kernel: [2, 2], stride: [2, 2] },
  { op: "flatten" },
] as Layer[]);

const networks: [string, Network][] = [
  ["convolution, quadratics, matrices", small],
  ["norms, and pools behind squares and convolutions", pools],
  ["a skip connection and a product", residual],
];

async function roles(plan: Plan) {
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  return { holder, server: new Server(plan, device, holder.evaluationKeys) };
}

describe("in the clear", () => {
  test.each(Array.from({ length: 40 }, (_, k) => k))("each image has its own logits, network %i", (seed) => {
    const network = seed < networks.length ? networks[seed][1] : randomGraph(seed);
    const { folded } = fold(network);
    const program = planThroughput(folded, 4);
    const images = [0, 1, 2].map((k) => randomImage(network, k));
    const weights = materialize(program, folded, calibrate(folded, images));
    const { all, logits } = simulate(program, weights, images);
    expect(all).toHaveLength(4);
    expect(logits).toEqual(all[0]);
    for (const [k, image] of images.entries()) {
      const clear = interpret(network, image);
      expect(all[k]).toHaveLength(clear.length);
      for (const [i, logit] of clear.entries()) {
        expect(Math.abs(all[k][i] - logit)).toBeLessThan(1e-8 * (1 + Math.abs(logit)));
      }
    }
  });
});

describe.each(networks)("encrypted: %s", (_, network) => {
  const plan = planIn512(network);
  const images = Array.from({ length: 5 }, (_, k) => randomImage(network, k));

  test("several images, and the same key holder again", async () => {
    const { holder, server } = await roles(plan);
    using _holder = holder;
    using model = server.loadPlain(network, { calibration: images });
    const before = device.statistics().bytesInUse;
    for (const given of [images, images.slice(2, 3)]) {
      using batch = holder.encrypt(given);
      using result = await server.run(model, batch);
      const all = await holder.decryptAll(result, { images: given.length });
      expect(all).toHaveLength(given.length);
      for (const [k, image] of given.entries()) {
        for (const [i, logit] of interpret(network, image).entries()) {
          expect(Math.abs(all[k][i] - logit)).toBeLessThan(1e-3);
        }
      }
      expect(await holder.decrypt(result)).toEqual(all[0]);
      expect(await holder.decryptAll(result)).toHaveLength(512);
    }
    expect(device.statistics().bytesInUse).toBe(before);
  });

  test("the plan's estimate of noise holds", async () => {
    const { holder, server } = await roles(plan);
    using _holder = holder;
    using model = server.loadPlain(network, { calibration: images });
    using batch = holder.encrypt(images);
    using result = await server.run(model, batch);
    const all = await holder.decryptAll(result, { exactUnsafe: true, images: images.length });
    for (const [k, image] of images.entries()) {
      for (const [i, logit] of interpret(network, image).entries()) {
        const error = Math.abs(all[k][i] - logit) / result.outputScale;
        expect(error).toBeLessThan(result.ciphertexts[i].noise.worst);
      }
    }
  });
});

test("a plan of the compiler's: secure, all slots are images, no rotation key, and a report of one line a layer", async () => {
  const plan = compile(small, throughput);
  expect(plan.security.bits).toBe(128);
  expect(plan.images).toBe(plan.parameters.slots);
  expect(plan.rotations.size).toBe(0);
  expect(plan.relinearizationLevel).toBe(4);
  expect(plan.identity).not.toBe(compile(small, { model: "plain" }).identity);
  expect(plan.report().split("\n").length).toBe(9);
  const { program } = plan;
  expect(program.steps.map(({ op }) => op).filter((op, i, all) => op !== all[i - 1])).toEqual(
    ["combine", "square", "combine", "square", "combine"], // biome-ignore format: one list
  );
  const largest = compile(small, { ...throughput, images: 10_000 });
  expect(largest.images).toBe(2 ** 14);
  const options = { calibration: [randomImage(small, 1)] };
  const { weights } = weightsFor(plan, small, options);
  const { rows, constants } = weights.numbers!(0);
  expect([rows.length, constants.length]).toEqual([18, 18]);
  // The middle window sees all nine taps, of which both channels share the list.
  expect(rows[4].of).toHaveLength(9);
  expect(rows[9 + 4].of).toBe(rows[4].of);
  const looked = check(small, { ...throughput, calibration: options.calibration });
  expect(looked.ok).toBe(true);
  expect(looked.describe()).toContain(`${plan.images} images are 25 ciphertexts`);
  expect(looked.describe()).toContain("is 182 numbers and no vector");
});
