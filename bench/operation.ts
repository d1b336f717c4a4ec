import { BenchError } from "./failure.js";
import type { Precision, Subject } from "./record.js";
import type { OperationName } from "./workload.js";

/** Something that is timed, once it has been found right. */
export interface Operation {
  /** Does it `perSample` times; the promise, where there is one, ends when the work is done. */
  readonly run: () => void | Promise<void>;
  readonly perSample: number;
  /** Does it once and says what came out. */
  readonly outcome: () => Promise<Outcome>;
  readonly expected: Float64Array;
  /** Frees operands that nobody else uses. */
  readonly close?: () => void;
}

export interface Outcome {
  readonly values: Float64Array;
  /** Size of the result on the wire. */
  readonly bytes?: number;
}

/** A library with its keys and operands in place. */
export interface Side {
  readonly subject: Subject;
  readonly operations: Partial<Record<OperationName, Operation>>;
}

/** A wrong slot is off by about one, noise by less than 2^−9 in every setting. */
const FEWEST_BITS = 6;

/**
 * Runs an operation once and holds it against doubles.
 * @throws BenchError for a wrong result: a bench must not time one.
 */
export async function verify(
  name: string,
  label: string,
  { outcome, expected }: Pick<Operation, "outcome" | "expected">,
): Promise<{ readonly precision: Precision; readonly bytes?: number }> {
  const { values, bytes } = await outcome();
  if (values.length !== expected.length) throw wrong(name, label, `${values.length} values, not ${expected.length}`);
  let largest = 0;
  let sum = 0;
  values.forEach((value, j) => {
    const error = Math.abs(value - expected[j]);
    largest = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(largest, error);
    sum += error;
  });
  if (!(largest < 2 ** -FEWEST_BITS)) throw wrong(name, label, `off by ${largest.toPrecision(3)}`);
  return { precision: { worstBits: bits(largest), meanBits: bits(sum / values.length) }, bytes };
}

function bits(error: number): number | null {
  return error === 0 ? null : -Math.log2(error);
}

function wrong(name: string, label: string, how: string): BenchError {
  return new BenchError(`${label}: the result of "${name}" is wrong: ${how}`, "find out why before timing anything");
}
