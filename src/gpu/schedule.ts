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
  /** Limbs of the first tasks, as many as somebody has asked about: only writes ask. */
  private readonly used = new Set<Limb>();
  private asked = 0;
  /** Words of the rows since the last `drain`. */
  words = 0;

  get waiting(): number {
    return this.tasks.length;
  }

  add(kernel: KernelName, logN: number, rows: readonly EncodedRow[]): void {
    for (const { words, reads, writes } of rows) {
      this.tasks.push({ words, reads, writes, kernel, logN });
      this.words += words.length;
    }
  }

  /** Whether a row that waits reads or writes the limb. */
  uses(limb: Limb): boolean {
    for (; this.asked < this.tasks.length; this.asked++) {
      const { reads, writes } = this.tasks[this.asked];
      for (const each of reads) this.used.add(each);
      for (const each of writes) this.used.add(each);
    }
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
    this.asked = 0;
    this.words = 0;
    return intoSteps(tasks);
  }
}

interface Filling {
  readonly kernel: KernelName;
  readonly logN: number;
  readonly rows: Task[];
}

function intoSteps(tasks: readonly Task[]): Batch[] {
  const steps: Filling[][] = [];
  /** The first steps in which a limb may be read, and written, again. */
  const readable = new Map<Limb, number>();
  const writable = new Map<Limb, number>();
  for (const task of tasks) {
    const { kernel, logN, reads, writes } = task;
    let step = 0;
    for (const limb of reads) step = Math.max(step, readable.get(limb) ?? 0);
    for (const limb of writes) step = Math.max(step, writable.get(limb) ?? 0);
    const batches = (steps[step] ??= []);
    const batch = batches.find((each) => each.kernel === kernel && each.logN === logN);
    if (batch) batch.rows.push(task);
    else batches.push({ kernel, logN, rows: [task] });
    for (const limb of reads) if ((writable.get(limb) ?? 0) <= step) writable.set(limb, step + 1);
    for (const limb of writes) {
      readable.set(limb, step + 1);
      writable.set(limb, step + 1);
    }
  }
  return steps.flat();
}
