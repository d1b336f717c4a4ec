import type { Ciphertext } from "../../ckks/ciphertext.js";
import type { Evaluator } from "../../ckks/evaluator.js";
import { guardOf, type StepNumbers } from "./numbers.js";
import type { Program } from "./program.js";
import { encryptedRun } from "./run.js";
import type { Algebra } from "./walk.js";

/** What each step does to ciphertexts in throughput mode. `numbers[i]` are those of step i. */
export function numbersRun(
  evaluator: Evaluator,
  program: Program,
  numbers: readonly StepNumbers[],
): Algebra<Ciphertext> {
  return {
    ...encryptedRun(evaluator, program, []),
    combine: ({ readout }, inputs, index) => {
      const { level } = inputs[0];
      const { rows, constants } = numbers[index];
      if (!readout) return evaluator.linearSums(inputs, rows, constants, level);
      // Weights times 1 + i·GUARD: i is a polynomial, and costs no level.
      const guard = guardOf(numbers[index]);
      const sums = evaluator.linearSums(inputs, [...rows, ...guard.rows], [...constants, ...guard.constants], level);
      try {
        return rows.map((_, r) => {
          using turned = evaluator.timesI(sums[rows.length + r]);
          return evaluator.add(sums[r], turned);
        });
      } finally {
        for (const sum of sums) sum[Symbol.dispose]();
      }
    },
    // Nothing is folded in between: one division drops the key switch's primes and the level's.
    square: (_step, [x]) => [evaluator.square(x)],
    multiply: (_step, [x, y]) => [evaluator.multiply(x, y)],
    quad: (_step, [x], index) => {
      const [a, b, c] = numbers[index].constants;
      using square = evaluator.square(x);
      const terms = [
        [square, a],
        [x, b],
      ] as const;
      using sum = evaluator.linearSum({ terms, constant: c }, square.level);
      return [evaluator.rescale(sum)];
    },
    shift: (_step, [x], index) => [evaluator.add(x, numbers[index].constants[0])],
  };
}
