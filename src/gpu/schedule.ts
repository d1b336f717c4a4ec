import type { Limb } from "../ntt/kernels.js";
import { Fusion } from "./fuse.js";
import { grown, type Rows } from "./rows.js";
import { Uses } from "./uses.js";

/** Rows of one kernel, by number, that run in one dispatch (two for a long transform). */
export interface Batch {
  readonly kernel: number;
  readonly logN: number;
  readonly rows: number[];
}

/**
 * Rows that wait for submission. They are fused where that saves a pass over memory, and put into steps: a row goes into
 * the first step after everything that it depends on, and joins the rows of its kernel there. So independent launches
 * (the digits of a decomposition, the two parts of a ciphertext, several rotations) become one dispatch, whatever order
 * the scheme queued them in.
 */
export class Schedule {
  private readonly fusion: Fusion;
  /** By limb: the first steps in which it may be read, and written, again. */
  private readable = new Int32Array(0);
  private writable = new Int32Array(0);

  constructor(private readonly rows: Rows) {
    this.fusion = new Fusion(rows, new Uses(rows));
  }

  /**
   * All rows, in batches in an order that keeps every dependence.
   * @param unneeded whether nobody will ask for a limb afterwards
   */
  plan(unneeded: (limb: Limb) => boolean): Batch[] {
    this.fusion.run(unneeded);
    this.forget();
    const { rows, readable, writable } = this;
    const { kernels, logNs, operands, next, limbs, written } = rows;
    const steps: Batch[][] = [];
    for (let row = 0; row < rows.count; row++) {
      if (!rows.stands(row)) continue;
      let step = 0;
      for (let o = operands[row]; o >= 0; o = next[o]) {
        if (limbs[o] >= 0) step = Math.max(step, (written[o] ? writable : readable)[limbs[o]]);
      }
      for (let o = operands[row]; o >= 0; o = next[o]) {
        const limb = limbs[o];
        if (limb < 0) continue;
        if (written[o]) readable[limb] = Math.max(readable[limb], step + 1);
        writable[limb] = Math.max(writable[limb], step + 1);
      }
      const batches = (steps[step] ??= []);
      let place = 0;
      while (place < batches.length && (batches[place].kernel !== kernels[row] || batches[place].logN !== logNs[row])) {
        place++;
      }
      if (place < batches.length) batches[place].rows.push(row);
      else batches.push({ kernel: kernels[row], logN: logNs[row], rows: [row] });
    }
    return steps.flat();
  }

  private forget(): void {
    const { operandCount, limbs, limbBound } = this.rows;
    if (this.readable.length < limbBound) {
      this.readable = grown(this.readable, limbBound);
      this.writable = grown(this.writable, limbBound);
    }
    const { readable, writable } = this;
    for (let o = 0; o < operandCount; o++) {
      if (limbs[o] < 0) continue;
      readable[limbs[o]] = 0;
      writable[limbs[o]] = 0;
    }
  }
}
