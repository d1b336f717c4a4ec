/**
 * How a quadratic a·x² + b·x + c is written as A·(k·(x + s))² + t, one for each channel. s = b/2a says how it would be, and
 * fails where a is small: the square then holds s² and the image in its last digits, at a = 0 there is none. What counts is a
 * beside b over the values that x takes: u = (x − m)/h in [−1, 1], and σ, where the square's foot lies, in half-widths h.
 */
import type { Quad } from "../graph/network.js";

/** Smallest and largest value that each channel of a quadratic takes. */
export interface ChannelRanges {
  /** The smallest, by channel. */
  readonly low: Float64Array;
  /** The largest, by channel. */
  readonly high: Float64Array;
}

/** For each channel, a·x² + b·x + c = factor·(scale·(x + shift))² + rest. */
export interface CompletedSquare {
  readonly shift: Float64Array;
  /** Powers of two: channels whose foot is far away are brought to the size of the others. */
  readonly scale: Float64Array;
  readonly factor: Float64Array;
  readonly rest: Float64Array;
}

/**
 * A foot further away than this many half-widths is taken to be there: the quadratic bends more than it should, by 1/4σ of its
 * slope at most where x keeps to its range (2^−11), while the noise under encryption is σ/reach slot errors of it. Both together
 * are least around here; either alone grows in proportion.
 */
const FARTHEST = 2 ** 9;
/** The same where no range is known and nothing is encrypted: what bends and what doubles round are both 10^−8. */
const FARTHEST_IN_DOUBLES = 2 ** 25;
/** Feet up to here are ordinary: squares of such channels are brought to no other size. */
const NEAR = 8;
/** A channel that is nearly constant over the images may vary a little more on others. */
const LEAST_SHARE = 2 ** -6;

/** @param ranges of the values over calibration images; without them they are taken to be [−1, 1], and almost exact */
export function completed({ a, b, c }: Pick<Quad, "a" | "b" | "c">, ranges?: ChannelRanges): CompletedSquare {
  const farthest = ranges ? FARTHEST : FARTHEST_IN_DOUBLES;
  const middle = a.map((_, k) => (ranges ? (ranges.low[k] + ranges.high[k]) / 2 : 0));
  const width = a.map((_, k) => (ranges ? widthOf(ranges.low[k], ranges.high[k]) : 1));
  // Over u: a·h²·u² + slope·u + …, with its foot at −slope/2ah².
  const slope = a.map((each, k) => (2 * each * middle[k] + b[k]) * width[k]);
  const bend = a.map((each, k) => {
    const own = each * width[k] ** 2;
    const least = Math.abs(slope[k]) / (2 * farthest);
    return Math.abs(own) >= least ? own : each < 0 ? -least : least;
  });
  const exact = a.map((each, k) => (bend[k] === each * width[k] ** 2 ? 1 : 0));
  const factor = a.map((each, k) => (exact[k] ? each : bend[k] / width[k] ** 2));
  const shift = a.map((each, k) =>
    exact[k] ? (each === 0 ? 0 : b[k] / (2 * each)) : (slope[k] / (2 * bend[k])) * width[k] - middle[k],
  );
  const rest = a.map((each, k) => {
    if (exact[k]) return c[k] - (b[k] * shift[k]) / 2;
    // The parabola that is least wrong over the range: half of the surplus bend below, half above.
    const centre = (each * middle[k] + b[k]) * middle[k] + c[k] - (bend[k] - each * width[k] ** 2) / 2;
    return centre - slope[k] ** 2 / (4 * bend[k]);
  });
  const reach = a.map((_, k) => Math.abs(middle[k] + shift[k]) + width[k]);
  const ordinary = reach.filter((each, k) => each <= (1 + NEAR) * width[k]);
  const largest = ordinary.length > 0 ? Math.max(...ordinary) : Math.min(...reach);
  const scale = reach.map((each) => 2 ** Math.min(0, Math.floor(Math.log2(largest / each))));
  return { shift, scale, factor: factor.map((each, k) => each / scale[k] ** 2), rest };
}

function widthOf(low: number, high: number): number {
  return Math.max((high - low) / 2, LEAST_SHARE * Math.max(Math.abs(low), Math.abs(high))) || 1;
}
