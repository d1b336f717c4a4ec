import { LevelError } from "../../errors.js";
import { Ciphertext, type Plaintext, requireSlots, stateOf } from "../ciphertext.js";
import { kindOf } from "../copies.js";
import type { Evaluator } from "../evaluator.js";
import { requireStepList } from "../keys/galois.js";
import { Accumulator } from "../keyswitch.js";
import { addNoise, type Noise } from "../noise.js";

/**
 * A matrix on slots by its diagonals, baby-step giant-step: Σ_g rotate(Σ_b diagonal_(g,b) ⊙ rotate(x, b), g).
 * Diagonals are already rotated right by their giant step. They are plaintexts or ciphertexts of the operand's level.
 * Source: Halevi and Shoup, "Faster homomorphic linear transformations in HElib", CRYPTO 2018.
 */
export interface LinearTransform<D extends Plaintext | Ciphertext> {
  /** Giant steps, each with the diagonals of its baby steps, which are rotated back by the giant step. */
  readonly groups: readonly {
    readonly giant: number;
    readonly terms: readonly { readonly baby: number; readonly diagonal: D }[];
  }[];
  /** Afterwards, one after the other, y += rotate(y, step): before the rescale, where rounding costs nothing. */
  readonly folds?: readonly number[];
}

/**
 * Applies the transform: one level. Costs one hoisted rotation for each baby step, a key switch for each giant step
 * (with encrypted diagonals a relinearisation too), a key switch for each fold, and one drop.
 * @throws MissingKeyError when a step has no key; LevelError when a diagonal is not at the operand's level; RangeError
 * without a diagonal.
 */
export function linearTransform<D extends Plaintext | Ciphertext>(
  evaluator: Evaluator,
  operand: Ciphertext,
  transform: LinearTransform<D>,
): Ciphertext {
  using product = applyDiagonals(evaluator, operand, transform);
  using folded = fold(evaluator, product, transform.folds ?? []);
  return evaluator.rescale(folded);
}

/** y += rotate(y, step) for each step. Works at any scale; costs one key switch a step. */
export function fold(evaluator: Evaluator, operand: Ciphertext, steps: readonly number[]): Ciphertext {
  requireStepList(steps);
  let result = evaluator.copy(operand);
  try {
    for (const step of steps) {
      using rotated = evaluator.rotate(result, step);
      using previous = result;
      result = evaluator.add(previous, rotated);
    }
    return result;
  } catch (error) {
    result[Symbol.dispose]();
    throw error;
  }
}

function applyDiagonals<D extends Plaintext | Ciphertext>(
  evaluator: Evaluator,
  operand: Ciphertext,
  transform: LinearTransform<D>,
): Ciphertext {
  evaluator.check(operand);
  requireGroups(transform);
  const { groups } = transform;
  const { ring, switcher } = evaluator;
  const { level } = operand;
  if (groups.length === 0 || groups.some(({ terms }) => terms.length === 0)) {
    throw new RangeError(
      "groups: a linear transform takes at least one diagonal in each group, and at least one group",
    );
  }
  for (const { diagonal } of groups.flatMap((group) => group.terms)) {
    requireSlots(operand, diagonal);
    const states = [operand, diagonal].map((value) => (value instanceof Ciphertext ? value.state : "canonical"));
    if (diagonal.level !== level || states.includes("product")) {
      throw new LevelError(
        `a diagonal of level ${diagonal.level} (${states[1]}) meets an operand of level ${level} (${states[0]})`,
        "encode or encrypt it at the operand's level, and rescale both",
      );
    }
  }
  if (level < 1) throw new LevelError("a linear transform needs a level", "choose parameters with a larger depth");
  const babies = [...new Set(groups.flatMap(({ terms }) => terms.map(({ baby }) => baby)))];
  const rotated = new Map(evaluator.rotateMany(operand, babies).map((ct, i) => [babies[i], ct]));
  try {
    using sum = Accumulator.zero(ring, level);
    const noises: Noise[] = [];
    for (const { giant, terms } of groups) {
      const galois = switcher.rotationElement(giant, operand.slots, level);
      const encrypted = terms[0].diagonal instanceof Ciphertext;
      if (encrypted) {
        using product = evaluator.tensorSum(
          terms.map(({ baby, diagonal }) => [rotated.get(baby)!, diagonal as Ciphertext]),
        );
        using relinearized = switcher.relinearize(product);
        if (galois === 1) {
          sum.addAccumulator(relinearized);
          noises.push(ring.noise.switched(stateOf(product)).noise);
        } else {
          using ct = new Ciphertext(relinearized.toCiphertextParts(), ring.noise.keySwitched(stateOf(product)));
          noises.push(switcher.addPermuted(sum, ct, galois));
        }
      } else {
        using product = evaluator.multiplyPlaintextSum(
          terms.map(({ baby, diagonal }) => [rotated.get(baby)!, diagonal as Plaintext]),
        );
        noises.push(switcher.addPermuted(sum, product, galois));
      }
    }
    const state = { ...stateOf(operand), state: "product", noise: noises.reduce(addNoise) } as const;
    return new Ciphertext(sum.toCiphertextParts(), ring.noise.dropped(state));
  } finally {
    for (const ct of rotated.values()) ct[Symbol.dispose]();
  }
}

function requireGroups(transform: { readonly groups: readonly { readonly terms: readonly unknown[] }[] }): void {
  const groups: unknown = transform?.groups;
  if (Array.isArray(groups) && groups.every((group) => Array.isArray(group?.terms))) return;
  throw new TypeError(
    `groups: a list was expected, each { giant, terms: [{ baby, diagonal }] }, not ${kindOf(groups)}`,
  );
}
