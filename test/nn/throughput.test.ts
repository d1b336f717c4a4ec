import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ParameterError, UnsupportedLayerError } from "../../src/errors.js";
import {
  compile,
  describe as describePlan,
  importOnnx,
  interpret,
  KeyHolder,
  type Network,
  Randomness,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { type Brick, randomImage, randomNetwork } from "./random-network.js";

void importOnnx;
let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const throughput = { model: "plain", optimize: "throughput" } as const;

const chain: Brick[] = [
  { conv: 2, kernel: 3, padding: 1, stride: 2 },
  "quad",
  "flatten",
  { linear: 4 },
  "quad",
  { linear: 3 },
];
const pooled: Brick[] = [
  { conv: 4, kernel: 3, padding: 1 },
  "bn",
  "quad",
  { pool: 2 },
  { conv: 3, kernel: 3, groups: 1 } as Brick,
  { pool: 2 },
  "flatten",
  { linear: 3 },
];
const networks: [string, Network][] = [
  ["conv, quadratic, dense, quadratic, dense", randomNetwork([1, 5, 5], chain, 4)],
  ["norms and pools", randomNetwork([2, 8, 8], pooled, 5)],
];

async function roles(network: Network) {
  const plan = compile(network, throughput);
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  const server = new Server(plan, device, holder.evaluationKeys);
  return { plan, holder, server };
}

describe.each(networks)("%s", (_, network) => {
  const images = Array.from({ length: 5 }, (_, k) => randomImage(network, k));
  const options = { calibration: images };

  test("each image has its own logits, in the clear", () => {
    const plan = compile(network, throughput);
    expect(plan.images).toBe(plan.parameters.slots);
    expect(plan.rotations.size).toBe(0);
    const { weights } = weightsFor(plan, network, options);
    const bounds = plan.parameters.levels.map((_, level) => plan.parameters.headroomAt(level));
    const { all, logits } = simulate(plan.program, weights, images, { bounds });
    expect(all).toHaveLength(plan.images);
    expect(logits).toEqual(all[0]);
    for (const [k, image] of images.entries()) {
      for (const [i, logit] of interpret(network, image).entries()) expect(all[k][i]).toBeCloseTo(logit, 8);
    }
  });

  test("and encrypted", async () => {
    const { plan, holder, server } = await roles(network);
    using _holder = holder;
    using model = server.loadPlain(network, options);
    const before = device.statistics().bytesInUse;
    {
      using image = holder.encrypt(images);
      using result = await server.run(model, image);
      const all = await holder.decryptAll(result, { images: images.length });
      expect(all).toHaveLength(images.length);
      for (const [k, image] of images.entries()) {
        for (const [i, logit] of interpret(network, image).entries()) {
          expect(Math.abs(all[k][i] - logit)).toBeLessThan(1e-3);
        }
      }
      expect(await holder.decryptAll(result)).toHaveLength(plan.images);
    }
    expect(device.statistics().bytesInUse).toBe(before);
  });
});
