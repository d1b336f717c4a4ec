import { addNoise, type Noise } from "../noise.js";
import { type NoisyEvaluator, type NoisyOperand, NoisyValue } from "../noisy.js";
import type { BabyStep } from "./baby-steps.js";

/** A giant step, and the noise of the diagonals that it rotates: see `GiantStep`. */
export interface NoisyGiantStep {
  readonly giant: number;
  readonly terms: readonly (BabyStep & { readonly diagonal: NoisyOperand })[];
}

/**
 * What `linearTransforms` would say of one result's noise before its folds, at the square of the scale. Diagonals are encrypted
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
  const sum = new NoisyValue(level, "product", slots, noise);
  return sum.withNoise(model.dropped(sum).noise);
}

/** y += rotate(y, step) for each step: see `fold`. */
export function noisyFold(evaluator: NoisyEvaluator, value: NoisyValue, steps: readonly number[]): NoisyValue {
  return steps.reduce((sum, step) => evaluator.add(sum, evaluator.rotate(sum, step)), value);
}
