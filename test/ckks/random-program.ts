import { largest, largestValue } from "./expectation.js";
import { Operands, type Tracked } from "./random-operands.js";
import { OPERATIONS } from "./random-operations.js";
import { Draw } from "./random-parameters.js";
import { clear } from "./settings.js";

/** Alignment is what most operations rest on. */
const NAMES = [...Object.keys(OPERATIONS), "toLevel", "toLevel"];

/**
 * A program of random operations on random parameters; each result is decrypted and held against complex doubles.
 * @returns how many bits each bound lay above the largest error.
 * @throws Error, with parameters and program, for a slot beyond its bound.
 */
export async function runProgram(stream: number, steps: number, largestLogN: number): Promise<number[]> {
  const draw = new Draw(stream);
  using operands = await Operands.open(draw, largestLogN);
  const log = [`program ${stream} of this BLINDSIGHT_SEED: ${JSON.stringify(operands.parameters)}`];
  const slacks: number[] = [];
  while (log.length <= steps) {
    const name = operands.scarce || draw.chance(0.15) ? "encrypt" : draw.pick(NAMES);
    const result = OPERATIONS[name](operands);
    if (!result) continue;
    const { level, state, slots } = result.ct;
    const most = largestValue(result.expected.values).toPrecision(3);
    log.push(`${name}: level ${level}, ${state}, ${slots} slots up to ${most}`);
    slacks.push(await slack(operands, result, log));
    operands.keep(result);
  }
  return slacks;
}

async function slack({ alice, model }: Operands, { ct, expected }: Tracked, log: readonly string[]): Promise<number> {
  const fail = (what: string) => new Error(`${what}\n${log.join("\n")}`);
  const slots = expected.values.real.length;
  if (ct.level !== expected.level || ct.state !== expected.state || ct.slots !== slots) {
    throw fail(`not level ${expected.level}, ${expected.state}, ${slots} slots`);
  }
  const { real, imaginary } = clear.subtract(await alice.decryptComplex(ct), expected.values);
  const errors = real.map((x, i) => Math.hypot(x, imaginary[i]));
  const bounds = model.read(expected);
  const wrong = errors.findIndex((e, i) => !(e <= bounds[i])); // NaN is wrong
  if (wrong >= 0) throw fail(`slot ${wrong} errs by ${errors[wrong]}, its bound is ${bounds[wrong]}`);
  return Math.log2(largest(bounds) / Math.max(largest(errors), Number.MIN_VALUE));
}
