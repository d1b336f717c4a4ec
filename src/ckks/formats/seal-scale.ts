import { ParameterError } from "../../errors.js";
import type { Parameters } from "../parameters.js";

/** Scales that SEAL computed with are ours but for the roundings of a few operations on doubles. */
const SAME_SCALE = 2 ** -40;
/** A foreign scale becomes ours by a factor that is rounded to a whole number: by less than 2^−25 of itself. */
const LEAST_FACTOR = 2 ** 24;

/** Whether a scale of SEAL's is one of ours. */
export function sameScale(found: number, expected: number): boolean {
  return Math.abs(found / expected - 1) < SAME_SCALE;
}

/** Where a foreign scale becomes a level's own, and by what. */
export function wayDown(
  parameters: Parameters,
  level: number,
  found: number,
  parts: number,
): { target: number; factor: bigint } {
  const bits = (scale: number) => `2^${Math.log2(scale).toFixed(2)}`;
  const message = `SEAL's ciphertext has a scale of ${bits(found)}, level ${level} has ${bits(parameters.scaleAt(level))}`;
  if (parts > 2) throw new ParameterError(message, "relinearize it first: two parts can be brought to another scale");
  let product = 1;
  for (let target = level - 1; target >= 0; target--) {
    for (const prime of parameters.levels[target + 1]) product *= prime;
    const factor = Math.round((parameters.scaleAt(target) * product) / found);
    if (factor >= LEAST_FACTOR) return { target, factor: BigInt(factor) };
  }
  const fix = "encode it at parameters.scaleAt(level), or read its values with seal.decryptCiphertext";
  throw new ParameterError(`${message}, and there is no level to spare`, fix);
}
