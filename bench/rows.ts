/** How a row comes about: every side checked, then timed beside the other. */
import type { CircuitName } from "./circuits.js";
import type { KERNEL_ROWS } from "./kernels.js";
import { measure } from "./measure.js";
import { type Operation, verify } from "./operation.js";
import type { BenchOptions } from "./options.js";
import type { GpuFigures, Measurement, Row, Subject } from "./record.js";
import type { LEVEL_OPERATION_NAMES, OPERATION_NAMES, SIZE_NAMES } from "./workload.js";

/** What the filter left. */
export interface Selection {
  readonly wanted: (name: string) => boolean;
  readonly kernels: readonly (typeof KERNEL_ROWS)[number][];
  readonly operations: readonly (typeof OPERATION_NAMES)[number][];
  readonly levelOperations: readonly (typeof LEVEL_OPERATION_NAMES)[number][];
  readonly circuits: readonly CircuitName[];
  readonly sizes: readonly (typeof SIZE_NAMES)[number][];
}

export interface TimedSide {
  readonly subject: Subject;
  readonly operation: Operation;
}

export async function timedRow(
  row: Omit<Row, "ours" | "peer" | "ratio">,
  sides: readonly TimedSide[],
  options: BenchOptions,
  gpu?: GpuFigures,
): Promise<Row> {
  const checks: Awaited<ReturnType<typeof verify>>[] = [];
  for (const { subject, operation } of sides) checks.push(await verify(row.name, subject.label, operation));
  const operations = sides.map(({ operation }) => operation);
  const timings = options.counts ? [] : await measure(operations, options.timeMs);
  for (const operation of operations) operation.close?.();
  if (options.counts) return row;
  const [ours, peer] = sides.map(({ subject }, i): Measurement => ({ subject, ...timings[i], ...checks[i] }));
  return rowOf(row, gpu ? { ...ours, gpu } : ours, peer);
}

export function rowOf(
  row: Omit<Row, "ours" | "peer" | "ratio">,
  ours: Measurement,
  peer: Measurement | undefined,
): Row {
  return peer ? { ...row, ours, peer, ratio: peer.minimumMs / ours.minimumMs } : { ...row, ours };
}
