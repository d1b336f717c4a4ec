import { Evaluation } from "../../ckks/circuits/evaluate-polynomial.js";
import { noisyFinish, noisyFoldAndRescale, noisyTransform } from "../../ckks/circuits/noisy-transform.js";
import { planPolynomials } from "../../ckks/circuits/polynomial-plan.js";
import { type NoisyEvaluator, type NoisyOperand, NoisyValue } from "../../ckks/noisy.js";
import { polynomialOf } from "./doubles.js";
import { foldsOfStep, pairedBy } from "./pairing.js";
import type { LinearStep, Program } from "./program.js";
import type { Algebra } from "./walk.js";

/** What a noisy run needs beside the program. */
export interface NoisyRun {
  readonly evaluator: NoisyEvaluator;
  /** `operands[i]`: the noise of step i's, in the order of `operandLevels`; `NoisyValue`s where weights are encrypted. */
  readonly operands: readonly (readonly NoisyOperand[])[];
  /** Whether there are both keys for rotating a product by these steps at that level. */
  readonly productKey: (giant: number, level: number) => boolean;
  /** Called with each result of a step before its folds. */
  readonly beforeFolds?: (value: NoisyValue) => void;
}

/** What each step does to the noise of ciphertexts: `encryptedRun` without them. */
export function noisyRun(program: Program, run: NoisyRun): Algebra<NoisyValue> {
  const { values } = program;
  const { evaluator, productKey, beforeFolds = () => {} } = run;
  const finish = (product: NoisyValue, folds: LinearStep["folds"]): NoisyValue => {
    beforeFolds(product.parts === 3 ? evaluator.relinearize(product) : product);
    return noisyFoldAndRescale(evaluator, product, folds);
  };
  const plus = (a: NoisyValue, b: NoisyOperand) =>
    b instanceof NoisyValue ? evaluator.add(a, b) : evaluator.addPlain(a, b);
  return {
    combine: (step) => {
      throw new TypeError(`layer ${step.layer} takes numbers, whose noise the network decides`);
    },
    linear(step, inputs, index) {
      const of = run.operands[index];
      let at = 0;
      const groups = step.groups.map(({ output, giant, terms }) => ({
        output,
        giant,
        terms: terms.map(({ input, baby }) => ({ operand: input, baby, diagonal: of[at++] })),
      }));
      const { level } = inputs[0];
      const pairs = pairedBy(program, step).length > 0;
      const operands = pairs ? inputs.map((x) => evaluator.add(x, evaluator.rotate(x, step.pair!))) : inputs;
      const sums = step.outputs.map((_, output) => {
        const own = groups.filter((group) => group.output === output);
        const sum = noisyTransform(evaluator, operands, own, (giant) => productKey(giant, level));
        beforeFolds(sum);
        return noisyFinish(evaluator, sum, foldsOfStep(step));
      });
      return sums.map((sum) => plus(sum, of[at++]));
    },
    square: ({ folds }, [x]) => [finish(evaluator.tensorSum([[x, x]]), folds)],
    multiply: ({ folds }, [x, y]) => [finish(evaluator.tensorSum([[x, y]]), folds)],
    quad({ folds }, [x], index) {
      const [a, b, c] = run.operands[index];
      const square = evaluator.sumOfProducts([[x, x]]);
      const lowered = evaluator.toLevel(x, square.level);
      const sum =
        a instanceof NoisyValue
          ? evaluator.tensorSum([
              [square, a],
              [lowered, b as NoisyValue],
            ])
          : evaluator.multiplyPlaintextSum([
              [square, a],
              [lowered, b],
            ]);
      return [plus(finish(sum, folds), c)];
    },
    polynomial(step, [x]) {
      const plan = planPolynomials([polynomialOf(step)], {});
      return new Evaluation<NoisyValue>(evaluator, plan, x).results();
    },
    add: (_step, inputs) => [inputs.reduce((sum, each) => evaluator.add(sum, each))],
    shift: (_step, [x], index) => [plus(x, run.operands[index][0])],
    lower: (step, [x]) => [evaluator.toLevel(x, values[step.outputs[0]].level)],
  };
}
