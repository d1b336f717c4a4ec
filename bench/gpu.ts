/** What a GPU says of its work: times by timestamps, and bytes against what its memory can move. */

import { DeviceError } from "../src/errors.js";
import { type GpuDevice, openWebGpuDevice } from "../src/gpu/device.js";
import type { Limb } from "../src/ntt/kernels.js";
import { butterflyRate } from "./gpu-products.js";
import type { GpuFigures, KernelCounts } from "./record.js";

/** Data-sheet bandwidth in GB/s, by the adapter's name: only where the name leaves no doubt which sheet it is. */
const NOMINAL: readonly (readonly [RegExp, number])[] = [
  [/\bH200\b/i, 4800],
  [/\bH100 (80GB HBM3|SXM)/i, 3350],
  [/\bH100 PCIe\b/i, 2039],
  [/\bA100-SXM4-80GB\b/i, 2039],
  [/\bRTX 5090$/i, 1792],
  [/\bRTX 4090$/i, 1008],
  [/\bRTX 3090$/i, 936],
  [/\bL40S\b/i, 864],
  [/\bTesla T4\b/i, 320],
];

/** Runs of which the quickest counts; fewer of what takes long: on a GPU in software a network takes a quarter of a minute. */
const REPEATS = 5;
const ENOUGH_MS = 5000;
const COPY_LOG_N = 16;
/** Half of them are read, half written: 256 MiB in all, more than the caches of any GPU hold. */
const COPY_LIMBS = 1024;

/** What an adapter can do: measured, and from its data sheet. */
export interface Roof {
  /** GB/s of the kernel `copy`; absent without timestamps, or where so much memory cannot be had. */
  readonly copy?: number;
  readonly nominal?: number;
  /** Butterflies a second in registers. */
  readonly butterflies?: number;
}

export async function measureRoof(): Promise<Roof> {
  const gpu = await openWebGpuDevice();
  try {
    const nominal = NOMINAL.find(([name]) => name.test(gpu.describe()))?.[1];
    return { nominal, copy: await copyRate(gpu), butterflies: await butterflyRate() };
  } finally {
    await gpu.close();
  }
}

async function copyRate(gpu: GpuDevice): Promise<number | undefined> {
  const limbs = allocateFor(gpu);
  if (!limbs) return undefined;
  const half = COPY_LIMBS / 2;
  const rows = limbs.slice(0, half).map((limb, i) => [limb, limbs[half + i]] as const);
  const launch = () => gpu.launch("copy", COPY_LOG_N, rows);
  const milliseconds = await kernelTime(gpu, launch);
  gpu.free(COPY_LOG_N, limbs);
  const bytes = COPY_LIMBS * 4 * 2 ** COPY_LOG_N;
  return milliseconds && bytes / 1e6 / milliseconds.total;
}

/** Small adapters bind less. */
function allocateFor(gpu: GpuDevice): Limb[] | undefined {
  try {
    return gpu.allocate(COPY_LOG_N, COPY_LIMBS);
  } catch (error) {
    if (error instanceof DeviceError) return undefined;
    throw error;
  }
}

/** Of `each` operations that `work` does, the quickest of some runs; counts are of as many. */
export async function figuresOf(
  gpu: GpuDevice,
  counts: KernelCounts,
  roof: Roof,
  work: () => unknown,
  each = 1,
): Promise<GpuFigures> {
  const bytes = (counts.bytesRead + counts.bytesWritten) / each;
  const passes = { together: each, dispatches: counts.dispatches ?? 0, submits: counts.submits ?? 0, bytes };
  const time = await kernelTime(gpu, work);
  if (!time) return passes;
  if (time.total === 0) return { ...passes, kernelMs: 0 }; // less than the adapter's clock tells apart
  const kernelMs = time.total / each;
  const sum = (figure: "bytes" | "products") => [...time.kernels.values()].reduce((total, t) => total + t[figure], 0);
  const bytesMoved = sum("bytes") / each;
  const products = sum("products") / each;
  const gigabytesPerSecond = bytesMoved / 1e6 / kernelMs;
  const gigaproductsPerSecond = products / 1e6 / kernelMs;
  return {
    ...passes,
    kernelMs,
    kernels: Object.fromEntries([...time.kernels].map(([kernel, { milliseconds }]) => [kernel, milliseconds / each])),
    bytesMoved,
    gigabytesPerSecond,
    ...(roof.copy && { shareOfCopy: gigabytesPerSecond / roof.copy }),
    ...(roof.nominal && { shareOfNominal: gigabytesPerSecond / roof.nominal }),
    products,
    gigaproductsPerSecond,
    ...(roof.butterflies && { shareOfButterflies: (gigaproductsPerSecond * 1e9) / roof.butterflies }),
  };
}

async function kernelTime(gpu: GpuDevice, work: () => unknown) {
  if (!gpu.hasTimestamps) return undefined;
  let best: { total: number; kernels: Awaited<ReturnType<GpuDevice["profile"]>> } | undefined;
  const begin = performance.now();
  for (let i = 0; i <= REPEATS && (i < 2 || performance.now() - begin < ENOUGH_MS); i++) {
    const kernels = await gpu.profile(work);
    const total = [...kernels.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    // The first run makes tables and compiles pipelines.
    if (i > 0 && (!best || total < best.total)) best = { total, kernels };
  }
  return best;
}
