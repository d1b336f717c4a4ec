import { Ciphertext, stateOf } from "../ciphertext.js";
import { kindOf } from "../copies.js";
import type { Evaluator } from "../evaluator.js";
import { conjugationElement, requireStepList } from "../keys/galois.js";
import type { Accumulator } from "../keyswitch.js";
import type { Noise, NoisyState } from "../noise.js";

/** A rotation by so many steps, or the complex conjugates of all slots. */
export type FoldStep = number | "conjugate";

/**
 * y += Σ rotate(y, step) over a list of steps, or for one step. The steps a, b and a + b do what a fold by a and one by b do, for one
 * decomposition and one division instead of two of each: 3 key products for 2, and about two thirds of the time. A fold by
 * "conjugate" leaves twice the real parts.
 */
export type Fold = FoldStep | readonly FoldStep[];

/** One fold after the other. Works at any scale; costs a decomposition and a division a fold, and a key product a step. */
export function fold(evaluator: Evaluator, operand: Ciphertext, folds: readonly Fold[]): Ciphertext {
  const steps = foldSteps(folds);
  evaluator.check(operand);
  if (steps.length === 0) return evaluator.copy(operand);
  const [first, ...rest] = steps;
  return finish(evaluator, folded(evaluator, operand, first), rest, false);
}

/** Relinearises a product where it has three parts, folds it while rounding costs nothing, and rescales it: one level down. */
export function foldAndRescale(evaluator: Evaluator, product: Ciphertext, folds: readonly Fold[]): Ciphertext {
  const steps = foldSteps(folds);
  evaluator.check(product);
  if (product.parts.length === 3) {
    const sum = evaluator.switcher.relinearize(product);
    const { noise } = evaluator.ring.noise.switched(stateOf(product), sum.gadget);
    return finish(evaluator, { sum, noise, state: stateOf(product) }, steps, true);
  }
  if (steps.length === 0) return evaluator.rescale(product);
  const [first, ...rest] = steps;
  return finish(evaluator, folded(evaluator, product, first), rest, true);
}

/** A ciphertext modulo QP, times P, its division still to come. */
export interface Undivided {
  readonly sum: Accumulator;
  readonly noise: Noise;
  /** Of the ciphertext, noise left aside. */
  readonly state: NoisyState & ReturnType<typeof stateOf>;
}

/** Folds what is not divided yet; the last division takes the level's primes along where it `rescale`s. Takes the sum over. */
export function finish(
  evaluator: Evaluator,
  undivided: Undivided,
  folds: readonly (readonly FoldStep[])[],
  rescale: boolean,
): Ciphertext {
  const model = evaluator.ring.noise;
  let { sum, noise, state } = undivided;
  try {
    for (const steps of folds) {
      using whole = new Ciphertext(sum.toCiphertextParts(), model.dropped({ ...state, noise }));
      const next = folded(evaluator, whole, steps);
      sum[Symbol.dispose]();
      ({ sum, noise, state } = next);
    }
    if (!rescale) return new Ciphertext(sum.toCiphertextParts(), model.dropped({ ...state, noise }));
    const lowered = { ...state, noise, level: state.level - 1, state: "canonical" } as const;
    return new Ciphertext(sum.toRescaledParts(), model.dropped(lowered));
  } finally {
    sum[Symbol.dispose]();
  }
}

function folded({ ring, switcher }: Evaluator, a: Ciphertext, steps: readonly FoldStep[]): Undivided {
  const elements = steps.map((step) =>
    step === "conjugate" ? conjugationElement(ring.logN) : switcher.rotationElement(step, a.slots, a.level),
  );
  return { ...switcher.addRotations(a, elements), state: stateOf(a) };
}

/** @throws TypeError for what is no list of folds */
export function foldSteps(folds: readonly Fold[]): readonly (readonly FoldStep[])[] {
  if (!Array.isArray(folds)) throw new TypeError(`steps: a list of numbers was expected, not ${kindOf(folds)}`);
  return folds.map((each: Fold) => {
    const steps = typeof each === "number" || each === "conjugate" ? [each] : each;
    requireStepList(steps);
    return steps;
  });
}
