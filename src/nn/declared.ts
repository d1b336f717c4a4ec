import { type Ciphertext, Plaintext } from "../ckks/ciphertext.js";
import type { Noise, NoiseModel } from "../ckks/noise.js";
import type { Operands } from "./operands.js";
import type { Plan } from "./plan.js";
import type { ValueRange } from "./program/ranges.js";

/** The same operands, with the noise of fresh ones that hold what is declared of them. */
export function declareOperands<D extends Ciphertext | Plaintext>({ ranges }: Plan, steps: Operands<D>): Operands<D> {
  return steps.map((operands, index) => operands.map((each, i) => declareFresh(each, ranges.steps[index].operands[i])));
}

/** A fresh ciphertext or plaintext, with the noise of one that holds what is declared of it. */
export function declareFresh<D extends Ciphertext | Plaintext>(value: D, range: ValueRange): D {
  if (value instanceof Plaintext) {
    return value.withNoise(freshNoise(value.polynomial.ring.noise, range, value, "plain")) as D;
  }
  const { parts, seed } = value as Ciphertext;
  const { noise } = parts[0].ring;
  return value.withNoise(freshNoise(noise, range, value, seed ? "secret" : "public")) as D;
}

/** The noise of what is made fresh to hold what is declared: encoded, or encrypted with a key. */
export function freshNoise(
  model: NoiseModel,
  range: ValueRange,
  { level, slots }: { readonly level: number; readonly slots: number },
  made: "plain" | "public" | "secret",
): Noise {
  const { bound } = range;
  return around(
    made === "plain" ? model.encoded(bound, level, slots) : model.encrypted(bound, level, slots, made),
    range,
  );
}

/** What a step gave, around the values that are declared of it: an estimate that multiplied ranges would lose sight of them. */
export function declareOutput(value: Ciphertext, range: ValueRange): Ciphertext {
  return value.withNoise(around(value.noise, range));
}

/** The same noise, around what is declared. */
export function around(noise: Noise, { bound, size }: ValueRange): Noise {
  return { ...noise, bound, size };
}
