import { afterAll, beforeAll, expect, test } from "vitest";
import { KeyHolder, Randomness } from "../../../src/ckks/index.js";
import { DeviceError } from "../../../src/errors.js";
import { type GpuDevice, openWebGpuDevice } from "../../../src/gpu/device.js";
import { BUFFER_USE, MAP_READ } from "../../../src/gpu/usage.js";
import { Careless, everything, parameters, secretsOfEverything, values } from "../../ckks/everything.js";
import { FailingDevice } from "../../ckks/secret-recorder.js";

/** The GPU behind the last device that was opened, and its buffers: destroyed only when this file has seen them. */
let gpu: GPUDevice;
let buffers: { readonly buffer: GPUBuffer; destroy(): void }[];

beforeAll(async () => {
  const { create } = (await import("webgpu")) as unknown as { create(options: string[]): GPU };
  const real = create([]);
  const watched = {
    async requestAdapter() {
      const adapter = (await real.requestAdapter())!;
      return new Proxy(adapter, {
        get(target, name) {
          const value = Reflect.get(target, name, target);
          if (name === "requestDevice")
            return async (descriptor: GPUDeviceDescriptor) => watch(await target.requestDevice(descriptor));
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: { gpu: watched }, configurable: true });
});
afterAll(() => {
  Reflect.deleteProperty(globalThis, "navigator");
});

function watch(device: GPUDevice): GPUDevice {
  gpu = device;
  buffers = [];
  const create = device.createBuffer.bind(device);
  const destroyDevice = device.destroy.bind(device);
  device.createBuffer = (descriptor) => {
    const copies = descriptor.usage & MAP_READ ? 0 : BUFFER_USE.copySource;
    const buffer = create({ ...descriptor, usage: descriptor.usage | copies });
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {};
    buffers.push({ buffer, destroy });
    return buffer;
  };
  device.destroy = () => {};
  Object.assign(device, { end: destroyDevice });
  return device;
}

/** The words of every buffer but that of the twiddle factors, which are nobody's secret. */
async function memory(): Promise<Uint32Array[]> {
  await gpu.queue.onSubmittedWorkDone();
  const words: Uint32Array[] = [];
  for (const { buffer } of [...buffers]) {
    if (buffer.label === "twiddle factors") continue;
    let source = buffer;
    if (!(buffer.usage & MAP_READ)) {
      source = gpu.createBuffer({ size: buffer.size, usage: MAP_READ | BUFFER_USE.copyTarget });
      const encoder = gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, source, 0, buffer.size);
      gpu.queue.submit([encoder.finish()]);
    }
    await source.mapAsync(MAP_READ);
    words.push(new Uint32Array(source.getMappedRange()).slice());
    source.unmap();
    if (source !== buffer) buffers.pop()?.destroy();
  }
  return words;
}

async function end(): Promise<void> {
  for (const { destroy } of buffers) destroy();
  (gpu as GPUDevice & { end(): void }).end();
}

const open = (): Promise<GpuDevice> => openWebGpuDevice({ memoryLimit: 2 ** 24 });

test("slabs, tables and readback hold no word of a secret after normal use, nor after an error", async () => {
  const secrets = await secretsOfEverything();
  const found = async () => (await memory()).flatMap((words) => secrets.findIn(words));
  const device = await open();
  let alive: string[] = [];
  await everything(device, undefined, async () => {
    await device.idle();
    alive = await found();
  });
  expect(alive.map((name) => name.split(" ")[0])).toEqual(["ntt"]); // s itself: the scan finds what is there
  await device.idle();
  expect(await found()).toEqual([]);
  let k = 2;
  for (; ; k += 7) {
    const failing = new FailingDevice(device, ["allocate"]);
    failing.failAfter(k);
    await everything(failing).catch(() => {});
    await device.idle();
    expect(await found(), `the allocation after ${k} others fails`).toEqual([]);
    expect(device.statistics().bytesInUse).toBe(0);
    if (!failing.failed) break;
  }
  expect(k).toBeGreaterThan(100);
  await everything(new Careless(device));
  await device.idle();
  const left = new Set((await found()).map((name) => name.split(" ")[0]));
  expect([...left]).toEqual(expect.arrayContaining(["sampleTernary", "sampleGaussian", "lift", "multiply", "intt"]));

  expect(() => device.allocate(16, 100)).toThrow(
    /100 limbs of 0.3 MiB were asked for beside .* the limit is 16 MiB, and \d+ MiB would be needed/,
  );
  await device.close();
  expect((await memory()).every((words) => words.every((word) => word === 0))).toBe(true);
  await end();
});

test("closed while a decryption waits, and before the holder is disposed of, it leaves zeros and a DeviceError", async () => {
  const device = await open();
  const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(5));
  const x = holder.encrypt(values);
  await holder.decrypt(x);
  const failure = expect(holder.decrypt(x)).rejects.toThrow(DeviceError);
  await Promise.all([device.close(), device.close(), failure]);
  holder[Symbol.dispose]();
  x[Symbol.dispose]();
  expect((await memory()).every((words) => words.every((word) => word === 0))).toBe(true);
  await end();
});

test.each([0, Number.NaN, 100])("a limit of %d bytes holds no limb", async (memoryLimit) => {
  await expect(openWebGpuDevice({ memoryLimit })).rejects.toThrow(/memoryLimit .* at least were expected/);
});
