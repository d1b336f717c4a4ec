import { ParameterError } from "../../errors.js";
import { Polynomial, valueAt } from "./polynomial.js";
import { largestError, remez } from "./remez.js";

/** What is to be fitted, where, and how well. */
export interface FitRequest {
  /** Where the function is taken, and where values of x will lie. */
  readonly interval: readonly [a: number, b: number];
  /** Highest degree: 2^k − 1 makes the most of k levels. */
  readonly degree: number;
  /**
   * "minimax", the default: the least largest error, by Remez's exchange. "chebyshev": interpolation at Chebyshev nodes,
   * quicker, its error within 2 + (2/π)·log(degree + 1) times the least one (4.6 at degree 63): 1.1 times it for exp, 1.6
   * for the sigmoid on [−8, 8], 3.5 for ReLU.
   */
  readonly method?: "minimax" | "chebyshev";
  /** Default true: a function even or odd about the middle, but for a constant, gets as many zeros, which save products. */
  readonly symmetry?: boolean;
}

/** What `fitPolynomial` found. */
export interface Fit {
  /** In the Chebyshev basis, on the interval. */
  readonly polynomial: Polynomial;
  /** Largest |p(x) − f(x)| found on the interval: on 64 points for each degree, 4,096 at least, and between them at peaks. */
  readonly maximumError: number;
  /**
   * No polynomial of this degree errs by less: where both are equal, this one is the best. Above a few units in the last
   * place of doubles they differ by 1 % at most, or the exchange did not end. 0 with "chebyshev".
   */
  readonly leastError: number;
}

/**
 * A polynomial that stands for a function on an interval. Costs (degree)³ operations in doubles for each of a few exchanges:
 * milliseconds at degree 63. Errors below about 2^−48 of the function's size are those of doubles.
 * @throws ParameterError where the function is not finite, or for no interval; RangeError for a degree that is none.
 * Sources: Remez, "Sur la détermination des polynômes d'approximation de degré donnée", 1934; Trefethen, "Approximation
 * theory and approximation practice", SIAM 2013, chapters 4, 10 and 15.
 */
export function fitPolynomial(f: (x: number) => number, request: FitRequest): Fit {
  const { interval, degree, method = "minimax", symmetry = true } = request;
  if (!(Number.isInteger(degree) && degree >= 0)) throw new RangeError(`degree ${degree} is not a whole number`);
  if (method !== "minimax" && method !== "chebyshev") {
    throw new TypeError(`method: "minimax" or "chebyshev" was expected, not ${method}`);
  }
  Polynomial.chebyshev([0], interval); // an interval, or an error
  const g = onUnit(f, interval);
  const kind = symmetry ? symmetryOf(g) : { parity: "none" as const, constant: 0 };
  const indices = indicesOf(kind.parity, degree);
  const target = (u: number) => g(u) - kind.constant;
  const { coefficients, leastError } =
    method === "minimax"
      ? remez(target, { indices, low: kind.parity === "none" ? -1 : 0 })
      : { coefficients: interpolate(target, degree, indices), leastError: 0 };
  coefficients[0] += kind.constant;
  const size = coefficients.reduce((max, c) => Math.max(max, Math.abs(c)), 0);
  // What rounding left where nothing belongs would cost products.
  const kept = coefficients.map((c) => (Math.abs(c) <= ROUNDING * size ? 0 : c));
  const polynomial = Polynomial.chebyshev(kept, interval);
  const error = (u: number) => valueAt(polynomial.coefficients, "chebyshev", u) - g(u);
  const { largest } = largestError(error, -1, Math.max(4096, 64 * (degree + 1)));
  // The bound is proved for exact arithmetic: rounding may leave it above what was reached.
  return { polynomial, maximumError: largest, leastError: Math.min(leastError, largest) };
}

const ROUNDING = 2 ** -51;

/** f on [a, b] as a function on [−1, 1]. @throws ParameterError where it is not finite. */
function onUnit(f: (x: number) => number, [a, b]: readonly [number, number]): (u: number) => number {
  return (u) => {
    const x = Math.min(b, Math.max(a, (a + b + u * (b - a)) / 2));
    const y = f(x);
    if (Number.isFinite(y)) return y;
    throw new ParameterError(`the function is ${y} at ${x}`, "take an interval on which it is finite");
  };
}

interface Symmetry {
  readonly parity: "none" | "even" | "odd";
  /** What an odd function was shifted by. */
  readonly constant: number;
}

/** By 97 pairs of points: what is symmetric there to the last places of doubles is taken to be. */
function symmetryOf(g: (u: number) => number): Symmetry {
  const pairs = Array.from({ length: 97 }, (_, i) => Math.sin((i + 1) * 0.0161)).map((u) => [g(u), g(-u)]);
  const largest = pairs.flat().reduce((max, y) => Math.max(max, Math.abs(y)), 0);
  const tolerance = largest * 2 ** -48;
  if (pairs.every(([right, left]) => Math.abs(right - left) <= tolerance)) return { parity: "even", constant: 0 };
  const constant = (pairs[0][0] + pairs[0][1]) / 2;
  if (pairs.every(([right, left]) => Math.abs(right + left - 2 * constant) <= 2 * tolerance)) {
    return { parity: "odd", constant: Math.abs(constant) <= tolerance ? 0 : constant };
  }
  return { parity: "none", constant: 0 };
}

/** Of the Chebyshev polynomials that may occur. */
function indicesOf(parity: Symmetry["parity"], degree: number): number[] {
  const all = Array.from({ length: degree + 1 }, (_, n) => n);
  return all.filter((n) => parity === "none" || n % 2 === (parity === "even" ? 0 : 1));
}

/** c_j = (2 − [j = 0])/(n + 1)·Σ_k f(cos θ_k)·cos(j·θ_k) at θ_k = (k + 1/2)·π/(n + 1): a discrete cosine transform. */
function interpolate(f: (u: number) => number, degree: number, indices: readonly number[]): number[] {
  const count = degree + 1;
  const angles = Array.from({ length: count }, (_, k) => ((k + 0.5) * Math.PI) / count);
  const values = angles.map((angle) => f(Math.cos(angle)));
  const coefficients = new Array<number>(count).fill(0);
  for (const j of indices) {
    const sum = angles.reduce((total, angle, k) => total + values[k] * Math.cos(j * angle), 0);
    coefficients[j] = ((j === 0 ? 1 : 2) / count) * sum;
  }
  return coefficients;
}
