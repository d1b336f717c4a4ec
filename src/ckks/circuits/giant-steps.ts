import { Ciphertext, type Plaintext, stateOf } from "../ciphertext.js";
import type { Evaluator } from "../evaluator.js";
import { Accumulator } from "../keyswitch.js";
import { addNoise, type Noise } from "../noise.js";
import type { BabyStep, BabySteps } from "./baby-steps.js";
import type { Undivided } from "./folds.js";

/** A giant step, and the diagonals of the baby steps that it rotates. */
export interface GiantStep<D extends Plaintext | Ciphertext> {
  /** Steps to the left. */
  readonly giant: number;
  /** What is summed and then rotated: diagonals, each times a baby step. */
  readonly terms: readonly (BabyStep & { readonly diagonal: D })[];
}

/**
 * Σ_g rotate(Σ diagonal ⊙ baby step, g) at the square of the scale: summed modulo QP, to be divided by P once. Diagonals of one
 * giant step are all plaintexts or all ciphertexts. `first`: an operand, for what all of them are.
 */
export function sumGiantSteps<D extends Plaintext | Ciphertext>(
  evaluator: Evaluator,
  first: Ciphertext,
  babies: BabySteps,
  groups: readonly GiantStep<D>[],
): Undivided {
  const sum = Accumulator.zero(evaluator.ring, first.level);
  try {
    const noises = groups.map((group) => {
      const encrypted = group.terms[0].diagonal instanceof Ciphertext;
      return encrypted ? addEncrypted(evaluator, sum, babies, group) : addPlain(evaluator, sum, babies, group);
    });
    return { sum, noise: noises.reduce(addNoise), state: { ...stateOf(first), state: "product" } };
  } catch (error) {
    sum[Symbol.dispose]();
    throw error;
  }
}

function addPlain(
  evaluator: Evaluator,
  sum: Accumulator,
  babies: BabySteps,
  { giant, terms }: GiantStep<Plaintext | Ciphertext>,
): Noise {
  const { switcher } = evaluator;
  const pairs = terms.map((term) => [babies.rotation(term), term.diagonal as Plaintext] as const);
  using product = evaluator.multiplyPlaintextSum(pairs);
  return switcher.addPermuted(sum, product, switcher.rotationElement(giant, product.slots, product.level));
}

function addEncrypted(
  evaluator: Evaluator,
  sum: Accumulator,
  babies: BabySteps,
  { giant, terms }: GiantStep<Plaintext | Ciphertext>,
): Noise {
  const { ring, switcher } = evaluator;
  const pairs = terms.map((term) => [babies.rotation(term), term.diagonal as Ciphertext] as const);
  using product = evaluator.tensorSum(pairs);
  const { slots, level } = product;
  const both = switcher.productElement(giant, slots, level);
  if (both !== undefined) return switcher.addPermutedProduct(sum, product, both);
  const galois = switcher.rotationElement(giant, slots, level);
  using relinearized = switcher.relinearize(product);
  if (galois === 1) {
    return ring.noise.joined(stateOf(product), relinearized.gadget, sum.addAccumulator(relinearized)).noise;
  }
  using ct = new Ciphertext(
    relinearized.toCiphertextParts(),
    ring.noise.keySwitched(stateOf(product), relinearized.gadget),
  );
  return switcher.addPermuted(sum, ct, galois);
}
