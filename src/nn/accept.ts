/**
 * What one role takes from another, looked at where it is taken: that it is what it says, for this plan, and whole. Types
 * say so only inside one program, and what comes from elsewhere is trusted in nothing.
 */
import { Ciphertext, Plaintext } from "../ckks/ciphertext.js";
import { requireInstance } from "../ckks/copies.js";
import type { Evaluator } from "../ckks/evaluator.js";
import { conjugationElement, rotationElement } from "../ckks/keys/galois.js";
import type { KeySource } from "../ckks/keys/source.js";
import { type Ring, requireRing } from "../ckks/ring.js";
import { KeyMismatchError, LevelError, MissingKeyError, ParameterError } from "../errors.js";
import { EncryptedImage, EncryptedResult } from "./exchange.js";
import { requireOutputScale } from "./exchange-checks.js";
import { Model } from "./model.js";
import type { Plan } from "./plan.js";
import { operandLevels } from "./program/levels.js";
import { fits } from "./program/numbers.js";

/** Whose device and whose key it must be on and under. */
export interface Owner {
  readonly ring: Ring;
  readonly fingerprint: string;
}

/**
 * @throws MissingKeyError for keys that do not cover the plan's rotations and products, each with a key that reaches its
 *   level; it names what is missing. TypeError for keys that were disposed of.
 */
export function acceptKeys(plan: Plan, keys: KeySource): void {
  const missing: string[] = [];
  const expectKey = (what: string, level: number, reached: number | undefined): void => {
    if (reached === undefined) missing.push(`${what} at level ${level}`);
    else if (reached < level) missing.push(`${what} at level ${level} (it reaches ${reached})`);
  };
  if (plan.relinearizationLevel !== false) {
    expectKey("the relinearisation", plan.relinearizationLevel, keys.levels.get(undefined));
  }
  for (const [steps, level] of plan.rotations) {
    const element = rotationElement(steps, plan.parameters.logN);
    expectKey(`the rotation by ${steps}`, level, keys.levels.get(element));
  }
  if (plan.conjugationLevel !== false) {
    expectKey("conjugation", plan.conjugationLevel, keys.levels.get(conjugationElement(plan.parameters.logN)));
  }
  for (const [steps, level] of plan.productRotations) {
    const element = rotationElement(steps, plan.parameters.logN);
    expectKey(`products that are rotated by ${steps}`, level, keys.levels.get(`product-${element}`));
  }
  if (missing.length > 0) {
    const more = missing.length > 4 ? ` and ${missing.length - 4} more` : "";
    throw new MissingKeyError(
      `the evaluation keys do not cover the plan: no key for ${missing.slice(0, 4).join(", ")}${more}`,
      "take a nn KeyHolder's evaluationKeys, or make them with evaluationKeys(plan.evaluationKeyRequest)",
    );
  }
  keys.requireAlive();
}

/** @throws TypeError, ParameterError, LevelError, KeyMismatchError for an image that is not whole, or not for this plan and key. */
export function acceptImage(plan: Plan, evaluator: Evaluator, image: EncryptedImage): void {
  requireInstance(image, EncryptedImage, "the image", "what KeyHolder.encrypt gives");
  requireIdentity(plan, image.identity, "the image");
  const owner = { ring: evaluator.ring, fingerprint: evaluator.keys.fingerprint };
  const { inputs, values } = plan.program;
  requireCount(image.ciphertexts.length, inputs.length, "the image", "give what KeyHolder.encrypt gave");
  for (const [j, ciphertext] of image.ciphertexts.entries()) {
    const what = inputs.length === 1 ? "the image" : `ciphertext ${j} of the image`;
    evaluator.check(ciphertext);
    acceptCiphertext(plan, owner, ciphertext, values[inputs[j]].level, what);
  }
}

/** @throws as `acceptImage`, for a result. */
export function acceptResult(plan: Plan, owner: Owner, result: EncryptedResult): void {
  requireInstance(result, EncryptedResult, "the result", "what Server.run gives");
  requireIdentity(plan, result.identity, "the result");
  requireOutputScale(result.outputScale);
  const { ciphertexts, encrypted } = result;
  const { outputs, values } = plan.program;
  requireCount(ciphertexts.length, outputs.length, "the result", "give back what Server.run gave");
  if (!encrypted.image || encrypted.model !== (plan.model === "encrypted")) {
    throw new ParameterError(
      `the result says that image and model were ${encrypted.image ? "" : "not "}and ${encrypted.model ? "" : "not "}encrypted, ` +
        `the plan is for an encrypted image and ${plan.model === "plain" ? "a plain" : "an encrypted"} model`,
      "run the plan that the key holder was made for",
    );
  }
  for (const [j, ciphertext] of ciphertexts.entries()) {
    acceptCiphertext(plan, owner, ciphertext, values[outputs[j]].level, `ciphertext ${j} of the result`);
  }
}

/** @throws as `acceptImage`, for a model. */
export function acceptModel(plan: Plan, evaluator: Evaluator, model: Model<Ciphertext | Plaintext>): void {
  requireInstance(model, Model, "the model", "what ModelOwner.encrypt or Server.loadPlain gives");
  requireIdentity(plan, model.identity, "the model");
  requireOutputScale(model.outputScale);
  const { fingerprint } = evaluator.keys;
  const owner = { ring: evaluator.ring, fingerprint };
  if (plan.model === "encrypted" && model.fingerprint !== fingerprint) {
    throw new KeyMismatchError(
      "the model is encrypted for another key, or not at all",
      "encrypt it with this key holder's public key",
    );
  }
  const { throughput, steps } = plan.program;
  const { numbers } = model;
  const numbered = throughput ? numbers?.length === steps.length : numbers === undefined;
  const wrong = numbered && numbers ? steps.findIndex((step, index) => !fits(step, numbers[index])) : -1;
  if (!numbered || wrong >= 0) {
    const what = wrong < 0 ? "the numbers of the model" : `the numbers of step ${wrong} of the model`;
    throw new ParameterError(`${what} are not the plan's`, "load what Server.loadPlain made for it");
  }
  for (const [index, step] of plan.program.steps.entries()) {
    const operands = model.steps[index];
    const levels = operandLevels(plan.program, step);
    if (operands?.length !== levels.length) {
      throw new ParameterError(`step ${index} of the model is not the plan's`, "load what ModelOwner.encrypt made");
    }
    for (const [i, operand] of operands.entries()) {
      const what = `vector ${i} of step ${index} of the model`;
      if (plan.model === "encrypted") acceptCiphertext(plan, owner, operand as Ciphertext, levels[i], what);
      else acceptPlaintext(plan, owner, operand as Plaintext, levels[i], what);
    }
  }
}

function requireIdentity(plan: Plan, identity: string, what: string): void {
  if (identity === plan.identity) return;
  throw new ParameterError(
    `${what} was made for another plan`,
    "compile once and give the same plan to all three roles",
  );
}

/** Every field that says something about the residues, and that there are residues. */
function acceptCiphertext(plan: Plan, owner: Owner, value: Ciphertext, level: number, what: string): void {
  requireInstance(value, Ciphertext, what, "a ciphertext");
  if (value.fingerprint !== owner.fingerprint) {
    throw new KeyMismatchError(`${what} belongs to another key`, "encrypt all of it for one key holder");
  }
  requireLevel(value.level, level, what);
  if (value.state !== "canonical" || value.parts.length !== 2) {
    throw new LevelError(`${what} is a product of ${value.parts.length} parts`, "relinearize and rescale it first");
  }
  requireSlots(plan, value.slots, what);
  const primes = plan.parameters.primesAt(level);
  for (const part of value.parts) {
    requireRing(owner.ring, part.ring, what);
    part.requireAlive();
    if (`${part.primes}` !== `${primes}`) {
      throw new ParameterError(`${what} has residues modulo other primes than its level's`, "make it anew");
    }
  }
}

function acceptPlaintext(plan: Plan, { ring }: Owner, value: Plaintext, level: number, what: string): void {
  requireInstance(value, Plaintext, what, "an encoded plaintext");
  requireLevel(value.level, level, what);
  requireSlots(plan, value.slots, what);
  requireRing(ring, value.polynomial.ring, what);
  value.polynomial.requireAlive();
}

function requireLevel(actual: number, level: number, what: string): void {
  if (actual === level) return;
  throw new LevelError(
    `${what} is at level ${actual}, not ${level}`,
    "make it for this plan, at the level of its step",
  );
}

function requireSlots({ program }: Plan, slots: number, what: string): void {
  if (slots === program.slots) return;
  throw new ParameterError(`${what} has ${slots} slots, the plan ${program.slots}`, "make it for this plan");
}

function requireCount(count: number, wanted: number, what: string, fix: string): void {
  if (count === wanted) return;
  throw new ParameterError(`${what} has ${count} ciphertexts, the plan ${wanted}`, fix);
}
