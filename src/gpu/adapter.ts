import { host } from "#host";
import { DeviceError } from "../errors.js";
import type { WebgpuPackage } from "../host/host.js";

export interface AdapterOptions {
  readonly powerPreference?: GPUPowerPreference;
  /** Whether an adapter in software will do (default); it is slower than the CPU device. */
  readonly software?: boolean;
}

/** An opened GPU, and what it says of itself. */
export interface OpenedGpu {
  readonly gpu: GPUDevice;
  readonly name: string;
  readonly limits: GPUSupportedLimits;
}

/** What the shaders need beyond nothing: six storage buffers and 16 KiB of workgroup memory are in every adapter's limits. */
const NEEDED = { maxStorageBuffersPerShaderStage: 6, maxComputeInvocationsPerWorkgroup: 256 } as const;

/**
 * Opens the best adapter with its own limits: the defaults would cap a buffer at 256 MiB and a binding at 128 MiB.
 * @throws DeviceError without WebGPU or without an adapter.
 */
export async function openGpu({
  powerPreference = "high-performance",
  software = true,
}: AdapterOptions = {}): Promise<OpenedGpu> {
  const adapter = await (await webgpu()).requestAdapter({ powerPreference });
  if (!adapter) throw new DeviceError("WebGPU has no adapter", `${ADAPTER_FIX}, or use the device "cpu"`);
  const { info, limits } = adapter;
  const name = nameOf(info);
  if (!software && (info.isFallbackAdapter || SOFTWARE.test(`${name} ${info.architecture}`))) {
    throw new DeviceError(`${name} is no GPU but software`, `${ADAPTER_FIX}, or use the device "cpu"`);
  }
  for (const [limit, least] of Object.entries(NEEDED)) {
    const most = limits[limit as keyof typeof NEEDED];
    if (most < least) throw new DeviceError(`the adapter's ${limit} is ${most}, not ${least}`, 'use the device "cpu"');
  }
  const requiredLimits = {
    ...NEEDED,
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
  };
  try {
    const requiredFeatures = OPTIONAL_FEATURES.filter((feature) => adapter.features.has(feature));
    const gpu = await adapter.requestDevice({ label: "blindsight", requiredLimits, requiredFeatures });
    return { gpu, name, limits: gpu.limits };
  } catch (cause) {
    throw new DeviceError("the WebGPU adapter gives no device", 'use the device "cpu"', { cause });
  }
}

/** For the bench. */
const OPTIONAL_FEATURES: readonly GPUFeatureName[] = ["timestamp-query"];
const SOFTWARE = /swiftshader|llvmpipe|basic render/i;
const ADAPTER_FIX = "install a GPU driver (Vulkan, Metal or Direct3D 12)";

let ofNode: Promise<GPU> | undefined;

/** The browser's WebGPU, or in Node that of the package `webgpu`, which is optional. */
function webgpu(): Promise<GPU> {
  const own = globalThis.navigator?.gpu;
  if (own) return Promise.resolve(own);
  if (!host.importWebgpu) {
    const fix = 'open the page over https in a browser with WebGPU, or use the device "cpu"';
    return Promise.reject(new DeviceError("this page has no WebGPU", fix));
  }
  // One instance a process: each keeps threads of its own.
  ofNode ??= dawn(host.importWebgpu);
  return ofNode;
}

/**
 * Every shader writes its workgroup's memory before it reads it. Clearing it first is wasted, and costs SwiftShader eight
 * times the transform itself. Timestamps are rounded to 65 µs otherwise.
 */
const DAWN_OPTIONS = ["enable-dawn-features=disable_workgroup_init", "disable-dawn-features=timestamp_quantization"];

async function dawn(importWebgpu: () => Promise<WebgpuPackage>): Promise<GPU> {
  try {
    return (await importWebgpu()).create(DAWN_OPTIONS) as GPU;
  } catch (cause) {
    ofNode = undefined;
    throw new DeviceError("Node has no WebGPU", 'npm install webgpu, or use the device "cpu"', { cause });
  }
}

function nameOf({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  return description || [vendor, architecture, device].filter(Boolean).join(" ") || "an unnamed adapter";
}
