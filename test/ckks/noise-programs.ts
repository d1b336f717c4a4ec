import { decrypted } from "../../src/ckks/noise.js";
import { largest, largestValue } from "./expectation.js";
import { observe } from "./random-program.js";

/** How far estimates were from what was measured, in bits. */
export interface EstimateReport {
  readonly results: number;
  /** Mean of |log2 estimated rms − log2 measured rms|. */
  readonly mean: number;
  /** How far estimates were below what was measured, and above it, at most: above where equal errors cancelled. */
  readonly below: number;
  readonly above: number;
  /** log2 of the bound over the largest error of a slot: the least, and the median. */
  readonly leastSlack: number;
  readonly medianSlack: number;
}

/**
 * Random programs whose values fill their declared bounds, each result's noise held against its decryption.
 * @throws Error, with parameters and program, for a slot that errs, or a value that is, beyond its bound.
 */
export async function estimateNoise(
  streams: Iterable<number>,
  steps: number,
  largestLogN: (stream: number) => number,
): Promise<EstimateReport> {
  const differences: number[] = [];
  const slacks: number[] = [];
  for (const stream of streams) {
    for await (const { ct, expected, errors, failure } of observe(stream, steps, largestLogN(stream), true)) {
      const { rms, worst } = decrypted(ct.noise);
      const [error, value] = [largest(errors), largestValue(expected.values)];
      if (!(error <= worst)) throw failure(`a slot errs by ${error}, the bound is ${worst}`);
      if (!(value <= ct.noise.bound * (1 + 2 ** -40)))
        throw failure(`a value is ${value}, its bound ${ct.noise.bound}`);
      const measured = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
      if (measured === 0) continue; // equal ones were subtracted: no estimate sees that two errors are one
      differences.push(Math.log2(rms / measured));
      slacks.push(Math.log2(worst / error));
    }
  }
  const sizes = differences.map(Math.abs);
  slacks.sort((a, b) => a - b);
  return {
    results: sizes.length,
    mean: mean(sizes),
    below: differences.reduce((most, d) => Math.max(most, -d), 0),
    above: differences.reduce((most, d) => Math.max(most, d), 0),
    leastSlack: slacks[0],
    medianSlack: slacks[Math.floor(slacks.length / 2)],
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}
