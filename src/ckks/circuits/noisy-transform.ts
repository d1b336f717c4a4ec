import { addNoise, type Noise } from "../noise.js";
import { type NoisyEvaluator, type NoisyOperand, NoisyValue } from "../noisy.js";
import type { BabyStep } from "./baby-steps.js";
import type { FoldStep } from "./folds.js";

/** A giant step, and the noise of the diagonals that it rotates: see `GiantStep`. */
export interface NoisyGiantStep {
  readonly giant: number;
  readonly terms: readonly (BabyStep & { readonly diagonal: NoisyOperand })[];
}

/**
 * What `linearTransforms` would say of one result's noise before its folds and its division by P, at the square of the scale. Diagonals are encrypted
 * where they are `NoisyValue`s; `productKey` says for which giant steps keys of rotated products are there.
 */
export function noisyTransform(
  evaluator: NoisyEvaluator,
  operands: readonly NoisyValue[],
  groups: readonly NoisyGiantStep[],
  productKey: (giant: number) => boolean,
): NoisyValue {
  const { model } = evaluator;
  const [{ level, slots }] = operands;
  const rotated = new Map<string, NoisyValue>();
  const baby = ({ operand, baby: by }: BabyStep): NoisyValue => {
    const key = `${operand}/${by}`;
    let made = rotated.get(key);
    if (!made) rotated.set(key, (made = evaluator.rotate(operands[operand], by)));
    return made;
  };
  const noises = groups.map(({ giant, terms }): Noise => {
    const rotates = giant % slots !== 0;
    const pairs = terms.map((term) => [baby(term), term.diagonal] as const);
    if (!(terms[0].diagonal instanceof NoisyValue)) {
      const product = evaluator.multiplyPlaintextSum(pairs);
      return rotates ? model.switched(product).noise : product.noise;
    }
    const product = evaluator.tensorSum(pairs.map(([x, diagonal]) => [x, diagonal as NoisyValue]));
    if (!rotates) return model.switched(product).noise;
    const once = productKey(giant) ? model.switched(product) : model.keySwitched(product);
    return model.switched(once).noise;
  });
  const noise = noises.reduce((total, each) => addNoise(total, each));
  return new NoisyValue(level, "product", slots, noise);
}

/** `foldAndRescale` on noise. */
export function noisyFoldAndRescale(
  evaluator: NoisyEvaluator,
  product: NoisyValue,
  folds: readonly (readonly FoldStep[])[],
): NoisyValue {
  if (product.parts === 3) {
    const { level, state, slots } = product;
    const { noise } = evaluator.model.switched(product);
    return noisyFinish(evaluator, new NoisyValue(level, state, slots, noise), folds);
  }
  const [first, ...rest] = folds;
  if (!first) return evaluator.rescale(product);
  return noisyFinish(evaluator, folded(evaluator, product, first), rest);
}

/** `finish` on noise: of a sum that is still to be divided. */
export function noisyFinish(
  evaluator: NoisyEvaluator,
  undivided: NoisyValue,
  folds: readonly (readonly FoldStep[])[],
): NoisyValue {
  const divided = (value: NoisyValue) => value.withNoise(evaluator.model.dropped(value).noise);
  return evaluator.rescale(folds.reduce((sum, steps) => folded(evaluator, divided(sum), steps), undivided));
}

function folded({ model }: NoisyEvaluator, value: NoisyValue, steps: readonly FoldStep[]): NoisyValue {
  const stays = (step: FoldStep) => step !== "conjugate" && step % value.slots === 0;
  const rotated = (step: FoldStep) => (stays(step) ? value.noise : model.switched(value).noise);
  return value.withNoise(steps.reduce((noise, step) => addNoise(noise, rotated(step)), value.noise));
}
