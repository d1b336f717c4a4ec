import { Polynomial } from "../../ckks/circuits/polynomial.js";
import type { SlotValues } from "../../ckks/encoder.js";
import type { StepNumbers } from "./numbers.js";
import type { LinearStep, PolynomialStep } from "./program.js";
import type { Algebra } from "./walk.js";

/** What each step means for slots of doubles; `vectors` are a step's operands, in throughput mode `numbers`. */
export function doubles(
  vectors: (step: number) => Iterable<SlotValues>,
  numbers?: (step: number) => StepNumbers,
): Algebra<Float64Array> {
  if (numbers) return doublesOfNumbers(numbers);
  const vectorsOf = (index: number) => Array.from(vectors(index), realPart);
  return {
    combine: (step) => {
      throw new TypeError(`layer ${step.layer} takes numbers`);
    },
    linear: (step, inputs, index) => multiply(step, [...vectors(index)], inputs),
    square: ({ folds }, [x]) => [
      fold(
        x.map((value) => value * value),
        folds,
      ),
    ],
    multiply: ({ folds }, [x, y]) => [
      fold(
        x.map((value, i) => value * y[i]),
        folds,
      ),
    ],
    quad: ({ folds }, [x], index) => {
      const [a, b, c] = vectorsOf(index);
      return [
        add(
          fold(
            x.map((value, i) => (a[i] * value + b[i]) * value),
            folds,
          ),
          c,
        ),
      ];
    },
    polynomial: (step, [x]) => {
      const polynomial = polynomialOf(step);
      return [x.map((value) => polynomial.at(value))];
    },
    add: (_step, inputs) => [inputs.reduce(add)],
    shift: (_step, [x], index) => [add(x, vectorsOf(index)[0])],
    lower: (_step, [x]) => [x],
  };
}

function doublesOfNumbers(numbers: (step: number) => StepNumbers): Algebra<Float64Array> {
  return {
    ...doubles(() => []),
    combine: (_step, inputs, index) => {
      const { rows, constants } = numbers(index);
      return rows.map(({ of, factors }, r) => {
        const sum = new Float64Array(inputs[0].length).fill(constants[r]);
        for (let k = 0; k < of.length; k++) {
          const [x, factor] = [inputs[of[k]], factors[k]];
          for (let i = 0; i < sum.length; i++) sum[i] += factor * x[i];
        }
        return sum;
      });
    },
    quad: (_step, [x], index) => {
      const [a, b, c] = numbers(index).constants;
      return [x.map((value) => (a * value + b) * value + c)];
    },
    shift: (_step, [x], index) => {
      const [offset] = numbers(index).constants;
      return [x.map((value) => value + offset)];
    },
  };
}

/** Kept by step: how a polynomial is evaluated is planned once for each of these objects, not once an image. */
const polynomials = new WeakMap<PolynomialStep, Polynomial>();

/** The polynomial that a step computes. */
export function polynomialOf(step: PolynomialStep): Polynomial {
  let polynomial = polynomials.get(step);
  if (!polynomial) polynomials.set(step, (polynomial = makePolynomial(step)));
  return polynomial;
}

function makePolynomial({ basis, coefficients, interval }: PolynomialStep): Polynomial {
  return basis === "monomial"
    ? Polynomial.monomial(coefficients, interval)
    : Polynomial.chebyshev(coefficients, interval);
}

/** Σ_g rotate(Σ u ⊙ rotate(x, baby), g) of each output, its folds and its bias. */
function multiply(step: LinearStep, vectors: readonly SlotValues[], inputs: readonly Float64Array[]): Float64Array[] {
  const sums = step.outputs.map(() => new Float64Array(inputs[0].length));
  let at = 0;
  for (const { output, giant, terms } of step.groups) {
    for (const { input, baby } of terms) {
      addProduct(sums[output], vectors[at++], inputs[input], { giant, baby, pair: step.pair });
    }
  }
  return sums.map((sum) => add(fold(sum, step.folds), realPart(vectors[at++])));
}

/**
 * sum += rotate(u ⊙ rotate(x, baby), giant); with a `pair` twice the real part of that for x + i·rotate(x, pair), which is all that is
 * left of it.
 */
export function addProduct(
  sum: Float64Array,
  u: SlotValues,
  x: Float64Array,
  { giant, baby, pair }: { readonly giant: number; readonly baby: number; readonly pair?: number | undefined },
): void {
  const mask = x.length - 1;
  const real = realPart(u);
  if (pair === undefined) {
    for (let i = 0; i < x.length; i++) sum[(i - giant) & mask] += real[i] * x[(i + baby) & mask];
    return;
  }
  const { imaginary } = u as { readonly imaginary: ArrayLike<number> };
  for (let i = 0; i < x.length; i++) {
    const second = imaginary[i] * x[(i + baby + pair) & mask];
    sum[(i - giant) & mask] += 2 * (real[i] * x[(i + baby) & mask] - second);
  }
}

/** y += Σ rotate(y, step), one list of steps after another. */
export function fold(values: Float64Array, folds: readonly (readonly number[])[]): Float64Array {
  const mask = values.length - 1;
  return folds.reduce(
    (y, steps) => y.map((value, j) => steps.reduce((sum, step) => sum + y[(j + step) & mask], value)),
    values,
  );
}

export function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]);
}

/** Of a vector, which may be real. */
export function realPart(values: SlotValues): Float64Array {
  const real = "real" in values ? values.real : values;
  return real instanceof Float64Array ? real : Float64Array.from(real as ArrayLike<number>);
}
