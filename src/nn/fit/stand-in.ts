import { Polynomial } from "../../ckks/circuits/polynomial.js";
import { polynomialCost } from "../../ckks/circuits/polynomial-plan.js";
import type { Affine, PolynomialLayer, Quad } from "../graph/network.js";
import type { Interval } from "./intervals.js";
import type { FitMethod } from "./options.js";

/** What stands for an activation. */
export interface StandIn {
  /** Without `inputs`. */
  readonly layer: Affine | Quad | PolynomialLayer;
  /** Where it stands for the function: one for all channels, or one for each. */
  readonly intervals: readonly Interval[];
  /** Of the polynomial. */
  readonly degree: number;
  /** Under encryption, see `FittedLayer`. */
  readonly levels: number;
  /** "exact": the function is a line on its range. "own": the user's. */
  readonly method: FitMethod | "exact" | "own";
  /** Largest |p(x) − f(x)| on its intervals. */
  readonly largestError: number;
}

/** A polynomial of all channels, on its interval. */
export function polynomialStandIn(
  polynomial: Polynomial,
  f: (x: number) => number,
  method: StandIn["method"],
): StandIn {
  const { interval, degree } = polynomial;
  const largestError = largestOn((x) => polynomial.at(x) - f(x), [interval]);
  const layer: PolynomialLayer = { op: "polynomial", polynomial };
  return { layer, intervals: [interval], degree, levels: levelsOf(polynomial), method, largestError };
}

/** Largest |f| on 4,097 points of each interval, and at 0, where many a function has its corner. */
export function largestOn(f: (x: number) => number, intervals: readonly Interval[]): number {
  let largest = 0;
  for (const [low, high] of intervals) {
    for (let k = 0; k <= 4096; k++) largest = Math.max(largest, Math.abs(f(low + ((high - low) * k) / 4096)));
    if (low < 0 && high > 0) largest = Math.max(largest, Math.abs(f(0)));
  }
  return largest;
}

/** With its variable in the linear map that gives x, as folding leaves it. */
function levelsOf(polynomial: Polynomial): number {
  if (polynomial.basis === "monomial") return polynomialCost(polynomial).levels;
  return polynomialCost(Polynomial.chebyshev(polynomial.coefficients)).levels;
}
