import { Polynomial } from "../../ckks/circuits/polynomial.js";
import type { Interval } from "./intervals.js";

/** Which polynomial is looked for. */
export interface LeastSquaresRequest {
  readonly interval: Interval;
  readonly degree: number;
  /** A constant and odd Chebyshev polynomials only, which save products. False unless said. */
  readonly odd?: boolean;
}

/** Where squares of errors are summed up. */
export interface WeightedPoints {
  readonly at: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
  /** What is wanted there. */
  readonly target: ArrayLike<number>;
}

/**
 * The polynomial with the least Σ weight·(p(x) − target)² over the points, in the Chebyshev basis on the interval. Costs
 * points·degree² operations. Points on at least degree + 1 places are needed; a coefficient that they leave open is 0.
 * Source: Björck, "Numerical methods for least squares problems", SIAM 1996, section 2.4 (modified Gram and Schmidt, with
 * the right-hand side as one more column).
 */
export function leastSquares(
  { at, weight, target }: WeightedPoints,
  { interval, degree, odd = false }: LeastSquaresRequest,
): Polynomial {
  const [low, high] = interval;
  const roots = Float64Array.from(weight, Math.sqrt);
  const variable = Float64Array.from(at, (x) => (x - low - (high - x)) / (high - low));
  // T_n = 2u·T_(n−1) − T_(n−2), which weights do not disturb.
  const all = [roots.slice(), roots.map((root, i) => root * variable[i])];
  for (let n = 2; n <= degree; n++) all.push(all[n - 1].map((value, i) => 2 * variable[i] * value - all[n - 2][i]));
  const indices = all.map((_, n) => n).filter((n) => n <= degree && (!odd || n === 0 || n % 2 === 1));
  const columns = indices.map((n) => all[n]);
  const coefficients = new Array<number>(degree + 1).fill(0);
  const wanted = roots.map((root, i) => root * target[i]);
  for (const [k, value] of solved(columns, wanted).entries()) coefficients[indices[k]] = value;
  return Polynomial.chebyshev(coefficients, interval);
}

/** Of the columns, which it overwrites, so many each that the sum is nearest to the target. */
function solved(columns: readonly Float64Array[], target: Float64Array): Float64Array {
  const upper = columns.map(() => new Float64Array(columns.length));
  for (const [n, column] of columns.entries()) {
    const before = norm(column);
    // Twice is enough: what rounding leaves of the others after the first time goes in the second.
    for (let time = 0; time < 2; time++) for (let k = 0; k < n; k++) upper[k][n] += removed(columns[k], column);
    const size = norm(column);
    // What is left of a column that the others give already is rounding.
    upper[n][n] = size <= 2 ** -40 * before ? 0 : size;
    for (let i = 0; i < column.length; i++) column[i] = upper[n][n] === 0 ? 0 : column[i] / size;
  }
  const solution = Float64Array.from(columns, (column) => removed(column, target));
  for (let n = columns.length - 1; n >= 0; n--) {
    for (let k = n + 1; k < columns.length; k++) solution[n] -= upper[n][k] * solution[k];
    solution[n] = upper[n][n] === 0 ? 0 : solution[n] / upper[n][n];
  }
  return solution;
}

/** Takes the part along the unit vector out of `column`, and gives its length. */
function removed(unit: Float64Array, column: Float64Array): number {
  let along = 0;
  for (let i = 0; i < unit.length; i++) along += unit[i] * column[i];
  for (let i = 0; i < unit.length; i++) column[i] -= along * unit[i];
  return along;
}

function norm(column: Float64Array): number {
  return Math.sqrt(column.reduce((sum, value) => sum + value * value, 0));
}
