import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, interpret, KeyHolder, ModelOwner, Randomness, Server } from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { all, open, present, REFUSED } from "./exports.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

describe.skipIf(!present)("what exporters write runs encrypted as it does in the clear", () => {
  it.each(all.filter(({ name }) => !(name in REFUSED)))("$name has a plan", ({ name }) => {
    expect(compile(open(name)).security.bits).toBeGreaterThanOrEqual(128);
  });

  it.each(all.filter(({ name }) => !(name in REFUSED)))("$name, encrypted", async (each) => {
    const network = open(each.name);
    const image = Float64Array.from(each.input);
    const plan = compile(network);
    using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
    const server = new Server(plan, device, holder.evaluationKeys);
    const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
    using model = server.load(owner.encrypt(network, { calibration: [image] }));
    using result = await server.run(model, holder.encrypt(image));
    const logits = await holder.decrypt(result);
    const clear = interpret(network, image);
    const largest = clear.reduce((most, logit) => Math.max(most, Math.abs(logit)), 1);
    for (const [k, logit] of clear.entries()) expect(Math.abs(logits[k] - logit)).toBeLessThan(2e-3 * largest);
  });
});
