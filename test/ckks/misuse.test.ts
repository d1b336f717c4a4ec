import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  Evaluator,
  KeyHolder,
  linearTransform,
  Parameters,
  Randomness,
  Ring,
  SecretKey,
} from "../../src/ckks/index.js";
import { FormatError, ParameterError } from "../../src/errors.js";
import type { Device } from "../../src/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";

const parameters = Parameters.choose({ depth: 1 });

describe.each([1, 2])("what a handle shows, on %i threads", (threads) => {
  test("a console shows what they are and no memory of the device, which holds the secret key", async () => {
    const { device, handles } = await open(threads);
    for (const [name, handle] of Object.entries({ device, ...handles })) {
      const shown = inspect(handle, { depth: 20, showHidden: true });
      expect(shown, name).toContain(handle === device ? device.describe() : handle.constructor.name);
      expect(shown, name).not.toMatch(/Int32Array|SharedArrayBuffer|Memory|Arena/);
    }
    expect(JSON.stringify(device).length).toBeLessThan(200);
    await device.close();
  });

  test("JSON and structuredClone would lose every number: both refuse, and say what to do instead", async () => {
    const { device, handles } = await open(threads);
    for (const [name, handle] of Object.entries(handles)) {
      for (const value of [handle, { results: [handle] }]) {
        const attempt = () => JSON.stringify(value);
        expect(attempt, name).toThrow(FormatError);
        expect(attempt, name).toThrow(expect.objectContaining({ fix: expect.stringMatching(/toBytes/) }));
        // An evaluator is a tool, nothing to send.
        const told = name === "he" ? /could not be cloned/ : /toBytes\(\).* could not be cloned/;
        expect(() => structuredClone(value), name).toThrow(told);
      }
    }
    await device.close();
  });
});

async function open(threads: number) {
  const device = await openCpuDevice({ threads });
  const holder = await KeyHolder.create(device, parameters);
  const keys = holder.evaluationKeys({ rotations: [1] });
  const he = new Evaluator(device, parameters, keys);
  const ciphertext = holder.encrypt([1, 2]);
  const plaintext = he.encoder.encode([1, 2]);
  const secret = await SecretKey.generate(he.ring, Randomness.seededUnsafe(1));
  const rotations = holder.evaluationKeys({ relinearize: false, rotations: [1] });
  const { publicKey } = holder;
  const [part] = ciphertext.parts;
  return { device, handles: { holder, secret, publicKey, keys, rotations, he, ciphertext, plaintext, part } };
}

test("operands of different numbers of slots are an error, not other numbers", async () => {
  const device = await openCpuDevice();
  const holder = await KeyHolder.create(device, parameters);
  const he = new Evaluator(device, parameters, holder.evaluationKeys({ rotations: [1] }));
  const x = holder.encrypt([1, 2, 3, 4], { slots: 4 });
  const wide = he.encoder.encode([1, 1, 1, 1]);
  const groups = [{ giant: 0, terms: [{ baby: 0, diagonal: wide }] }];
  for (const run of [() => he.multiply(x, wide), () => he.add(x, wide), () => linearTransform(he, x, { groups })]) {
    expect(run).toThrow(ParameterError);
    expect(run).toThrow("slots");
  }
  const fitting = he.encoder.encode([2, 2, 2, 2], x.level, 4);
  expect((await holder.decrypt(he.multiply(x, fitting), 4))[3]).toBeCloseTo(8, 2);
  await device.close();
});

test("at depth 36 and more, where Q outgrows the doubles, decryption still gives numbers", async () => {
  const device = await openCpuDevice();
  const deep = Parameters.choose({ depth: 36 });
  const holder = await KeyHolder.create(device, deep);
  expect((await holder.decrypt(holder.encrypt([1.5, -2]), 2))[1]).toBeCloseTo(-2, 2);
  await device.close();
});

test("a forgotten await of openDevice(), or no device at all, is one TypeError that says what to write", async () => {
  const promise = openCpuDevice() as unknown as Device;
  const none = undefined as unknown as Device;
  const device = await promise;
  const keys = (await KeyHolder.create(device, parameters)).evaluationKeys();
  for (const wrong of [promise, none, {} as Device]) {
    for (const take of [() => new Evaluator(wrong, parameters, keys), () => Ring.of(wrong, parameters)]) {
      expect(take).toThrow(TypeError);
      expect(take).toThrow("await openDevice()");
    }
    await expect(KeyHolder.create(wrong, parameters)).rejects.toThrow(TypeError);
    await expect(KeyHolder.create(wrong, parameters)).rejects.toThrow("await openDevice()");
  }
  await device.close();
});
