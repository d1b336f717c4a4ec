import type { Ciphertext } from "../ciphertext.js";
import type { Evaluator } from "../evaluator.js";

/** A rotation of one of several operands. */
export interface BabyStep {
  /** Its place among the operands. */
  readonly operand: number;
  /** Its steps to the left. */
  readonly baby: number;
}

/**
 * The rotations of several operands that several results read. Those of one operand are made together (hoisted), when the
 * first of them is read; each is made once, and freed when the last result that reads it is finished.
 */
export class BabySteps implements Disposable {
  /** By operand: each step, and the last result that reads it. */
  private readonly lastReaders: readonly Map<number, number>[];
  private readonly rotated: readonly Map<number, Ciphertext>[];

  constructor(
    private readonly evaluator: Evaluator,
    private readonly operands: readonly Ciphertext[],
    /** What each result reads. */
    results: readonly (readonly BabyStep[])[],
  ) {
    this.lastReaders = operands.map(() => new Map());
    this.rotated = operands.map(() => new Map());
    for (const [result, steps] of results.entries()) {
      for (const { operand, baby } of steps) this.lastReaders[operand].set(baby, result);
    }
  }

  /** One of those that the results read. */
  rotation({ operand, baby }: BabyStep): Ciphertext {
    const rotated = this.rotated[operand];
    if (rotated.size === 0) {
      const steps = [...this.lastReaders[operand].keys()];
      for (const [i, ct] of this.evaluator.rotateMany(this.operands[operand], steps).entries())
        rotated.set(steps[i], ct);
    }
    return rotated.get(baby)!;
  }

  /** Results are finished in their order: what this one was the last to read is freed. */
  finish(result: number): void {
    for (const [operand, lastReaders] of this.lastReaders.entries()) {
      for (const [baby, last] of lastReaders) {
        if (last !== result) continue;
        this.rotated[operand].get(baby)?.[Symbol.dispose]();
      }
    }
  }

  /** Whatever is there still. */
  [Symbol.dispose](): void {
    for (const rotated of this.rotated) for (const ct of rotated.values()) ct[Symbol.dispose]();
  }
}
