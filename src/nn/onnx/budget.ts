import { UnsupportedLayerError } from "../../errors.js";
import type { Value } from "./signal.js";

/** 256 MiB of doubles. */
const MOST_NUMBERS = 2 ** 25;

/** Counts the numbers that an import keeps: two thousand nodes may each make a matrix of the same few bytes. */
export class Budget {
  private readonly known = new WeakSet<Float64Array>();
  private numbers = 0;

  /**
   * The value, its arrays counted, those that were counted before left out.
   * @throws UnsupportedLayerError beyond 2^25 numbers.
   */
  spend<V extends Value>(value: V): V {
    for (const array of arraysOf(value)) {
      if (this.known.has(array)) continue;
      this.known.add(array);
      this.numbers += array.length;
    }
    if (this.numbers <= MOST_NUMBERS) return value;
    throw new UnsupportedLayerError(
      `the model's weights, each as often as it is used, are more than ${MOST_NUMBERS} numbers`,
      "Networks of that size cannot be encrypted: train a smaller one.",
    );
  }
}

function arraysOf(value: Value): Float64Array[] {
  if (value.kind === "tensor") return [value.values];
  const { stage, polynomial } = value.kind === "signal" ? value : value.signal;
  // Settling a polynomial may put two layers at once.
  const stages = [stage, ...(stage.previous ? [stage.previous] : [])];
  return [polynomial ?? {}, ...stages.map(({ layer }) => layer ?? {})]
    .flatMap((holder) => Object.values(holder))
    .filter((array) => array instanceof Float64Array);
}
