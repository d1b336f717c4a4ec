/** Two copies of the library in one program: each error says so, and none blames the parameters. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as ckks from "../../src/ckks/index.js";
import * as nn from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { randomImage, randomNetwork } from "./random-network.js";

vi.resetModules();
const otherCkks = (await import("../../src/ckks/index.js")) as unknown as typeof ckks;
const otherNn = (await import("../../src/nn/index.js")) as unknown as typeof nn;

const network = randomNetwork([1, 4, 4], ["flatten", { linear: 2 }], 6);
const image = randomImage(network, 1);
const TWO_COPIES = /another copy of blindsight: two copies are loaded/;

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

test("the copies are two", () => {
  expect(otherCkks.Ciphertext).not.toBe(ckks.Ciphertext);
});

describe("what one copy made and the other is given", () => {
  const world = async ({ Encoder, Encryptor, Evaluator, KeyHolder, Parameters, Randomness }: typeof ckks) => {
    const parameters = Parameters.choose({ depth: 1 });
    const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(1));
    const keys = holder.evaluationKeys({ rotations: [1] });
    const he = new Evaluator(device, parameters, keys);
    const plain = new Encoder(he.ring).encode([1]);
    return {
      parameters,
      holder,
      keys,
      he,
      plain,
      ring: he.ring,
      x: holder.encrypt([1, 2]),
      Encryptor,
      Evaluator,
      Randomness,
    };
  };

  test("in the scheme", async () => {
    const [a, b] = [await world(ckks), await world(otherCkks)];
    const { he, x } = a;
    const attempts: (() => unknown)[] = [
      () => he.add(x, b.x),
      () => he.add(b.x, x),
      () => he.add(x, b.plain),
      () => he.subtract(x, b.x),
      () => he.multiply(x, b.x),
      () => he.multiply(x, b.plain),
      () => he.multiplyPlain(x, b.plain),
      () => he.rotate(b.x, 1),
      () => he.square(b.x),
      () => new a.Evaluator(device, a.parameters, b.keys),
      () => new a.Encryptor(b.holder.publicKey, a.Randomness.seededUnsafe(1)),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(TWO_COPIES);
    await expect(a.holder.decrypt(b.x)).rejects.toThrow(TWO_COPIES);
    // The error is the named one of the copy that was asked, with a way out.
    expect(() => he.add(x, b.x)).toThrow(
      expect.objectContaining({ name: "ParameterError", fix: expect.stringContaining("npm ls") }),
    );
  });

  test("between the roles", async () => {
    const roles = async ({ compile, KeyHolder, ModelOwner, Randomness, Server }: typeof nn) => {
      const plan = compile(network);
      const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
      const server = new Server(plan, device, holder.evaluationKeys);
      const model = new ModelOwner(plan, holder.publicKey).encrypt(network, { calibration: [image] });
      return { plan, holder, server, model, input: holder.encrypt(image), Server, KeyHolder, ModelOwner };
    };
    const [a, b] = [await roles(nn), await roles(otherNn)];
    expect(b.plan.identity).toBe(a.plan.identity);
    await expect(a.KeyHolder.create(b.plan, device)).rejects.toThrow(TWO_COPIES);
    expect(() => new a.ModelOwner(a.plan, b.holder.publicKey)).toThrow(TWO_COPIES);
    expect(() => new a.Server(a.plan, device, b.holder.evaluationKeys)).toThrow(TWO_COPIES);
    expect(() => a.server.load(b.model)).toThrow(TWO_COPIES);
    await expect(a.server.run(a.model, b.input)).rejects.toThrow(TWO_COPIES);
    await expect(a.holder.decrypt(await b.server.run(b.model, b.input))).rejects.toThrow(TWO_COPIES);
  });
});
