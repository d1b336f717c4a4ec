import type { ComplexVector } from "./embedding.js";
import { partsOf, type SlotValues } from "./encoder.js";

/** log2 of the slot errors: smaller is better. −Infinity where there is none. */
export interface PrecisionReport {
  /** Of the real parts. */
  readonly real: ErrorBits;
  /** Of the imaginary parts. */
  readonly imaginary: ErrorBits;
}

/** log2 of |found − expected| over slots: `min`, `mean` and `max`; −52 and less is the last place of doubles. */
export interface ErrorBits {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/**
 * Compares decrypted slots with the values that they should hold; missing ones count as zero.
 * @throws RangeError for more values than slots; TypeError for what holds no values.
 */
export function precision(actual: ComplexVector, expected: SlotValues): PrecisionReport {
  const parts = partsOf(expected);
  return { real: errorBits(actual.real, parts.real), imaginary: errorBits(actual.imaginary, parts.imaginary) };
}

function errorBits(actual: Float64Array, expected: ArrayLike<number>): ErrorBits {
  if (expected.length > actual.length) {
    throw new RangeError(`${expected.length} expected values for ${actual.length} slots`);
  }
  const errors = Array.from(actual, (value, i) => Math.abs(value - (expected[i] ?? 0)));
  return {
    min: Math.log2(errors.reduce((a, b) => Math.min(a, b))),
    mean: Math.log2(errors.reduce((a, b) => a + b) / errors.length),
    max: Math.log2(errors.reduce((a, b) => Math.max(a, b))),
  };
}
