import { Ciphertext, type Plaintext } from "../../ckks/ciphertext.js";
import { evaluatePolynomial } from "../../ckks/circuits/evaluate-polynomial.js";
import { type Fold, foldAndRescale } from "../../ckks/circuits/folds.js";
import { type BlockTransform, linearTransforms } from "../../ckks/circuits/linear-transform.js";
import type { Evaluator } from "../../ckks/evaluator.js";
import { polynomialOf } from "./doubles.js";
import { foldsOfStep, pairedBy } from "./pairing.js";
import type { LinearStep, Program } from "./program.js";
import type { Algebra } from "./walk.js";

type Operand = Ciphertext | Plaintext;

/** What each step does to ciphertexts. `operands[i]` are those of step i, in the order of `operandLevels`. */
export function encryptedRun(
  evaluator: Evaluator,
  program: Program,
  operands: readonly (readonly Operand[])[],
): Algebra<Ciphertext> {
  const { values } = program;
  return {
    combine: (step) => {
      throw new TypeError(`layer ${step.layer} takes numbers: see numbersRun`);
    },
    linear: (step, inputs, index) => {
      if (pairedBy(program, step).length === 0) return multiply(evaluator, step, operands[index], inputs);
      const pairs: Ciphertext[] = [];
      try {
        for (const x of inputs) pairs.push(paired(evaluator, x, step.pair!));
        return multiply(evaluator, step, operands[index], pairs);
      } finally {
        for (const pair of pairs) pair[Symbol.dispose]();
      }
    },
    square: ({ folds }, [x]) => [finish(evaluator, evaluator.tensor(x, x), folds)],
    multiply: ({ folds }, [x, y]) => [finish(evaluator, evaluator.tensor(x, y), folds)],
    quad: ({ folds }, [x], index) => {
      const [a, b, c] = operands[index];
      using square = evaluator.square(x);
      using lowered = evaluator.toLevel(x, square.level);
      const pairs = [
        [square, a],
        [lowered, b],
      ] as const;
      using sum = finish(evaluator, sumOfProducts(evaluator, pairs), folds);
      return [evaluator.add(sum, c)];
    },
    polynomial: (step, [x]) => [evaluatePolynomial(evaluator, x, polynomialOf(step))],
    add: (_step, inputs) => [sumOf(evaluator, inputs)],
    shift: (_step, [x], index) => [evaluator.add(x, operands[index][0])],
    lower: (step, [x]) => [evaluator.toLevel(x, values[step.outputs[0]].level)],
  };
}

/** x + i·rotate(x, by). */
function paired(evaluator: Evaluator, x: Ciphertext, by: number): Ciphertext {
  using rotated = evaluator.rotate(x, by);
  using imaginary = evaluator.timesI(rotated);
  return evaluator.add(x, imaginary);
}

function multiply(
  evaluator: Evaluator,
  step: LinearStep,
  operands: readonly Operand[],
  inputs: readonly Ciphertext[],
): Ciphertext[] {
  const groups: { giant: number; terms: { operand: number; baby: number; diagonal: Operand }[] }[][] = step.outputs.map(
    () => [],
  );
  let at = 0;
  for (const { output, giant, terms } of step.groups) {
    groups[output].push({
      giant,
      terms: terms.map(({ input, baby }) => ({ operand: input, baby, diagonal: operands[at++] })),
    });
  }
  const transforms = groups.map((each): BlockTransform<Operand> => ({ groups: each, folds: foldsOfStep(step) }));
  const products = linearTransforms(evaluator, inputs, transforms);
  try {
    return products.map((product) => evaluator.add(product, operands[at++]));
  } finally {
    for (const product of products) product[Symbol.dispose]();
  }
}

function sumOf(evaluator: Evaluator, [first, second, ...rest]: readonly Ciphertext[]): Ciphertext {
  let sum = evaluator.add(first, second);
  for (const each of rest) {
    using before = sum;
    sum = evaluator.add(before, each);
  }
  return sum;
}

/** At the square of the scale: in three parts where the weights are encrypted. */
function sumOfProducts(evaluator: Evaluator, pairs: readonly (readonly [Ciphertext, Operand])[]): Ciphertext {
  return pairs[0][1] instanceof Ciphertext
    ? evaluator.tensorSum(pairs as readonly (readonly [Ciphertext, Ciphertext])[])
    : evaluator.multiplyPlaintextSum(pairs as readonly (readonly [Ciphertext, Plaintext])[]);
}

/** Takes `product` over. */
function finish(evaluator: Evaluator, product: Ciphertext, folds: readonly Fold[]): Ciphertext {
  using owned = product;
  return foldAndRescale(evaluator, owned, folds);
}
