import { type Ciphertext, Plaintext } from "../ckks/ciphertext.js";
import type { Noise } from "../ckks/noise.js";
import type { Plan } from "./compile.js";
import type { Operands } from "./operands.js";
import type { ValueRange } from "./program/ranges.js";

/** The same operands, with the noise of fresh ones that hold what is declared of them. */
export function declareOperands<D extends Ciphertext | Plaintext>({ ranges }: Plan, steps: Operands<D>): Operands<D> {
  return steps.map((operands, index) => operands.map((each, i) => declareFresh(each, ranges.steps[index].operands[i])));
}

/** A fresh ciphertext or plaintext, with the noise of one that holds what is declared of it. */
export function declareFresh<D extends Ciphertext | Plaintext>(value: D, range: ValueRange): D {
  if (value instanceof Plaintext) {
    const { ring } = value.polynomial;
    return value.withNoise(around(ring.noise.encoded(range.bound, value.level, value.slots), range)) as D;
  }
  const { parts, seed, level, slots } = value as Ciphertext;
  const { noise } = parts[0].ring;
  const fresh = noise.encrypted(range.bound, level, slots, seed ? "secret" : "public");
  return (value as Ciphertext).withNoise(around(fresh, range)) as D;
}

/** What a step gave, around the values that are declared of it: an estimate that multiplied ranges would lose sight of them. */
export function declareOutput(value: Ciphertext, range: ValueRange): Ciphertext {
  return value.withNoise(around(value.noise, range));
}

function around(noise: Noise, { bound, size }: ValueRange): Noise {
  return { ...noise, bound, size };
}
