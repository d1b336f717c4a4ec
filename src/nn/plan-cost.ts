/**
 * What the planner minimises: time on the server and bytes of the model, both in units of one NTT of one limb.
 * The formulas count NTTs; the two `…Limb` prices say how many NTTs a limb that must be stored and streamed is worth.
 */
export interface CostModel {
  /** Primes of P. */
  readonly specialPrimes: number;
  /** Primes of one digit. */
  readonly digitLimbs: number;
  /** Whether the weights are ciphertexts: then each inner sum of a linear layer is relinearised before it is rotated. */
  readonly encryptedModel: boolean;
  /** Price of one limb-index of a weight vector (two limbs if encrypted): its products, its bytes. */
  readonly weightLimb: number;
  /** Price of one limb-index of a rotation key. Small: keys are made once, weights are read for each image. */
  readonly keyLimb: number;
}

export const defaultCosts: CostModel = {
  specialPrimes: 4,
  digitLimbs: 3,
  encryptedModel: true,
  weightLimb: 2,
  keyLimb: 0.25,
};

/** Digits of a ciphertext at `level`. */
function digits(costs: CostModel, level: number): number {
  return Math.ceil((level + 1) / costs.digitLimbs);
}

/** Decomposing one ciphertext into digits modulo QP; all its hoisted rotations share it. */
export function decomposition(costs: CostModel, level: number): number {
  const limbs = level + 1;
  return limbs + digits(costs, level) * (limbs + costs.specialPrimes);
}

/** One more rotation of a decomposed ciphertext: products with the key, and the drop of P. */
export function babyStep(costs: CostModel, level: number): number {
  const limbs = level + 1;
  const { specialPrimes } = costs;
  return 2 * specialPrimes + 2 * limbs + 0.6 * digits(costs, level) * (limbs + specialPrimes);
}

/** A rotation by itself. */
export function rotation(costs: CostModel, level: number): number {
  return decomposition(costs, level) + 2 * costs.specialPrimes + (level + 1);
}

/** One inner sum of a linear layer: relinearised if the weights are encrypted, rotated unless its step is 0. */
export function giantStep(costs: CostModel, level: number, rotated: boolean): number {
  return (Number(rotated) + Number(costs.encryptedModel)) * rotation(costs, level);
}

export function weightVectors(costs: CostModel, level: number, count: number): number {
  return costs.weightLimb * count * (level + 1);
}

export function rotationKey(costs: CostModel, level: number): number {
  return costs.keyLimb * digits(costs, level) * (level + 1 + costs.specialPrimes);
}
