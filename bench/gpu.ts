/** What a GPU says of its work: times by timestamps, and bytes against what its memory can move. */

import { DeviceError } from "../src/errors.js";
import type { GpuDevice } from "../src/gpu/device.js";
import type { GpuFigures, KernelCounts } from "./record.js";

/** Data-sheet bandwidth in GB/s, by part of the adapter's name. */
const NOMINAL: readonly (readonly [RegExp, number])[] = [
  [/H200/i, 4800],
  [/H100 (80GB )?(HBM3|SXM)/i, 3350],
  [/H100 PCIe/i, 2039],
  [/A100.*80GB/i, 2039],
  [/A100/i, 1555],
  [/RTX PRO 6000/i, 1792],
  [/RTX 5090/i, 1792],
  [/RTX 4090/i, 1008],
  [/RTX 3090/i, 936],
  [/L40S/i, 864],
  [/Tesla T4/i, 320],
];

/** Runs of which the quickest counts. */
const REPEATS = 5;
const COPY_LOG_N = 16;
const COPY_LIMBS = 128;

/** What an adapter's memory can do: measured, and from its data sheet. */
export interface Roof {
  /** GB/s of the kernel `copy` on 64 MiB; absent without timestamps. */
  readonly copy?: number;
  readonly nominal?: number;
}

export async function measureRoof(gpu: GpuDevice): Promise<Roof> {
  const nominal = NOMINAL.find(([name]) => name.test(gpu.describe()))?.[1];
  const limbs = gpu.allocate(COPY_LOG_N, COPY_LIMBS);
  const half = COPY_LIMBS / 2;
  const rows = limbs.slice(0, half).map((limb, i) => [limb, limbs[half + i]] as const);
  const launch = () => gpu.launch("copy", COPY_LOG_N, rows);
  const milliseconds = await kernelTime(gpu, launch);
  gpu.free(COPY_LOG_N, limbs);
  const bytes = COPY_LIMBS * 4 * 2 ** COPY_LOG_N;
  return { nominal, ...(milliseconds && { copy: bytes / 1e6 / milliseconds.total }) };
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
  const passes = { dispatches: counts.dispatches ?? 0, submits: counts.submits ?? 0, bytes };
  const time = await kernelTime(gpu, work);
  if (!time) return passes;
  const kernelMs = time.total / each;
  const gigabytesPerSecond = bytes / 1e6 / kernelMs;
  return {
    ...passes,
    kernelMs,
    kernels: Object.fromEntries(time.kernels),
    gigabytesPerSecond,
    ...(roof.copy && { shareOfCopy: gigabytesPerSecond / roof.copy }),
    ...(roof.nominal && { shareOfNominal: gigabytesPerSecond / roof.nominal }),
  };
}

async function kernelTime(gpu: GpuDevice, work: () => unknown) {
  let best: { total: number; kernels: Awaited<ReturnType<GpuDevice["profile"]>> } | undefined;
  for (let i = 0; i <= REPEATS; i++) {
    let kernels: Awaited<ReturnType<GpuDevice["profile"]>>;
    try {
      kernels = await gpu.profile(work);
    } catch (error) {
      if (error instanceof DeviceError) return undefined; // no timestamps
      throw error;
    }
    const total = [...kernels.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    // The first run makes tables and compiles pipelines.
    if (i > 0 && (!best || total < best.total)) best = { total, kernels };
  }
  return best;
}
