/** What a GPU says of its work: times by timestamps, and bytes against what its memory can move. */

import { DeviceError } from "../src/errors.js";
import type { GpuDevice } from "../src/gpu/device.js";
import type { Limb } from "../src/ntt/kernels.js";
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

/** Runs of which the quickest counts. */
const REPEATS = 5;
const COPY_LOG_N = 16;
/** Half of them are read, half written: 256 MiB in all, more than the caches of any GPU hold. */
const COPY_LIMBS = 1024;

/** What an adapter's memory can do: measured, and from its data sheet. */
export interface Roof {
  /** GB/s of the kernel `copy`; absent without timestamps, or where so much memory cannot be had. */
  readonly copy?: number;
  readonly nominal?: number;
}

export async function measureRoof(gpu: GpuDevice): Promise<Roof> {
  const nominal = NOMINAL.find(([name]) => name.test(gpu.describe()))?.[1];
  const limbs = allocateFor(gpu);
  if (!limbs) return { nominal };
  const half = COPY_LIMBS / 2;
  const rows = limbs.slice(0, half).map((limb, i) => [limb, limbs[half + i]] as const);
  const launch = () => gpu.launch("copy", COPY_LOG_N, rows);
  const milliseconds = await kernelTime(gpu, launch);
  gpu.free(COPY_LOG_N, limbs);
  const bytes = COPY_LIMBS * 4 * 2 ** COPY_LOG_N;
  return { nominal, ...(milliseconds && { copy: bytes / 1e6 / milliseconds.total }) };
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
  const kernelMs = time.total / each;
  const gigabytesPerSecond = bytes / 1e6 / kernelMs;
  return {
    ...passes,
    kernelMs,
    kernels: Object.fromEntries([...time.kernels].map(([kernel, { milliseconds }]) => [kernel, milliseconds / each])),
    gigabytesPerSecond,
    ...(roof.copy && { shareOfCopy: gigabytesPerSecond / roof.copy }),
    ...(roof.nominal && { shareOfNominal: gigabytesPerSecond / roof.nominal }),
  };
}

async function kernelTime(gpu: GpuDevice, work: () => unknown) {
  if (!gpu.hasTimestamps) return undefined;
  let best: { total: number; kernels: Awaited<ReturnType<GpuDevice["profile"]>> } | undefined;
  for (let i = 0; i <= REPEATS; i++) {
    const kernels = await gpu.profile(work);
    const total = [...kernels.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    // The first run makes tables and compiles pipelines.
    if (i > 0 && (!best || total < best.total)) best = { total, kernels };
  }
  return best;
}
