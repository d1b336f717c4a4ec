import { UnsupportedLayerError } from "../../errors.js";
import type { Signal, Value } from "./signal.js";
import type { Stage } from "./stage.js";

/** 256 MiB of doubles. */
const MOST_NUMBERS = 2 ** 25;

/** Of one constant that a node computes: as many as a matrix for encryption can have. */
const MOST_COMPUTED = 2 ** 24;

/** Looked at before an array is made whose length a file says. @throws UnsupportedLayerError beyond 2^24 numbers. */
export function expectNumbers(count: number, label: string): void {
  if (count <= MOST_COMPUTED) return;
  throw new UnsupportedLayerError(
    `${label}: it makes ${count} numbers, more than ${MOST_COMPUTED}`,
    "Networks of that size cannot be encrypted: train a smaller one.",
  );
}

/** Counts the numbers that an import keeps: two thousand nodes may each make a matrix of the same few bytes. */
export class Budget {
  private readonly known = new WeakSet<object>();
  private numbers = 0;

  /**
   * Counts what belongs to the values, except what was counted before.
   * @throws UnsupportedLayerError beyond 2^25 numbers.
   */
  spend(values: readonly Value[]): void {
    for (const value of values) {
      if (value.kind === "tensor") this.count(value.values);
      else this.spendSignal(value.kind === "signal" ? value : value.signal);
    }
  }

  /** A stage that was made of others on the way, and these. */
  spendStage(last: Stage): void {
    const pending = [last];
    for (let stage = pending.pop(); stage; stage = pending.pop()) {
      if (this.known.has(stage)) continue;
      this.known.add(stage);
      pending.push(...stage.inputs);
      for (const held of Object.values(stage.layer ?? {})) this.count(held);
    }
  }

  private spendSignal({ stage, polynomial, gated }: Signal): void {
    this.spendStage(stage);
    for (const list of [...(polynomial ?? []), ...(gated?.factor ?? [])]) this.count(list);
    if (gated) this.spendSignal(gated.gate.of);
  }

  private count(held: unknown): void {
    if (!(held instanceof Float64Array || held instanceof Int32Array) || this.known.has(held)) return;
    this.known.add(held);
    this.numbers += held.byteLength / 8;
    if (this.numbers <= MOST_NUMBERS) return;
    throw new UnsupportedLayerError(
      `the model's weights, each as often as it is used, are more than ${MOST_NUMBERS} numbers`,
      "Networks of that size cannot be encrypted: train a smaller one.",
    );
  }
}
