import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Encoder, KeyHolder, Randomness, Ring } from "../../src/ckks/index.js";
import { sampleGaussian } from "../../src/ckks/sampling.js";
import { DeviceError } from "../../src/errors.js";
import type { Device } from "../../src/index.js";
import { type CpuDeviceOptions, openCpuDevice } from "../../src/ntt/cpu/device.js";
import { RemoteWorker } from "../../src/ntt/cpu/remote.js";
import type { Answer } from "../../src/ntt/cpu/worker.js";
import { nextTurn } from "../../src/ntt/turn.js";
import { memoryOf } from "../device-memory.js";
import { publishWithFile } from "./everything.js";
import { FailingDevice, PassingDevice, Recorder } from "./secret-recorder.js";
import { unsafe, Values } from "./settings.js";

const parameters = unsafe(10, [2, 1], { digitPrimes: 1, specials: 2, baseScaleBits: 30 });
const values = new Values(22).complex(parameters.slots);

async function make(device: Device) {
  const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(5));
  const { a, b } = holder.publicKey;
  const x = holder.encrypt(values);
  return { holder, x, published: [a, b, ...x.parts] };
}

/** What `make` and a decryption compute and do not publish. */
const secrets = await (async () => {
  const recorder = await Recorder.open();
  const { holder, x, published } = await make(recorder);
  for (const part of published) publishWithFile(recorder, part);
  await holder.decrypt(x);
  return recorder.secrets();
})();

/** Words of streams that can still be drawn from, and arrays that still hold something. */
function streamsOf(spy: { mock: { results: readonly { value: unknown }[] } }): number {
  return spy.mock.results.filter(({ value }) => {
    try {
      return (value as Randomness).bytes(1).length > 0;
    } catch {
      return false;
    }
  }).length;
}

const MODES: readonly CpuDeviceOptions[] = [{ execution: "inline" }, { threads: 2 }, { execution: "messages" }];

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(MODES)("%o", (options) => {
  async function opened() {
    const device = await openCpuDevice(options);
    const memory = memoryOf(device);
    return { device, memory, ...(await make(device)) };
  }

  test("the device is closed first, then the holder and the ciphertext are disposed of, twice", async () => {
    const forks = vi.spyOn(Randomness.prototype, "fork");
    const { device, memory, holder, x } = await opened();
    expect(secrets.findIn(await memory())).not.toEqual([]);
    await device.close();
    for (let i = 0; i < 2; i++) {
      holder[Symbol.dispose]();
      x[Symbol.dispose]();
    }
    expect((await memory()).every((word) => word === 0)).toBe(true);
    expect(forks).toHaveBeenCalledTimes(3);
    expect(streamsOf(forks)).toBe(0);
    await device.close();
  });

  test("the holder is disposed of first, twice, then the device is closed, twice at once", async () => {
    const forks = vi.spyOn(Randomness.prototype, "fork");
    const { device, memory, holder } = await opened();
    for (let i = 0; i < 2; i++) holder[Symbol.dispose]();
    expect(streamsOf(forks)).toBe(0);
    await device.idle();
    expect(secrets.findIn(await memory())).toEqual([]);
    expect(() => holder.encrypt([1])).toThrow(TypeError);
    await Promise.all([device.close(), device.close()]);
    expect((await memory()).every((word) => word === 0)).toBe(true);
  });

  test("a decryption is under way when the holder is disposed of: it ends, and leaves nothing", async () => {
    const { device, memory, holder, x } = await opened();
    const decryption = holder.decrypt(x);
    holder[Symbol.dispose]();
    expect((await decryption)[7]).toBeCloseTo(values.real[7], 2);
    expect(secrets.findIn(await memory())).toEqual([]);
    await device.close();
  });

  test("a decryption is under way when the device is closed: it fails, and leaves nothing", async () => {
    const { device, memory, holder, x } = await opened(); // reads the public key, which may stay
    const reads = vi.spyOn(Uint32Array.prototype, "slice");
    const answers = vi.spyOn(RemoteWorker.prototype as unknown as { answer(answer: Answer): void }, "answer");
    const decryption = holder.decrypt(x);
    const failure = expect(decryption).rejects.toThrow(DeviceError);
    const closed = device.close();
    holder[Symbol.dispose]();
    await Promise.all([failure, closed]);
    expect((await memory()).every((word) => word === 0)).toBe(true);
    const sliced = reads.mock.results.map(({ value }) => value as Uint32Array);
    const answered = answers.mock.calls.flatMap(([[id, limbs]]) => (id < 0 ? [] : limbs)); // −1: this test's own look
    expect([...sliced, ...answered].every((words) => words.every((word) => word === 0))).toBe(true);
    expect(answered.length > 0).toBe(options.execution === "messages");
  });

  test("words that were decrypted, message and seeds are overwritten in JavaScript's memory, too", async () => {
    const read: Uint32Array[] = [];
    class Reading extends PassingDevice {
      override async read(...args: Parameters<Device["read"]>): Promise<Uint32Array[]> {
        read.push(...(await super.read(...args)));
        return read;
      }
    }
    const drawn = vi.spyOn(Randomness.prototype, "bytes");
    const encoded = vi.spyOn(Encoder.prototype, "coefficients");
    const device = await openCpuDevice(options);
    const { holder, x } = await make(new Reading(device));
    await holder.decrypt(x);
    vi.spyOn(Encoder.prototype, "decode").mockImplementation(() => {
      throw new Error("injected");
    });
    await expect(holder.decrypt(x)).rejects.toThrow("injected");
    expect(read.length).toBeGreaterThan(5);
    expect(read.every((words) => words.every((word) => word === 0))).toBe(true);
    // Told to everybody: the fingerprint, the seeds of the public key and of the ciphertext. Streams keep three more.
    const left = drawn.mock.results.filter(({ value }) => (value as Uint8Array).some((byte) => byte !== 0));
    expect(drawn.mock.calls.length).toBeGreaterThan(8);
    expect(left.length).toBe(3 + 2);
    expect(encoded.mock.results).toHaveLength(1);
    for (const { value } of encoded.mock.results) expect((value as Float64Array).every((c) => c === 0)).toBe(true);
    await device.close();
  });
});

test("a message leaves the workers' queue by itself, though nobody waits for anything", async () => {
  const device = await openCpuDevice({ threads: 2 });
  const memory = memoryOf(device);
  const { holder } = await make(device);
  const written = async () => secrets.findIn(await memory()).filter((name) => name.startsWith("write"));
  for (let i = 0; i < 500 && (await written()).length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await written()).toEqual([]);
  holder[Symbol.dispose]();
  await device.close();
});

test("a message is overwritten in JavaScript's memory when its encryption fails", async () => {
  const encoded = vi.spyOn(Encoder.prototype, "coefficients");
  const device = await openCpuDevice();
  const failing = new FailingDevice(device, ["allocate"]);
  using holder = await KeyHolder.create(failing, parameters, Randomness.seededUnsafe(5));
  failing.failAfter(0);
  expect(() => holder.encrypt(values)).toThrow("injected");
  for (const { value } of encoded.mock.results) expect((value as Float64Array).every((c) => c === 0)).toBe(true);
  await device.close();
});

test("a secret that was forgotten is overwritten when it is collected", async () => {
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc") as () => void;
  const device = await openCpuDevice();
  const memory = memoryOf(device);
  const ring = Ring.of(device, parameters);
  const [address] = sampleGaussian(ring, parameters.special, Randomness.system()).limbs;
  const at = async () => (await memory()).slice(address / 4, address / 4 + 1024);
  expect((await at()).some((word) => word !== 0)).toBe(true);
  for (let i = 0; i < 100 && device.statistics().bytesInUse > 0; i++) {
    collect();
    await nextTurn();
  }
  expect(device.statistics().bytesInUse).toBe(0);
  expect((await at()).every((word) => word === 0)).toBe(true);
  await device.close();
});
