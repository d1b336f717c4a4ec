import { afterEach, beforeEach, expect, test } from "vitest";
import { Evaluator, KeyHolder } from "../../../src/ckks/index.js";
import { openDevice } from "../../../src/device.js";
import { DeviceError } from "../../../src/errors.js";
import { openGpu } from "../../../src/gpu/adapter.js";
import { openWebGpuDevice } from "../../../src/gpu/device.js";
import { Health } from "../../../src/gpu/health.js";
import { Twiddles } from "../../../src/gpu/twiddles.js";
import { choosePrimes } from "../../../src/ntt/primes.js";
import { unsafe } from "../../ckks/settings.js";

const parameters = unsafe(10, [1, 1], { digitPrimes: 1, specials: 2 });

/** The device behind the last one that was opened, and what stands between the two. */
let behind: GPUDevice | undefined;
let change: { limits?: Partial<Record<keyof GPUSupportedLimits, number>>; refuse?: boolean };

beforeEach(async () => {
  change = {};
  const { create } = (await import("webgpu")) as unknown as { create(options: string[]): GPU };
  const real = create([]);
  const gpu = {
    async requestAdapter() {
      const adapter = (await real.requestAdapter())!;
      return new Proxy(adapter, {
        get(target, name) {
          if (name === "limits" && change.limits) return { ...limitsOf(target), ...change.limits };
          if (name === "requestDevice") {
            return async (descriptor: GPUDeviceDescriptor) => {
              if (change.refuse) throw new Error("no more devices");
              behind = await target.requestDevice(descriptor);
              return behind;
            };
          }
          const value = Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, "navigator");
});

function limitsOf({ limits }: GPUAdapter): Record<string, number> {
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  const { maxStorageBuffersPerShaderStage, maxComputeInvocationsPerWorkgroup } = limits;
  return {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage,
    maxComputeInvocationsPerWorkgroup,
  };
}

test("a GPU that is lost ends what waits and what comes after with a DeviceError; the next device works", async () => {
  const device = await openWebGpuDevice();
  const holder = await KeyHolder.create(device, parameters);
  const x = holder.encrypt([0.5]);
  await device.idle();
  const waiting = holder.decrypt(x);
  behind!.destroy();
  await expect(waiting).rejects.toBeInstanceOf(DeviceError);
  await expect(device.idle()).rejects.toThrow("the GPU was lost");
  expect(() => holder.encrypt([1])).toThrow(DeviceError);
  x[Symbol.dispose]();
  await device.close();

  const next = await openWebGpuDevice();
  const again = await KeyHolder.create(next, parameters);
  const [value] = await again.decrypt(again.encrypt([0.25]), 1);
  expect(value).toBeCloseTo(0.25, 2);
  await next.close();
});

test("ciphertexts disposed of while launches that read them wait leave the result right", async () => {
  const device = await openWebGpuDevice();
  const holder = await KeyHolder.create(device, parameters);
  const he = new Evaluator(device, parameters, holder.evaluationKeys());
  const x = holder.encrypt([0.5]);
  const product = he.multiply(x, x);
  x[Symbol.dispose]();
  const others = Array.from({ length: 8 }, () => holder.encrypt([0.9])); // may take the limbs over
  const [value] = await holder.decrypt(product, 1);
  expect(value).toBeCloseTo(0.25, 2);
  for (const other of others) other[Symbol.dispose]();
  await device.close();
});

test("an adapter that binds 128 MiB at once keeps limbs in several buffers", async () => {
  change.limits = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };
  const device = await openWebGpuDevice({ memoryLimit: 3 * 2 ** 27 });
  const limbs = device.allocate(16, 1200); // 300 MiB
  const words = Uint32Array.from({ length: 65536 }, (_, i) => i);
  device.write(16, limbs[0], words);
  device.launch("copy", 16, [[limbs[1199], limbs[0]]]);
  device.launch("copy", 16, [[limbs[600], limbs[1199]]]);
  const [found] = await device.read(16, [limbs[600]]);
  expect(found).toEqual(words);
  await device.close();
});

test("an adapter that lacks what the shaders need, or gives no device, is a DeviceError; auto takes the CPU and says why", async () => {
  change.refuse = true;
  await expect(openWebGpuDevice()).rejects.toThrow("gives no device");
  change = { limits: { maxStorageBuffersPerShaderStage: 4 } };
  await expect(openWebGpuDevice()).rejects.toThrow("the adapter's maxStorageBuffersPerShaderStage is 4, not 6");
  const reasons: DeviceError[] = [];
  const device = await openDevice("auto", { threads: 1, onFallback: (reason) => reasons.push(reason) });
  expect(device.kind).toBe("cpu");
  expect(reasons).toHaveLength(1);
  await device.close();
});

test("more twiddle factors than an adapter binds are an error, and those that are there stay", async () => {
  const { gpu } = await openGpu();
  const twiddles = new Twiddles(gpu, new Health(gpu), 2 ** 21);
  const [p, q, r] = choosePrimes(3, 30);
  const [first, second] = [twiddles.transform(p, 16), twiddles.transform(q, 16)];
  expect(() => twiddles.transform(r, 16)).toThrow("twiddle factors of 3 MiB exceed what the adapter binds");
  expect([twiddles.transform(p, 16), twiddles.transform(q, 16)]).toEqual([first, second]);
  expect(new Set([first, second].flatMap(({ forward, inverse }) => [forward, inverse]))).toEqual(
    new Set([0, 1, 2, 3].map((limb) => (limb * 2 * 4 * 2 ** 16) / 16)),
  );
  twiddles.destroy();
  gpu.destroy();
});
