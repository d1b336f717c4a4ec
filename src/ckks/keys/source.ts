import { MissingKeyError } from "../../errors.js";
import { kindOf, refuseForeign } from "../copies.js";
import type { Ring } from "../ring.js";
import { describeElement } from "./galois.js";
import type { KeyName, SwitchingKey } from "./switching-key.js";

/** Where an evaluator's keys come from: made by their holder, read from bytes, paged, or joined of several. */
export interface KeySource extends Disposable {
  /** What its keys were made with. */
  readonly ring: Ring;
  /** Of the secret key that they belong to: a label. */
  readonly fingerprint: string;
  /** The highest level of each key, or of those of one name. */
  readonly levels: ReadonlyMap<KeyName, number>;
  /**
   * A key that is to be used at once, at `level` (its highest unless said): its limbs may leave the device's memory at the next
   * `settle`. Of several keys with one name the lowest that reaches the level.
   */
  key(name: KeyName, level?: number): SwitchingKey | undefined;
  /** The launches that name a key's limbs have been queued. */
  settle(): void;
  /** @throws TypeError for keys that were disposed of */
  requireAlive(): void;
}

/** @throws ParameterError for keys of another copy of the library, TypeError for what is no source of keys */
export function requireKeySource(value: KeySource, what: string): void {
  refuseForeign(value, what);
  if (typeof value?.key === "function" && value.levels instanceof Map) return;
  throw new TypeError(`${what}: what KeyHolder.evaluationKeys gives was expected, not ${kindOf(value)}`);
}

/**
 * The key of a name.
 * @throws MissingKeyError unless there is one that reaches `level`
 */
export function requireKey(keys: KeySource, name: KeyName, level: number): SwitchingKey {
  const reached = keys.levels.get(name);
  if (reached !== undefined && reached >= level) return keys.key(name, level)!;
  const { what, fix } = wanted(name, keys.ring.logN);
  const problem =
    reached === undefined
      ? `there is no key for ${what}`
      : `the key for ${what} reaches level ${reached}, not ${level}`;
  throw new MissingKeyError(problem, fix);
}

function wanted(name: KeyName, logN: number): { readonly what: string; readonly fix: string } {
  if (name === undefined)
    return { what: "relinearisation", fix: "make one with evaluationKeys({ relinearize: level })" };
  if (typeof name === "number") {
    const fix =
      "name the step in evaluationKeys({ rotations: [...] }) (conjugate: true for conjugation, elements: [...] for both in one)";
    return { what: describeElement(name, logN), fix };
  }
  const element = Number(name.slice(name.indexOf("-") + 1));
  const fix = "name the step in evaluationKeys({ productRotations: [...] })";
  return { what: `${describeElement(element, logN)} of a product`, fix };
}
