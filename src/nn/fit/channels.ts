import { fitPolynomial } from "../../ckks/circuits/fit.js";
import type { Polynomial } from "../../ckks/circuits/polynomial.js";
import type { Affine, Quad } from "../graph/network.js";
import { type Interval, leastWidth, rangeOf, widened, within } from "./intervals.js";
import { leastSquares } from "./least-squares.js";
import type { ChannelValues, Observed } from "./observed.js";
import type { FitMethod } from "./options.js";
import { countOf, pointsOf } from "./points.js";

/** What a channel's range weighs beside its values: as much as so many of them. */
const RANGE_VALUES = 16;
/**
 * What the interval, margins included, weighs beside all values. With nothing, what is 1.5 times larger than the images sends a
 * chain of four quadratics eight times off; with this, two or three times, for a third more error where values are many.
 */
const INTERVAL_SHARE = 2 ** -10;

export interface ChannelRequest {
  readonly degree: number;
  readonly method: FitMethod;
  readonly margin: number;
  readonly perChannel: boolean;
  /** No fit is of use that errs by more: then none is made. */
  readonly most: number;
}

export interface ChannelFit {
  /** In the Chebyshev basis, of degree 2 at most. */
  readonly polynomial: Polynomial;
  /** Largest |p(x) − f(x)| on its interval. */
  readonly largestError: number;
}

/** One for each channel, or one for all; undefined where one of them errs by more than `most`. */
export function channelFits(
  f: (x: number) => number,
  observed: Observed,
  request: ChannelRequest,
): ChannelFit[] | undefined {
  const { perChannel, margin, most } = request;
  const layer = rangeOf(observed.channels);
  const outer = widened(layer, margin);
  if (!perChannel || observed.channels.length === 1) {
    const fit = fitOne(f, observed.channels, { ...request, inner: widened(layer, 1), interval: outer });
    return fit.largestError <= most ? [fit] : undefined;
  }
  const least = leastWidth(layer);
  const each = observed.channels.map((channel) => {
    const range: Interval = [channel.low, channel.high];
    return { channel, inner: widened(range, 1, least), interval: within(widened(range, margin, least), outer) };
  });
  const fits = new Array<ChannelFit>(each.length);
  // The widest range as a rule is the hardest: where it cannot be had the others need not be looked at.
  const width = (c: number) => each[c].interval[1] - each[c].interval[0];
  for (const c of each.map((_, index) => index).sort((a, b) => width(b) - width(a))) {
    const { channel, inner, interval } = each[c];
    fits[c] = fitOne(f, [channel], { ...request, inner, interval });
    if (!(fits[c].largestError <= most)) return undefined;
  }
  return fits;
}

function fitOne(
  f: (x: number) => number,
  channels: readonly ChannelValues[],
  { degree, method, inner, interval }: ChannelRequest & { readonly inner: Interval; readonly interval: Interval },
): ChannelFit {
  if (method === "minimax") {
    const { polynomial, maximumError } = fitPolynomial(f, { interval, degree });
    return { polynomial, largestError: maximumError };
  }
  const spreads = [
    { interval: inner, weight: RANGE_VALUES },
    { interval, weight: INTERVAL_SHARE * countOf(channels) },
  ];
  const polynomial = leastSquares(pointsOf(channels, degree, f, spreads), { interval, degree });
  let largestError = 0;
  const look = (x: number) => (largestError = Math.max(largestError, Math.abs(polynomial.at(x) - f(x))));
  for (let k = 0; k <= 512; k++) look(interval[0] + ((interval[1] - interval[0]) * k) / 512);
  if (interval[0] < 0 && interval[1] > 0) look(0);
  return { polynomial, largestError };
}

/** y = scale·x + offset, of polynomials of degree 1 at most: one for each channel, or one for all. */
export function linesOf(polynomials: readonly Polynomial[], channels: number): Affine {
  const [offset, scale] = coefficientLists(polynomials, channels);
  return { op: "affine", scale, offset };
}

/** y = a·x² + b·x + c, of polynomials of degree 2 at most. */
export function quadsOf(polynomials: readonly Polynomial[], channels: number): Quad {
  const [c, b, a] = coefficientLists(polynomials, channels);
  return { op: "quad", a, b, c };
}

function coefficientLists(polynomials: readonly Polynomial[], channels: number): Float64Array[] {
  const powers = polynomials.map(powersOf);
  return [0, 1, 2].map((n) =>
    Float64Array.from({ length: channels }, (_, c) => powers[powers.length === 1 ? 0 : c][n]),
  );
}

/** Coefficients of 1, x, x². */
function powersOf({ basis, coefficients, interval: [low, high] }: Polynomial): [number, number, number] {
  const [c0, c1 = 0, c2 = 0] = coefficients;
  if (basis === "monomial") return [c0, c1, c2];
  const factor = 2 / (high - low);
  const shift = -(low + high) / (high - low);
  return [c0 + c1 * shift + c2 * (2 * shift * shift - 1), (c1 + 4 * c2 * shift) * factor, 2 * c2 * factor * factor];
}
