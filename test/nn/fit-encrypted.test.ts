import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import type { ActivationName, Layer, Network } from "../../src/nn/graph/network.js";
import { compile, fitActivations, interpret, KeyHolder, ModelOwner, Randomness, Server } from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { networkOf, RandomLayers, randomImage, uniform } from "./random-network.js";

/** Two blocks with activations, the second around a skip connection. */
function network(first: ActivationName, second: ActivationName): Network {
  const make = new RandomLayers(uniform(5));
  const same = [1, 1, 1, 1];
  const layers: Layer[] = [
    make.conv(1, 3, [3, 3], [1, 1], same),
    { op: "activation", name: first },
    make.conv(3, 3, [3, 3], [1, 1], same),
    { op: "add", inputs: [3, 1] },
    { op: "activation", name: second },
    { op: "globalAvgPool" },
    { op: "flatten" },
    make.linear(3, 3),
  ];
  return networkOf([1, 6, 6], layers);
}
const images = (of: Network) => Array.from({ length: 24 }, (_, k) => randomImage(of, k).map((value) => 2 * value));

describe("encrypted, it gives what it gives in the clear", () => {
  let device: Device;
  beforeAll(async () => {
    device = await openCpuDevice();
  });
  afterAll(() => device.close());

  test.each([
    ["relu", "gelu", {}],
    ["silu", "sigmoid", { degree: 3 }],
    ["tanh", "relu", { depth: 3 }],
  ] as const)("%s and %s, %o", async (first, second, options) => {
    const original = network(first, second);
    const { network: fitted, report } = fitActivations(original, images(original), options);
    expect(report.layers.map(({ name }) => name)).toEqual([first, second]);
    const plan = compile(fitted);
    using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
    const server = new Server(plan, device, holder.evaluationKeys);
    const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
    using model = server.load(owner.encrypt(fitted, { calibration: images(original) }));
    for (const image of images(original).slice(0, 2)) {
      using result = await server.run(model, holder.encrypt(image));
      const logits = await holder.decrypt(result);
      for (const [k, logit] of interpret(fitted, image).entries())
        expect(Math.abs(logits[k] - logit)).toBeLessThan(2e-3);
    }
  });
});

test("a network that was not fitted is refused, with the way out", () => {
  const relu = network("relu", "relu");
  expect(() => compile(relu)).toThrow(UnsupportedLayerError);
  expect(() => compile(relu)).toThrow(expect.objectContaining({ fix: expect.stringContaining("fitActivations") }));
});
