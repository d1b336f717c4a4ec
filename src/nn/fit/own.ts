import { Polynomial } from "../../ckks/circuits/polynomial.js";
import { ParameterError } from "../../errors.js";
import { linesOf, quadsOf } from "./channels.js";
import { rangeOf, rounded, widened } from "./intervals.js";
import type { Observed } from "./observed.js";
import type { OwnQuadratic } from "./options.js";
import { largestOn, polynomialStandIn, type StandIn } from "./stand-in.js";

export interface OwnRequest {
  readonly margin: number;
  /** Of the layer, for messages. */
  readonly place: string;
}

/**
 * A polynomial of the user's own as it is: lines as affine layers, quadratics as such. In the monomial basis its interval is no
 * part of it, so that it gets the range of the values.
 * @throws ParameterError for lists that are not one number a channel, and for values outside of a Chebyshev polynomial's interval.
 */
export function ownStandIn(
  own: Polynomial | OwnQuadratic,
  f: (x: number) => number,
  observed: Observed,
  { margin, place }: OwnRequest,
): StandIn {
  const seen = rangeOf(observed.channels);
  const range = rounded(widened(seen, margin));
  if (!(own instanceof Polynomial)) return ownQuadratic(own, f, observed, { range, place });
  const [low, high] = own.interval;
  if (own.basis === "chebyshev" && !(low <= seen[0] && seen[1] <= high)) {
    throw new ParameterError(
      `${place} is given values from ${seen[0].toPrecision(3)} to ${seen[1].toPrecision(3)}, outside of the polynomial's [${low}, ${high}]`,
      "make it on an interval that holds them and some more: outside of it a polynomial grows beyond sense",
    );
  }
  const interval = own.basis === "chebyshev" ? own.interval : range;
  const polynomial = own.basis === "chebyshev" ? own : Polynomial.monomial(own.coefficients, range);
  if (own.degree > 2) return polynomialStandIn(polynomial, f, "own");
  const { channelCount } = observed;
  const layer = own.degree <= 1 ? linesOf([polynomial], channelCount) : quadsOf([polynomial], channelCount);
  const largestError = largestOn((x) => polynomial.at(x) - f(x), [interval]);
  const degree = own.degree;
  return { layer, intervals: [interval], degree, levels: Math.max(0, degree - 1), method: "own", largestError };
}

function ownQuadratic(
  { a, b, c }: OwnQuadratic,
  f: (x: number) => number,
  { channelCount }: Observed,
  { range, place }: { readonly range: readonly [number, number]; readonly place: string },
): StandIn {
  const [as, bs, cs] = [a, b, c].map((list) => {
    const own = typeof list === "number" ? new Float64Array(channelCount).fill(list) : Float64Array.from(list);
    if (own.length === channelCount) return own;
    throw new ParameterError(
      `${place}: replace has ${own.length} numbers for ${channelCount} channels`,
      "give a, b and c as one number each, or one number a channel",
    );
  });
  let largestError = 0;
  for (let k = 0; k < channelCount; k++) {
    // The same quadratic as the channel before errs by the same.
    if (k > 0 && as[k] === as[k - 1] && bs[k] === bs[k - 1] && cs[k] === cs[k - 1]) continue;
    largestError = Math.max(
      largestError,
      largestOn((x) => (as[k] * x + bs[k]) * x + cs[k] - f(x), [range]),
    );
  }
  const layer = { op: "quad", a: as, b: bs, c: cs } as const;
  return { layer, intervals: [range], degree: 2, levels: 1, method: "own", largestError };
}
