import { fitPolynomial } from "../../ckks/circuits/fit.js";
import { Polynomial } from "../../ckks/circuits/polynomial.js";
import { ParameterError } from "../../errors.js";
import { activationOf } from "../graph/activations.js";
import type { Activation } from "../graph/network.js";
import { channelFits, linesOf, quadsOf } from "./channels.js";
import { type Interval, isOdd, rangeOf, rounded, symmetric, widened } from "./intervals.js";
import { leastSquares } from "./least-squares.js";
import type { Observed } from "./observed.js";
import { HIGHEST_DEGREE, type Wish } from "./options.js";
import { ownStandIn } from "./own.js";
import { countOf, pointsOf } from "./points.js";
import { largestOn, polynomialStandIn, type StandIn } from "./stand-in.js";

/** Degrees that make the most of their levels. */
const DEGREES = [1, 2, 3, 7, 15, 31, HIGHEST_DEGREE];
/** A function that is a line up to so much is left to be one. */
const STRAIGHT = 2 ** -44;
/** What the whole interval weighs beside the values in least squares of higher degrees, which are wild where nothing holds them. */
const INTERVAL_SHARE = 2 ** -8;

/** @throws ParameterError where no degree keeps the error, or a polynomial of the user's own is not made for these values. */
export function standInFor(activation: Activation, observed: Observed, wish: Wish, place: string): StandIn {
  const f = activationOf(activation);
  if (wish.replace) return ownStandIn(wish.replace, f, observed, { margin: wish.margin, place });
  const range = widened(rangeOf(observed.channels), wish.margin);
  const size = largestOn(f, [range]);
  const line = fitPolynomial(f, { interval: range, degree: 1 });
  if (line.maximumError <= STRAIGHT * size) return straight(f, range, observed.channelCount);
  const { method, maximumDegree } = wish;
  const { by, value } = wish.goal;
  if (by !== "error") return fitted(f, observed, wish, by === "degree" ? value : value === 1 ? 2 : 2 ** value - 1);
  const most = value * size;
  const degrees = DEGREES.filter((degree) => degree < maximumDegree).concat(maximumDegree);
  let reached = Number.POSITIVE_INFINITY;
  for (const degree of degrees) {
    // Nothing of this degree errs by less on the range, whatever the method.
    const best = fitted(f, observed, { ...wish, method: "minimax" }, degree, degree < maximumDegree ? most : Infinity);
    if (best && best.largestError <= most) return method === "minimax" ? best : fitted(f, observed, wish, degree);
    reached = Math.min(reached, best?.largestError ?? Number.POSITIVE_INFINITY);
  }
  if (!wish.demanded) return fitted(f, observed, wish, maximumDegree);
  throw unreachable(wish, { place, range, wanted: most, reached });
}

function fitted(f: (x: number) => number, observed: Observed, wish: Wish, degree: number): StandIn;
function fitted(
  f: (x: number) => number,
  observed: Observed,
  wish: Wish,
  degree: number,
  most: number,
): StandIn | undefined;
/** Undefined where a channel errs by more than `most`: then nobody needs to know by how much the others do. */
function fitted(
  f: (x: number) => number,
  observed: Observed,
  wish: Wish,
  degree: number,
  most = Number.POSITIVE_INFINITY,
) {
  const { margin, perChannel, method } = wish;
  if (degree <= 2) {
    const found = channelFits(f, observed, { degree, method, margin, perChannel, most });
    if (!found) return undefined;
    const polynomials = found.map(({ polynomial }) => polynomial);
    const { channelCount } = observed;
    const layer = degree === 1 ? linesOf(polynomials, channelCount) : quadsOf(polynomials, channelCount);
    const largestError = found.reduce((largest, fit) => Math.max(largest, fit.largestError), 0);
    const intervals = polynomials.map((polynomial) => polynomial.interval);
    return { layer, intervals, degree, levels: degree - 1, method, largestError } satisfies StandIn;
  }
  const interval = rounded(symmetric(f, widened(rangeOf(observed.channels), margin)));
  if (method === "minimax") return polynomialStandIn(fitPolynomial(f, { interval, degree }).polynomial, f, method);
  const spread = { interval, weight: INTERVAL_SHARE * countOf(observed.channels) };
  const points = pointsOf(observed.channels, degree, f, [spread]);
  return polynomialStandIn(leastSquares(points, { interval, degree, odd: isOdd(f, interval) }), f, method);
}

/** A clip that clips nothing, a ReLU of positive values: folded away, and no level. */
function straight(f: (x: number) => number, range: Interval, channels: number): StandIn {
  const [low, high] = range;
  const slope = (f(high) - f(low)) / (high - low);
  const line = Polynomial.monomial([f(low) - slope * low, slope], range);
  const largestError = largestOn((x) => line.at(x) - f(x), [range]);
  const layer = linesOf([line], channels);
  return { layer, intervals: [range], degree: line.degree, levels: 0, method: "exact", largestError };
}

function unreachable(
  { maximumDegree }: Wish,
  { place, range, wanted, reached }: { place: string; range: Interval; wanted: number; reached: number },
): ParameterError {
  const on = `[${range.map((end) => end.toPrecision(3)).join(", ")}]`;
  const way = maximumDegree < HIGHEST_DEGREE ? `maximumDegree up to ${HIGHEST_DEGREE}, ` : "";
  return new ParameterError(
    `${place} on ${on} errs by ${reached.toPrecision(2)} at degree ${maximumDegree}, more than the ${wanted.toPrecision(2)} that are wanted`,
    `take ${way}a larger error or a degree for it, or train with batch norm before it, which narrows its range`,
  );
}
