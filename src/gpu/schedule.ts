import type { KernelName, Limb } from "../ntt/kernels.js";
import type { EncodedRow } from "./encode.js";

/** Rows of one kernel that run in one dispatch (two for a long transform). */
export interface Batch {
  readonly kernel: KernelName;
  readonly logN: number;
  readonly rows: EncodedRow[];
}

/**
 * Launches that wait for submission, in steps: a launch goes into the first step after everything that it depends on,
 * and joins the rows of its kernel there. So independent launches (the digits of a decomposition, the two parts of a
 * ciphertext, several rotations) become one dispatch, whatever order the scheme queued them in.
 */
export class Schedule {
  private steps: Map<string, Batch>[] = [];
  private readonly writtenAt = new Map<Limb, number>();
  private readonly readAt = new Map<Limb, number>();
  /** Launches since the last `drain`, and words of their rows. */
  launches = 0;
  words = 0;

  add(kernel: KernelName, logN: number, rows: readonly EncodedRow[]): void {
    let step = 0;
    for (const { reads, writes } of rows) {
      for (const limb of reads) step = Math.max(step, after(this.writtenAt.get(limb)));
      for (const limb of writes) {
        step = Math.max(step, after(this.writtenAt.get(limb)), after(this.readAt.get(limb)));
      }
    }
    const batches = (this.steps[step] ??= new Map());
    const key = `${kernel}/${logN}`;
    const batch = batches.get(key);
    if (batch) batch.rows.push(...rows);
    else batches.set(key, { kernel, logN, rows: [...rows] });
    this.launches++;
    for (const { words, reads, writes } of rows) {
      this.words += words.length;
      for (const limb of writes) this.writtenAt.set(limb, step);
      for (const limb of reads) this.readAt.set(limb, Math.max(step, this.readAt.get(limb) ?? 0));
    }
  }

  /** Whether a launch that waits reads or writes the limb. */
  uses(limb: Limb): boolean {
    return this.writtenAt.has(limb) || this.readAt.has(limb);
  }

  /** All batches in an order that keeps every dependence, and none waits any longer. */
  drain(): Batch[] {
    const batches = this.steps.flatMap((step) => [...step.values()]);
    this.steps = [];
    this.writtenAt.clear();
    this.readAt.clear();
    this.launches = 0;
    this.words = 0;
    return batches;
  }
}

function after(step: number | undefined): number {
  return step === undefined ? 0 : step + 1;
}
