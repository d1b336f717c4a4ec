/** A run on a GPU: kernels and operations by wall clock and by timestamps, the CPU device beside them. */
import { Blindsight } from "./blindsight.js";
import { measureRoof, type Roof } from "./gpu.js";
import { runProducts } from "./gpu-products.js";
import { Kernels } from "./kernels.js";
import { measure } from "./measure.js";
import type { BenchOptions } from "./options.js";
import type { Report, Subject } from "./record.js";
import { runRl3 } from "./rl3.js";
import { rowOf, type Selection, type TimedSide, timedRow } from "./rows.js";
import { parametersOf } from "./settings.js";
import { makeWorkload } from "./workload.js";

export async function runGpu(options: BenchOptions, selection: Selection, rl3: boolean, add: Report): Promise<void> {
  if (!options.counts) await runProducts(selection.wanted, add);
  const roof = options.counts ? {} : await measureRoof();
  for (const logN of options.logNs) {
    await runKernels(logN, options, selection, roof, add);
    await runOperations(logN, options, selection, roof, add);
  }
  if (!rl3) return;
  await runRl3(1, options.counts, add, "webgpu", roof);
  if (!options.peer || options.counts) return;
  // By another name: with one thread both would be the same row.
  await runRl3(cpuThreads(options), false, (row) => add({ ...row, name: `${row.name}, on the CPU` }), "cpu");
}

/** The CPU device stands beside the GPU with all that it may have. */
function cpuThreads({ threads }: BenchOptions): number {
  return Math.max(...threads);
}

async function runKernels(
  logN: number,
  options: BenchOptions,
  { kernels }: Selection,
  roof: Roof,
  add: Report,
): Promise<void> {
  if (kernels.length === 0) return;
  const gpu = await Kernels.open(logN, 1, "webgpu");
  const cpu = options.peer ? await Kernels.open(logN, cpuThreads(options), "cpu") : undefined;
  try {
    for (const kernel of kernels) {
      const operations = [await gpu.operation(kernel), ...(cpu ? [await cpu.operation(kernel)] : [])];
      const [ours, peer] = await measure(operations, options.timeMs);
      const row = { group: "kernel", name: Kernels.nameOf(kernel), logN, threads: 1 } as const;
      const figures = await gpu.figures(kernel, roof);
      const beside = cpu && { subject: onCpu(cpu.subject), ...peer };
      add(rowOf(row, { subject: gpu.subject, ...ours, gpu: figures }, beside));
    }
  } finally {
    await gpu.close();
    await cpu?.close();
  }
}

async function runOperations(
  logN: number,
  options: BenchOptions,
  { operations }: Selection,
  roof: Roof,
  add: Report,
): Promise<void> {
  if (operations.length === 0) return;
  const workload = makeWorkload(2 ** (logN - 1));
  const parameters = parametersOf(logN, options.fullPrimes, "webgpu");
  const { queued, peer, counts: countsOnly } = options;
  const gpu = await Blindsight.open(parameters, 1, queued, workload, "webgpu");
  const cpu =
    peer && !countsOnly ? await Blindsight.open(parameters, cpuThreads(options), queued, workload) : undefined;
  try {
    for (const name of operations) {
      const counts = await gpu.count(name);
      const row = { group: "primitive", name, logN, threads: 1, counts } as const;
      const sides: TimedSide[] = [{ subject: gpu.subject, operation: gpu.operations[name] }];
      if (cpu) sides.push({ subject: onCpu(cpu.subject), operation: cpu.operations[name] });
      const figures = countsOnly ? undefined : await gpu.figures(name, counts, roof);
      add(await timedRow(row, sides, options, figures));
    }
  } finally {
    await gpu.close();
    await cpu?.close();
  }
}

function onCpu(subject: Subject): Subject {
  return { ...subject, label: `CPU device, ${subject.threads} thread${subject.threads > 1 ? "s" : ""}` };
}
