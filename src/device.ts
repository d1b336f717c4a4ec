import { DeviceError } from "./errors.js";
import { openCpuDevice } from "./ntt/cpu/device.js";
import type { Device } from "./ntt/device.js";

export type DeviceKind = "auto" | "cpu" | "webgpu";

export interface OpenDeviceOptions {
  /** Threads of the CPU device. This version has one. */
  readonly threads?: number;
  /** Most bytes of memory the CPU device may take (default 4 GiB, the limit of WebAssembly). */
  readonly memoryLimit?: number;
}

/**
 * Opens the device that the scheme runs on. `auto` takes the best that is there: in this version the CPU.
 * @throws DeviceError for a device that this version or this machine does not have.
 */
export async function openDevice(kind: DeviceKind = "auto", options: OpenDeviceOptions = {}): Promise<Device> {
  if (options.threads !== undefined && options.threads !== 1) {
    throw new DeviceError(
      `${options.threads} threads were asked for; this version computes on one`,
      "ask for 1 thread",
    );
  }
  switch (kind) {
    case "auto":
    case "cpu":
      return openCpuDevice({ memoryLimit: options.memoryLimit });
    case "webgpu":
      throw new DeviceError("this version has no WebGPU device", 'use the device "cpu" or "auto"');
    default:
      throw new DeviceError(`there is no device "${String(kind)}"`, 'use "auto" or "cpu"');
  }
}
