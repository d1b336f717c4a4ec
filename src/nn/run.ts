import { Ciphertext, type Plaintext } from "../ckks/ciphertext.js";
import { fold, linearTransform } from "../ckks/circuits/linear-transform.js";
import type { Evaluator } from "../ckks/evaluator.js";
import type { StepOperands } from "./operands.js";
import type { Step } from "./program.js";

/**
 * Runs one step of a program on a ciphertext: the encrypted counterpart of `simulate`. Gives one ciphertext, a readout
 * one for each class.
 */
export function runStep(
  evaluator: Evaluator,
  step: Step,
  operands: StepOperands<Ciphertext | Plaintext>,
  x: Ciphertext,
): Ciphertext[] {
  switch (operands.kind) {
    case "linear": {
      using product = linearTransform(evaluator, x, { groups: operands.groups, folds: step.folds });
      return [evaluator.add(product, operands.bias)];
    }
    case "square":
      return [finish(evaluator, evaluator.tensor(x, x), step.folds)];
    case "quad": {
      using square = evaluator.square(x);
      using lowered = evaluator.toLevel(x, square.level);
      using sum = finish(
        evaluator,
        sumOfProducts(evaluator, [
          [square, operands.a],
          [lowered, operands.b],
        ]),
        step.folds,
      );
      return [evaluator.add(sum, operands.c)];
    }
    case "readout":
      return operands.weights.map((weights, j) => {
        using sum = finish(evaluator, sumOfProducts(evaluator, [[x, weights]]), step.folds);
        return evaluator.add(sum, operands.biases[j]);
      });
  }
}

/** At the square of the scale: in three parts where the weights are encrypted. */
function sumOfProducts(
  evaluator: Evaluator,
  pairs: readonly (readonly [Ciphertext, Ciphertext | Plaintext])[],
): Ciphertext {
  return pairs[0][1] instanceof Ciphertext
    ? evaluator.tensorSum(pairs as readonly (readonly [Ciphertext, Ciphertext])[])
    : evaluator.multiplyPlaintextSum(pairs as readonly (readonly [Ciphertext, Plaintext])[]);
}

/** Relinearises a product, folds it while it is unrescaled, and rescales it. Takes `product` over. */
function finish(evaluator: Evaluator, product: Ciphertext, folds: readonly number[]): Ciphertext {
  using owned = product;
  using relinearized = evaluator.relinearize(owned);
  using folded = fold(evaluator, relinearized, folds);
  return evaluator.rescale(folded);
}
