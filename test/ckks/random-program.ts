import { type ErrorModel, largest, largestValue } from "./expectation.js";
import { Operands, type Tracked } from "./random-operands.js";
import { OPERATIONS } from "./random-operations.js";
import { Draw } from "./random-parameters.js";
import { clear } from "./settings.js";

/** Alignment is what most operations rest on. */
const NAMES = [...Object.keys(OPERATIONS), "toLevel", "toLevel"];

/** What an operation gave. */
interface Observation extends Tracked {
  readonly model: ErrorModel;
  /** |error| of each decrypted slot. */
  readonly errors: Float64Array;
  /** An error with parameters and program. */
  readonly failure: (what: string) => Error;
}

/**
 * A program of random operations on random parameters; each result is decrypted and held against complex doubles.
 * @returns how many bits each bound lay above the largest error.
 * @throws Error, with parameters and program, for a slot beyond its bound.
 */
export async function runProgram(stream: number, steps: number, largestLogN: number): Promise<number[]> {
  const slacks: number[] = [];
  for await (const { expected, errors, model, failure } of observe(stream, steps, largestLogN)) {
    const bounds = model.read(expected);
    const wrong = errors.findIndex((e, i) => !(e <= bounds[i])); // NaN is wrong
    if (wrong >= 0) throw failure(`slot ${wrong} errs by ${errors[wrong]}, its bound is ${bounds[wrong]}`);
    slacks.push(Math.log2(largest(bounds) / Math.max(largest(errors), Number.MIN_VALUE)));
  }
  return slacks;
}

/** Runs such a program. `filled`: see `Operands.open`. @throws Error for a result of another level, state or number of slots. */
export async function* observe(
  stream: number,
  steps: number,
  largestLogN: number,
  filled = false,
): AsyncGenerator<Observation> {
  const draw = new Draw(stream);
  using operands = await Operands.open(draw, largestLogN, filled);
  const { alice, model } = operands;
  const log = [`program ${stream} of this BLINDSIGHT_SEED: ${JSON.stringify(operands.parameters)}`];
  const failure = (what: string) => new Error(`${what}\n${log.join("\n")}`);
  while (log.length <= steps) {
    const name = operands.scarce || draw.chance(0.15) ? "encrypt" : draw.pick(NAMES);
    const result = OPERATIONS[name](operands);
    if (!result) continue;
    const { ct, expected } = result;
    const count = expected.values.real.length;
    log.push(
      `${name}: level ${ct.level}, ${ct.state}, ${ct.slots} slots up to ${largestValue(expected.values).toPrecision(3)}`,
    );
    if (ct.level !== expected.level || ct.state !== expected.state || ct.slots !== count) {
      throw failure(`not level ${expected.level}, ${expected.state}, ${count} slots`);
    }
    const { real, imaginary } = clear.subtract(await alice.decryptComplex(ct), expected.values);
    yield { ct, expected, model, errors: real.map((x, i) => Math.hypot(x, imaginary[i])), failure };
    operands.keep(result);
  }
}
