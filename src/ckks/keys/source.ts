import { MissingKeyError } from "../../errors.js";
import { kindOf, refuseForeign } from "../copies.js";
import type { Ring } from "../ring.js";
import { describeElement } from "./galois.js";
import type { SwitchingKey } from "./switching-key.js";

/**
 * Where an evaluator's keys come from: made by their holder, read from bytes, paged, or joined of several. Keys are named by
 * their Galois element; the relinearisation key has none and is `undefined`.
 */
export interface KeySource extends Disposable {
  /** What its keys were made with. */
  readonly ring: Ring;
  /** Of the secret key that they belong to: a label. */
  readonly fingerprint: string;
  /** The highest level of each key. */
  readonly levels: ReadonlyMap<number | undefined, number>;
  /** A key that is to be used at once: its limbs may leave the device's memory at the next `settle`. */
  key(element: number | undefined): SwitchingKey | undefined;
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
 * The key for a Galois element, or the relinearisation key.
 * @throws MissingKeyError unless there is one that reaches `level`
 */
export function requireKey(keys: KeySource, element: number | undefined, level: number): SwitchingKey {
  const reached = keys.levels.get(element);
  if (reached !== undefined && reached >= level) return keys.key(element)!;
  const what = element === undefined ? "relinearisation" : describeElement(element, keys.ring.logN);
  const fix =
    element === undefined
      ? "make one with evaluationKeys({ relinearize: level })"
      : "name the step in evaluationKeys({ rotations: [...] }) (conjugate: true for conjugation, elements: [...] for both in one)";
  const problem =
    reached === undefined
      ? `there is no key for ${what}`
      : `the key for ${what} reaches level ${reached}, not ${level}`;
  throw new MissingKeyError(problem, fix);
}
