import { afterAll, beforeAll, expect, test } from "vitest";
import { type Device, openDevice } from "../../../src/index.js";
import { fold } from "../../../src/nn/fold/fold.js";
import { interpret, KeyHolder, ModelOwner, Plan, Randomness, Server } from "../../../src/nn/index.js";
import { costsOf } from "../../../src/nn/plan/cost.js";
import { planProgram } from "../../../src/nn/plan/plan.js";
import { pairedBy } from "../../../src/nn/program/pairing.js";
import { unsafe } from "../../ckks/settings.js";
import { type Brick, randomImage, randomNetwork } from "../../nn/random-network.js";

const devices: Device[] = [];
beforeAll(async () => {
  devices.push(await openDevice("cpu", { threads: 1 }), await openDevice("webgpu"));
});
afterAll(() => Promise.all(devices.map((device) => device.close())));

test.each([
  "encrypted",
  "plain",
] as const)("a network with %s weights, a pool, and products of two diagonals: the GPU's residues are the CPU's", async (model) => {
  const bricks: Brick[] = [{ conv: 4, padding: 1 }, "quad", { pool: 2 }, { conv: 8, padding: 1 }, "quad", "gap", "flatten", { linear: 3 }]; // biome-ignore format: one line
  const network = randomNetwork([2, 8, 8], bricks, 4);
  const { folded, depth } = fold(network);
  const widths = [2, ...Array<number>(depth).fill(1)];
  const parameters = unsafe(10, widths, { digitPrimes: 2, specials: 3, baseScaleBits: 47 });
  const { slots, maxLevel: levelsLimit } = parameters;
  // Weights so dear that the server pairs what it can.
  const costs = { ...costsOf(parameters, model), weightLimb: 100 };
  const program = planProgram(folded, { slots, levelsLimit, costs, taps: false });
  expect(program.steps.filter((step) => pairedBy(program, step).length > 0).length).toBeGreaterThan(0);
  const plan = new Plan({ program, parameters, model, fold: {}, depth: { used: depth, withoutFolding: depth } });
  const calibration = [1, 2].map((seed) => randomImage(network, seed));
  const found: { bytes: Uint8Array; logits: Float64Array }[] = [];
  for (const device of devices) {
    using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(3));
    const server = new Server(plan, device, holder.evaluationKeys);
    const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(4));
    using weights =
      model === "plain"
        ? server.loadPlain(network, { calibration })
        : server.load(owner.encrypt(network, { calibration }));
    using image = holder.encrypt(calibration[0]);
    using result = await server.run(weights, image);
    found.push({ bytes: await result.toBytes(), logits: await holder.decrypt(result, { exactUnsafe: true }) });
  }
  const [cpu, gpu] = found;
  expect(gpu.bytes).toEqual(cpu.bytes);
  for (const [k, logit] of interpret(network, calibration[0]).entries()) {
    expect(Math.abs(gpu.logits[k] - logit)).toBeLessThan(2 ** -6);
  }
});
