import type { KernelName, Limb } from "../ntt/kernels.js";
import type { EncodedRow } from "./encode.js";
import { Fusion, type Task } from "./fuse.js";

/** Rows of one kernel that run in one dispatch (two for a long transform). */
export interface Batch {
  readonly kernel: KernelName;
  readonly logN: number;
  readonly rows: readonly EncodedRow[];
}

/**
 * Rows that wait for submission. They are fused where that saves a pass over memory, and put into steps: a row goes into
 * the first step after everything that it depends on, and joins the rows of its kernel there. So independent launches
 * (the digits of a decomposition, the two parts of a ciphertext, several rotations) become one dispatch, whatever order
 * the scheme queued them in.
 */
export class Schedule {
  private tasks: Task[] = [];
  private readonly used = new Set<Limb>();
  /** Words of the rows since the last `drain`. */
  words = 0;

  get waiting(): number {
    return this.tasks.length;
  }

  add(kernel: KernelName, logN: number, rows: readonly EncodedRow[]): void {
    for (const row of rows) {
      this.tasks.push({ ...row, kernel, logN });
      this.words += row.words.length;
      for (const limb of row.reads) this.used.add(limb);
      for (const limb of row.writes) this.used.add(limb);
    }
  }

  /** Whether a row that waits reads or writes the limb. */
  uses(limb: Limb): boolean {
    return this.used.has(limb);
  }

  /**
   * All rows, in batches in an order that keeps every dependence; none waits any longer.
   * @param unneeded whether nobody will ask for a limb afterwards
   */
  drain(unneeded: (limb: Limb) => boolean): Batch[] {
    const tasks = new Fusion(this.tasks, unneeded).run();
    this.tasks = [];
    this.used.clear();
    this.words = 0;
    return intoSteps(tasks);
  }
}

function intoSteps(tasks: readonly Task[]): Batch[] {
  const steps: Map<string, { kernel: KernelName; logN: number; rows: Task[] }>[] = [];
  const writtenIn = new Map<Limb, number>();
  const readIn = new Map<Limb, number>();
  for (const task of tasks) {
    const { kernel, logN, reads, writes } = task;
    let step = 0;
    for (const limb of reads) step = Math.max(step, after(writtenIn.get(limb)));
    for (const limb of writes) step = Math.max(step, after(writtenIn.get(limb)), after(readIn.get(limb)));
    const batches = (steps[step] ??= new Map());
    const key = `${kernel}/${logN}`;
    const batch = batches.get(key);
    if (batch) batch.rows.push(task);
    else batches.set(key, { kernel, logN, rows: [task] });
    for (const limb of writes) writtenIn.set(limb, step);
    for (const limb of reads) readIn.set(limb, Math.max(step, readIn.get(limb) ?? 0));
  }
  return steps.flatMap((step) => [...step.values()]);
}

function after(step: number | undefined): number {
  return step === undefined ? 0 : step + 1;
}
