/** Quadratics that are nearly straight, encrypted: their squares would hold the image in the last digits, and with a = 0 not at all. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Layer, Quad } from "../../src/nn/graph/network.js";
import { compile, interpret, KeyHolder, ModelOwner, type Network, Randomness, Server } from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { networkOf, RandomLayers, randomImage, uniform } from "./random-network.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

/** Two blocks; `all` channels of both quadratics have this a, or one of each. */
function network(a: number, all: boolean): Network {
  const make = new RandomLayers(uniform(7));
  const quad = (channels: number): Layer => {
    const layer = make.quad(channels) as Quad;
    const chosen = (channel: number) => all || channel === 1;
    return {
      ...layer,
      a: layer.a.map((each, channel) => (chosen(channel) ? a : each)),
      b: layer.b.map((each) => Math.sign(each) * Math.max(0.4, Math.abs(each))),
    };
  };
  const padding = [1, 1, 1, 1];
  return networkOf(
    [1, 8, 8],
    [
      make.conv(1, 4, [3, 3], [1, 1], padding),
      quad(4),
      { op: "avgPool", kernel: [2, 2], stride: [2, 2] },
      make.conv(4, 6, [3, 3], [1, 1], padding),
      quad(6),
      { op: "flatten" },
      make.linear(96, 3),
    ],
  );
}

/** Largest error of a logit over images that were not calibrated on; the logits are about one. */
async function worstError(network: Network): Promise<number> {
  const image = (seed: number) => randomImage(network, seed).map((value) => 3 * value);
  const plan = compile(network);
  using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  const server = new Server(plan, device, holder.evaluationKeys);
  const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
  using model = server.load(owner.encrypt(network, { calibration: Array.from({ length: 16 }, (_, k) => image(k)) }));
  let worst = 0;
  for (const seed of [100, 101, 102]) {
    using result = await server.run(model, holder.encrypt(image(seed)));
    const logits = await holder.decrypt(result);
    for (const [k, logit] of interpret(network, image(seed)).entries())
      worst = Math.max(worst, Math.abs(logits[k] - logit));
  }
  return worst;
}

describe("a quadratic with a small a keeps its value under encryption", () => {
  it.each([3e-4, -1e-4, 1e-6, 1e-10, 0])("a = %d in one channel: as precise as its neighbours", async (a) => {
    expect(await worstError(network(a, false))).toBeLessThan(1e-3);
  });

  it.each([3e-4, -1e-6, 0])("a = %d in all channels", async (a) => {
    expect(await worstError(network(a, true))).toBeLessThan(4e-3);
  });
});

it("a bias of the last layer that level 0 cannot hold goes into the output scale", async () => {
  const make = new RandomLayers(uniform(8));
  const last = make.linear(36, 2) as Extract<Layer, { op: "linear" }>;
  const far = { ...last, bias: Float64Array.of(5000, -5000) };
  const image = [1, 6, 6];
  // Logits that are small because the bias takes most of them away: the sum is calibrated, the bias is a vector by itself.
  const weights = last.weights.map((_, k) => (k < 36 ? -5000 / 36 : 5000 / 36));
  const network = networkOf(image, [{ op: "flatten" }, { ...far, weights }]);
  const plan = compile(network);
  using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  const server = new Server(plan, device, holder.evaluationKeys);
  const ones = new Float64Array(36).fill(1);
  const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
  using model = server.load(owner.encrypt(network, { calibration: [ones] }));
  using result = await server.run(model, holder.encrypt(ones));
  for (const logit of await holder.decrypt(result)) expect(Math.abs(logit)).toBeLessThan(0.1);
  expect(model.outputScale).toBe(8);
});
