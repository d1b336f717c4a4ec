/**
 * What the planner minimises: time on the server and bytes of the model, both in units of one NTT of one limb.
 * The formulas count NTTs as the key switches make them; the prices say how many NTTs a product with a key is worth, and
 * a limb that must be stored and streamed: constants, since all parties must find the same plan. What a device really takes is
 * measured by `measureUnitCosts`, and predicted from that by `workOf`.
 */
import { dropNtts, extendedLimbs as limbsOfDigits } from "../../ckks/costs.js";
import type { Parameters } from "../../ckks/parameters.js";

export interface CostModel {
  /** Primes of Q at a level. */
  readonly limbsAt: (level: number) => number;
  /** Of the keys of a level: primes of P, and of one digit. */
  readonly gadgetAt: (level: number) => { readonly specialPrimes: number; readonly digitLimbs: number };
  /** Whether the weights are ciphertexts: then each inner sum of a linear layer is relinearised before it is rotated. */
  readonly encryptedModel: boolean;
  /** Whether giant steps have keys for products: then none of them needs a drop of its own. */
  readonly productKeys: boolean;
  /** Whether a product may hold two diagonals: see `splitInPairs`. */
  readonly pairs: boolean;
  /** Price of the products of one limb of a digit with both halves of a key. */
  readonly keyProduct: number;
  /** Price of one limb-index of a weight vector (two limbs if encrypted): its products (0.25 and 0.15 as measured), and beside them its bytes, which are encrypted, kept and read. */
  readonly weightLimb: number;
  /** Price of one limb-index of a rotation key. Small: keys are made once, weights are read for each image. */
  readonly keyLimb: number;
}

/** For programs that are planned without parameters: a wide base, and digits of three primes. */
export const defaultCosts: CostModel = {
  limbsAt: (level) => level + 2,
  gadgetAt: () => ({ specialPrimes: 4, digitLimbs: 3 }),
  encryptedModel: true,
  productKeys: false,
  pairs: true,
  keyProduct: 0.4,
  weightLimb: 1,
  keyLimb: 0.25,
};

export function costsOf(parameters: Parameters, model: "encrypted" | "plain", productKeys = false): CostModel {
  // Asked a million times by a search.
  const limbs = Array.from({ length: parameters.maxLevel + 1 }, (_, level) => parameters.primesAt(level).length);
  const gadgets = limbs.map((_, level) => {
    const { special, digitPrimes } = parameters.gadgetAt(level);
    return { specialPrimes: special.length, digitLimbs: digitPrimes };
  });
  return {
    ...defaultCosts,
    limbsAt: (level) => limbs[level],
    gadgetAt: (level) => gadgets[level],
    encryptedModel: model === "encrypted",
    weightLimb: model === "encrypted" ? 1 : 0.3,
    productKeys: productKeys && model === "encrypted",
  };
}

/** Limbs of all digits of a polynomial at `level`, modulo QP. */
function extendedLimbs({ limbsAt, gadgetAt }: CostModel, level: number): number {
  const { specialPrimes, digitLimbs } = gadgetAt(level);
  return limbsOfDigits(limbsAt(level), specialPrimes, digitLimbs);
}

/** Decomposing one ciphertext into digits modulo QP; all its hoisted rotations share it. */
export function decomposition(costs: CostModel, level: number): number {
  return extendedLimbs(costs, level);
}

/** One more rotation of a decomposed ciphertext: products with the key, and the drop of P. */
export function babyStep(costs: CostModel, level: number): number {
  return innerProduct(costs, level) + dropSpecial(costs, level);
}

/** Sums over `bits` bits, two at a time: see `foldsOf`. */
export function foldTime(costs: CostModel, level: number, bits: number): number {
  const [pairs, single] = [Math.floor(bits / 2), bits % 2];
  const once = decomposition(costs, level) + dropSpecial(costs, level);
  return (pairs + single) * once + (3 * pairs + single) * innerProduct(costs, level);
}

/**
 * One inner sum of a linear layer: relinearised if the weights are encrypted, rotated unless its step is 0. All sums share
 * one drop of P, but one that is both relinearised and rotated needs its own in between, unless it has a key for products.
 */
export function giantStep(costs: CostModel, level: number, rotated: boolean): number {
  const switches = Number(rotated) + Number(costs.encryptedModel);
  const between = rotated && costs.encryptedModel && !costs.productKeys ? dropSpecial(costs, level) : 0;
  return switches * (decomposition(costs, level) + innerProduct(costs, level)) + between;
}

export function weightVectors(costs: CostModel, level: number, count: number): number {
  return costs.weightLimb * count * costs.limbsAt(level);
}

export function rotationKey(costs: CostModel, level: number): number {
  return costs.keyLimb * extendedLimbs(costs, level);
}

function innerProduct(costs: CostModel, level: number): number {
  return costs.keyProduct * extendedLimbs(costs, level);
}

/** Of both parts. */
export function dropSpecial({ limbsAt, gadgetAt }: CostModel, level: number): number {
  return dropNtts(gadgetAt(level).specialPrimes + limbsAt(level));
}
