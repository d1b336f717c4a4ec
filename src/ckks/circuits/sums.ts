import { Ciphertext, type Plaintext } from "../ciphertext.js";
import type { SlotValues } from "../encoder.js";
import type { Evaluator } from "../evaluator.js";
import { isPowerOfTwo } from "../slots.js";
import { fold, foldAndRescale } from "./folds.js";

/** Which slots are summed: slot j of the result holds Σ x[j + i·stride] for i = 0 … count − 1, cyclically. */
export interface SlotSum {
  /** A power of two; default 1. */
  readonly stride?: number;
  /** A power of two; default as many as there are, slots/stride: then every slot of the result holds a whole sum. */
  readonly count?: number;
}

/**
 * Rotation steps that sums of a ciphertext with `slots` slots take: stride·2^i, log2(count) of them.
 * @throws RangeError for a stride or a count that is no power of two, or for more than there is.
 */
export function sumRotations(slots: number, { stride = 1, count = slots / stride }: SlotSum = {}): number[] {
  const fits = [slots, stride, count].every(isPowerOfTwo) && stride * count <= slots;
  if (!fits) {
    throw new RangeError(`stride ${stride}, count ${count}: powers of two within ${slots} slots were expected`);
  }
  // The largest first: those before are whole sums of what the later ones add.
  return Array.from({ length: Math.log2(count) }, (_, i) => (stride * count) / 2 ** (i + 1));
}

/**
 * Sums over slots. `sumSlots(evaluator, x)`: all of them, the total in every slot. `{ count: 8 }`: blocks of eight, each
 * total in its block's first slot, and sums across two blocks in the others. `{ stride: 8 }`: the slots that are equal
 * modulo 8, each total in all of them. Costs log2(count) rotations and no level; errors add up.
 * @throws MissingKeyError without the keys of `sumRotations`; RangeError as there.
 */
export function sumSlots(evaluator: Evaluator, x: Ciphertext, sum: SlotSum = {}): Ciphertext {
  evaluator.check(x);
  return fold(evaluator, x, sumRotations(x.slots, sum));
}

/**
 * Means instead of sums: one level, which the factor 1/count takes, itself rounded to a multiple of 1/scale, one part in
 * scale/count. `sumSlots` and a division after decryption take none.
 * @throws as `sumSlots`; LevelError at level 0.
 */
export function meanSlots(evaluator: Evaluator, x: Ciphertext, sum: SlotSum = {}): Ciphertext {
  evaluator.check(x);
  const steps = sumRotations(x.slots, sum);
  using share = evaluator.multiplyPlain(x, 2 ** -steps.length);
  return foldAndRescale(evaluator, share, steps);
}

/** Which slots go everywhere: those of block number `index`, of `block` slots each. */
export interface SlotBlock {
  readonly index: number;
  /** A power of two; default 1. */
  readonly block?: number;
}

/** Rotation steps that `replicate` takes. @throws RangeError as `sumRotations`. */
export function replicateRotations(slots: number, { block = 1 }: Partial<SlotBlock> = {}): number[] {
  return sumRotations(slots, { stride: block });
}

/**
 * One slot, or one block, in place of all: slot j of the result holds x[index·block + j mod block]. One level, which the
 * mask takes, and log2(slots/block) rotations. Where the other slots hold zeros, `sumSlots(evaluator, x, { stride: block })`
 * does the same without a level.
 * @throws MissingKeyError, LevelError at level 0; RangeError for a block that is not there.
 */
export function replicate(evaluator: Evaluator, x: Ciphertext, { index, block = 1 }: SlotBlock): Ciphertext {
  evaluator.check(x);
  const steps = replicateRotations(x.slots, { block });
  if (!(Number.isInteger(index) && index >= 0 && index < x.slots / block)) {
    throw new RangeError(`block ${index} of ${block} slots is not one of ${x.slots / block}`);
  }
  using masked = evaluator.multiplyPlain(x, new Float64Array(x.slots).fill(1, index * block, (index + 1) * block));
  return foldAndRescale(evaluator, masked, steps);
}

/**
 * Σ x_i·y_i over the slots that `sum` names (all of them, in every slot): one level, one relinearisation if y is a
 * ciphertext, log2(count) rotations, for which `sumRotations` has the steps.
 * @throws as `sumSlots`; LevelError at level 0; MissingKeyError without a relinearisation key.
 */
export function innerProduct(
  evaluator: Evaluator,
  x: Ciphertext,
  y: Ciphertext | Plaintext | SlotValues,
  sum: SlotSum = {},
): Ciphertext {
  using product = productOf(evaluator, x, y);
  return foldAndRescale(evaluator, product, sumRotations(product.slots, sum));
}

function productOf(evaluator: Evaluator, x: Ciphertext, y: Ciphertext | Plaintext | SlotValues): Ciphertext {
  if (!(y instanceof Ciphertext)) return evaluator.multiplyPlain(x, y);
  using three = evaluator.tensor(x, y);
  return evaluator.relinearize(three);
}
