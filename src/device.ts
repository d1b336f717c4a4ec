import { host } from "#host";
import { DeviceError } from "./errors.js";
import type { WorkerUrl } from "./host/host.js";
import { openCpuDevice } from "./ntt/cpu/device.js";
import type { Device } from "./ntt/device.js";

export { MAX_THREADS } from "./ntt/cpu/device.js";

/** Which device to open. "auto": a GPU where there is one that is no software, else the CPU. */
export type DeviceKind = "auto" | "cpu" | "webgpu";

/** All optional. */
export interface OpenDeviceOptions {
  /** Threads of the CPU device; default one for each processor, eight at most. */
  readonly threads?: number;
  /** Most bytes of memory the device may take; default 4 GiB on the CPU, what the adapter binds at once on a GPU. */
  readonly memoryLimit?: number;
  /** Where the file of `blindsight/worker` is served, for pages whose policy has no `worker-src blob:`; CPU device only. */
  readonly workerUrl?: WorkerUrl;
  /** Told why `auto` took the CPU. */
  readonly onFallback?: (reason: DeviceError) => void;
}

/** What `listDevices` found: a device and its name, or why it cannot be opened. */
export interface DeviceListing {
  /** What `openDevice` takes for it. */
  readonly kind: Device["kind"];
  /** What `describe()` says, where it can be opened. */
  readonly name?: string;
  /** Why it cannot be opened; its `fix` says what to do. */
  readonly problem?: DeviceError;
}

const MOST_THREADS_BY_DEFAULT = 8;

/**
 * Opens the device that the scheme runs on. `auto` takes a GPU where there is one, but none that is software, and the CPU
 * otherwise: `describe()` says which, `onFallback` why.
 * @throws DeviceError for a device that this machine does not have, and on platforms without `Symbol.dispose`; TypeError for
 *   options that are none.
 */
export async function openDevice(kind: DeviceKind = "auto", options: OpenDeviceOptions = {}): Promise<Device> {
  return open(kind, options);
}

/** The same for a process that has to answer meanwhile: the CPU device computes in threads of its own, though there be one. */
export async function openDeviceAside(kind: DeviceKind, options: OpenDeviceOptions): Promise<Device> {
  return open(kind, { ...options, execution: "shared" });
}

type Options = OpenDeviceOptions & { readonly execution?: "shared" };

async function open(kind: DeviceKind, options: Options): Promise<Device> {
  if (typeof Symbol.dispose !== "symbol") {
    const fix =
      'run `Symbol.dispose ??= Symbol("Symbol.dispose")` before blindsight is imported, or use a newer browser';
    throw new DeviceError("this platform has no Symbol.dispose, by which secrets are wiped and memory is freed", fix);
  }
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options: { threads, memoryLimit, workerUrl } was expected, not a ${typeof options}`);
  }
  switch (kind) {
    case "auto":
      return openBest(options);
    case "cpu":
      return openCpu(options);
    case "webgpu":
      return (await import("./gpu/device.js")).openWebGpuDevice(options);
    default:
      throw new DeviceError(
        `there is no device ${typeof kind === "string" ? `"${kind}"` : `that is a ${typeof kind}`}`,
        'use "auto", "cpu" or "webgpu", and options behind it: openDevice("cpu", { threads: 2 })',
      );
  }
}

/** The devices of this machine, each opened and closed again. */
export async function listDevices(): Promise<DeviceListing[]> {
  return Promise.all(
    (["cpu", "webgpu"] as const).map(async (kind) => {
      try {
        const device = await openDevice(kind);
        const name = device.describe();
        await device.close();
        return { kind, name };
      } catch (problem) {
        if (problem instanceof DeviceError) return { kind, problem };
        throw problem;
      }
    }),
  );
}

async function openBest(options: Options): Promise<Device> {
  try {
    if (!host.mayHaveGpu()) throw new DeviceError("this machine shows no GPU", "install its driver");
    return await (await import("./gpu/device.js")).openWebGpuDevice({ ...options, software: false });
  } catch (reason) {
    if (!(reason instanceof DeviceError)) throw reason;
    options.onFallback?.(reason);
    return openCpu(options);
  }
}

async function openCpu(options: Options): Promise<Device> {
  return openCpuDevice({ ...options, threads: options.threads ?? defaultThreads() });
}

/** One thread where memory cannot be shared, as on a page without COOP and COEP headers, or where there are no workers. */
function defaultThreads(): number {
  if (typeof SharedArrayBuffer === "undefined" || !host.hasWorkers) return 1;
  return Math.max(1, Math.min(host.processors, MOST_THREADS_BY_DEFAULT));
}
