import { LevelError } from "../../errors.js";
import { Ciphertext, type Plaintext, requireSlots } from "../ciphertext.js";
import { kindOf } from "../copies.js";
import type { Evaluator } from "../evaluator.js";
import { allOrNothing } from "../limbs.js";
import { BabySteps } from "./baby-steps.js";
import { type Fold, finish, foldSteps } from "./folds.js";
import { type GiantStep, sumGiantSteps } from "./giant-steps.js";

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
  /** Afterwards, one after the other, y += rotate(y, step), or the sum over a list of steps: before the rescale, where rounding costs nothing. */
  readonly folds?: readonly Fold[];
}

/** One row of a matrix of such matrices: Σ_g rotate(Σ_(i,b) diagonal_(g,i,b) ⊙ rotate(x_i, b), g), and the folds. */
export interface BlockTransform<D extends Plaintext | Ciphertext> {
  /** Giant steps, each with the diagonals of its baby steps, which say what they rotate. */
  readonly groups: readonly GiantStep<D>[];
  /** See LinearTransform. */
  readonly folds?: readonly Fold[];
}

/** What is done with the sums of `linearTransforms`. */
export interface LinearTransformOptions {
  /** Default true. `false` leaves results at the operands' level and the square of the scale, where sums of them cost nothing. */
  readonly rescale?: boolean;
}

/**
 * Applies the transform: one level. Costs one hoisted rotation for each baby step, a key switch for each giant step
 * (with encrypted diagonals a relinearisation too, without a division of its own where the giant step has one of
 * `evaluationKeys({ productRotations })`: `giantStepCost`), a key switch for each fold (see `Fold`), and one drop.
 * @throws MissingKeyError when a step has no key; LevelError when a diagonal is not at the operand's level; RangeError
 * without a diagonal.
 */
export function linearTransform<D extends Plaintext | Ciphertext>(
  evaluator: Evaluator,
  operand: Ciphertext,
  transform: LinearTransform<D>,
): Ciphertext {
  evaluator.check(operand);
  requireGroups(transform, "{ baby, diagonal }");
  const groups = transform.groups.map(({ giant, terms }) => ({
    giant,
    terms: terms.map(({ baby, diagonal }) => ({ operand: 0, baby, diagonal })),
  }));
  return linearTransforms(evaluator, [operand], [{ ...transform, groups }])[0];
}

/**
 * Several results of several operands, all of one level and as many slots: one level down. Baby steps are rotated once for
 * all results, those of one operand hoisted, and are in memory until the last result that reads them; all else costs for
 * each result what `linearTransform` does.
 * @throws as `linearTransform`; LevelError and ParameterError for operands that do not go together; RangeError without
 *   operands, and for a term that names none of them.
 */
export function linearTransforms<D extends Plaintext | Ciphertext>(
  evaluator: Evaluator,
  operands: readonly Ciphertext[],
  transforms: readonly BlockTransform<D>[],
  { rescale = true }: LinearTransformOptions = {},
): Ciphertext[] {
  requireOperands(evaluator, operands);
  requireList("transforms", transforms);
  for (const transform of transforms) requireFitting(operands, transform);
  const { level } = operands[0];
  if (level < 1) throw new LevelError("a linear transform needs a level", "choose parameters with a larger depth");
  const folds = transforms.map((transform) => foldSteps(transform.folds ?? []));
  const terms = transforms.map(({ groups }) => groups.flatMap((group) => group.terms));
  return allOrNothing((keep) => {
    using babies = new BabySteps(evaluator, operands, terms);
    return transforms.map((transform, result) => {
      const sum = sumGiantSteps(evaluator, operands[0], babies, transform.groups);
      babies.finish(result);
      return keep(finish(evaluator, sum, folds[result], rescale));
    });
  });
}

function requireList(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw new TypeError(`${name}: a list was expected, not ${kindOf(value)}`);
}

function requireOperands(evaluator: Evaluator, operands: readonly Ciphertext[]): void {
  requireList("operands", operands);
  if (operands.length === 0) throw new RangeError("operands: a linear transform takes at least one");
  const [{ level }] = operands;
  for (const operand of operands) {
    evaluator.check(operand);
    if (operand.level === level && operand.state === operands[0].state) continue;
    throw new LevelError(
      `a ${operand.state} operand of level ${operand.level} stands beside a ${operands[0].state} one of level ${level}`,
      "bring all of them to one level first (toLevel)",
    );
  }
  requireSlots(...operands);
}

/** That each group has diagonals, of the operands' place, for operands that are there. */
function requireFitting<D extends Plaintext | Ciphertext>(
  operands: readonly Ciphertext[],
  transform: BlockTransform<D>,
): void {
  requireGroups(transform, "{ operand, baby, diagonal }");
  const { groups } = transform;
  if (groups.length === 0 || groups.some(({ terms }) => terms.length === 0)) {
    throw new RangeError(
      "groups: a linear transform takes at least one diagonal in each group, and at least one group",
    );
  }
  for (const term of groups.flatMap((group) => group.terms)) {
    const { diagonal } = term;
    const operand = Number.isInteger(term.operand) ? operands[term.operand] : undefined;
    if (!operand) throw new RangeError(`operand: ${term.operand} is not the place of one of ${operands.length}`);
    requireSlots(operand, diagonal);
    const states = [operand, diagonal].map((value) => (value instanceof Ciphertext ? value.state : "canonical"));
    if (diagonal.level === operand.level && !states.includes("product")) continue;
    throw new LevelError(
      `a diagonal of level ${diagonal.level} (${states[1]}) meets an operand of level ${operand.level} (${states[0]})`,
      "encode or encrypt it at the operand's level, and rescale both",
    );
  }
}

function requireGroups(
  transform: { readonly groups: readonly { readonly terms: readonly unknown[] }[] },
  term: string,
): void {
  const groups: unknown = transform?.groups;
  if (Array.isArray(groups) && groups.every((group) => Array.isArray(group?.terms))) return;
  throw new TypeError(`groups: a list was expected, each { giant, terms: [${term}] }, not ${kindOf(groups)}`);
}
