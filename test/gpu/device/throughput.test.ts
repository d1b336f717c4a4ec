import { afterAll, beforeAll, expect, test } from "vitest";
import { type Device, openDevice } from "../../../src/index.js";
import { fold } from "../../../src/nn/fold/fold.js";
import { interpret, KeyHolder, Plan, Randomness, Server } from "../../../src/nn/index.js";
import { planThroughput } from "../../../src/nn/plan/throughput.js";
import { unsafe } from "../../ckks/settings.js";
import { type Brick, randomImage, randomNetwork } from "../../nn/random-network.js";

const devices: Device[] = [];
beforeAll(async () => {
  devices.push(await openDevice("cpu", { threads: 1 }), await openDevice("webgpu"));
});
afterAll(() => Promise.all(devices.map((device) => device.close())));

test("many images at once, encrypted: the CPU's logits, to the last bit", async () => {
  const bricks: Brick[] = [{ conv: 2, stride: 2, padding: 1 }, "quad", "flatten", { linear: 5 }, "quad", { linear: 3 }];
  const network = randomNetwork([1, 5, 5], bricks, 4);
  const { folded, depth } = fold(network);
  const parameters = unsafe(10, [2, ...Array<number>(depth).fill(1)], {
    digitPrimes: 2,
    specials: 3,
    baseScaleBits: 47,
  });
  const program = planThroughput(folded, parameters.slots);
  const plan = new Plan({
    program,
    parameters,
    model: "plain",
    fold: {},
    depth: { used: depth, withoutFolding: depth },
  });
  const images = Array.from({ length: 4 }, (_, k) => randomImage(network, k));
  const found: Float64Array[][] = [];
  for (const device of devices) {
    using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(3));
    const server = new Server(plan, device, holder.evaluationKeys);
    using model = server.loadPlain(network, { calibration: images });
    using batch = holder.encrypt(images);
    using result = await server.run(model, batch);
    found.push(await holder.decryptAll(result, { images: 4, exactUnsafe: true }));
  }
  const [cpu, gpu] = found;
  expect(gpu).toEqual(cpu);
  for (const [k, image] of images.entries()) {
    for (const [i, logit] of interpret(network, image).entries())
      expect(Math.abs(gpu[k][i] - logit)).toBeLessThan(1e-3);
  }
});
