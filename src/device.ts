import { DeviceError } from "./errors.js";
import { openCpuDevice } from "./ntt/cpu/device.js";
import type { Device } from "./ntt/device.js";

export { MAX_THREADS } from "./ntt/cpu/worker.js";

export type DeviceKind = "auto" | "cpu" | "webgpu";

export interface OpenDeviceOptions {
  /** Threads of the CPU device; default one for each processor, eight at most. */
  readonly threads?: number;
  /** Most bytes of memory the CPU device may take (default 4 GiB, the limit of WebAssembly). */
  readonly memoryLimit?: number;
}

const MOST_THREADS_BY_DEFAULT = 8;

/**
 * Opens the device that the scheme runs on. `auto` takes the best that is there: in this version the CPU.
 * @throws DeviceError for a device that this version or this machine does not have.
 */
export async function openDevice(kind: DeviceKind = "auto", options: OpenDeviceOptions = {}): Promise<Device> {
  switch (kind) {
    case "auto":
    case "cpu":
      return openCpuDevice({ ...options, threads: options.threads ?? (await defaultThreads()) });
    case "webgpu":
      throw new DeviceError("this version has no WebGPU device", 'use the device "cpu" or "auto"');
    default:
      throw new DeviceError(`there is no device "${String(kind)}"`, 'use "auto" or "cpu"');
  }
}

/** One thread where memory cannot be shared: a page without COOP and COEP headers. */
async function defaultThreads(): Promise<number> {
  if (typeof SharedArrayBuffer === "undefined") return 1;
  const processors = globalThis.navigator?.hardwareConcurrency ?? (await nodeProcessors());
  return Math.max(1, Math.min(processors, MOST_THREADS_BY_DEFAULT));
}

async function nodeProcessors(): Promise<number> {
  const name = "node:os"; // behind a variable, so that bundlers for browsers do not follow it
  return ((await import(name)) as typeof import("node:os")).availableParallelism();
}
