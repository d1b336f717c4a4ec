/** Streams of randomness: a role overwrites those that it made itself, however it ends, and none that it was handed. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Randomness } from "../../src/ckks/randomness.js";
import { ParameterError } from "../../src/errors.js";
import { compile, KeyHolder, ModelOwner } from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { FailingDevice } from "../ckks/secret-recorder.js";
import { randomImage, randomNetwork } from "./random-network.js";

const input = [2, 6, 7];
const network = randomNetwork(input, [{ conv: 3, kernel: 3 }, "quad", "gap", "flatten", { linear: 2 }], 6);
/** Of other parameters, so that its public key is refused. */
const deeper = randomNetwork(input, [{ conv: 3, kernel: 3 }, "quad", "quad", "gap", "flatten", { linear: 2 }], 5);
const calibration = Array.from({ length: 8 }, (_, i) => randomImage(network, 50 + i));
const plan = compile(network);

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const wiped = (stream: Randomness) => expect(() => stream.bytes(1)).toThrow("wiped");

test("a stream that a role made itself is overwritten when it has served", async () => {
  const system = vi.spyOn(Randomness, "system");
  try {
    const holder = await KeyHolder.create(plan, device);
    new ModelOwner(plan, holder.publicKey).encrypt(network, { calibration })[Symbol.dispose]();
    holder[Symbol.dispose]();
    expect(system.mock.results).toHaveLength(2);
    for (const { value } of system.mock.results) wiped(value);
  } finally {
    system.mockRestore();
  }
});

test("the streams of a key holder whose keys cannot be made are overwritten, and its secret key is given back", async () => {
  const made = ["fork", "system", "ofKey"] as const;
  const spies = [vi.spyOn(Randomness.prototype, made[0]), vi.spyOn(Randomness, made[1]), vi.spyOn(Randomness, made[2])];
  const before = device.statistics().bytesInUse;
  try {
    // The secret key takes three allocations: it is there when the keys that follow from it fail.
    for (const calls of [0, 2, 3, 10, 40]) {
      const failing = new FailingDevice(device, ["allocate"]);
      failing.failAfter(calls);
      await expect(KeyHolder.create(plan, failing)).rejects.toThrow("injected");
      expect(device.statistics().bytesInUse).toBe(before);
    }
    const streams = spies.flatMap(({ mock }) => mock.results.map(({ value }) => value as Randomness));
    expect(streams.length).toBeGreaterThan(12);
    for (const stream of streams) wiped(stream);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
});

test("the stream of a model's owner whose encryption cannot begin is overwritten", async () => {
  const system = vi.spyOn(Randomness, "system");
  try {
    using stranger = await KeyHolder.create(compile(deeper), device, Randomness.seededUnsafe(3));
    const owner = new ModelOwner(plan, stranger.publicKey);
    expect(() => owner.encrypt(network, { calibration })).toThrow(ParameterError);
    expect(system.mock.results).toHaveLength(1);
    for (const { value } of system.mock.results) wiped(value);
  } finally {
    system.mockRestore();
  }
});

test("a stream handed in is its owner's still", async () => {
  const stream = Randomness.seededUnsafe(7);
  const holder = await KeyHolder.create(plan, device, stream);
  new ModelOwner(plan, holder.publicKey, stream).encrypt(network, { calibration })[Symbol.dispose]();
  holder[Symbol.dispose]();
  expect(stream.bytes(1)).toHaveLength(1);
  stream.wipe();
  await expect(KeyHolder.create(plan, device, stream)).rejects.toThrow("wiped");
});
