/** Where polynomials are to stand for functions: ranges of values, widened and rounded. */
import type { ChannelValues } from "./observed.js";

/** Where values lie, its ends included. */
export type Interval = readonly [low: number, high: number];

/** A channel or a layer that is nearly constant over the images may vary a little more on others. */
const LEAST_SHARE = 2 ** -6;
/** Ends are multiples of this share of the power of two above the width: it grows by 1/32 at most, and coefficients tell less. */
const GRID = 2 ** -6;
/** A range is made symmetric where that widens it by no more than this. */
const MOST_WIDENED = 1.25;

/** From the smallest to the largest value of all channels. */
export function rangeOf(channels: readonly ChannelValues[]): Interval {
  return channels.reduce<Interval>(
    ([low, high], channel) => [Math.min(low, channel.low), Math.max(high, channel.high)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

/** `margin` times as wide about its middle; a range that is hardly one is at least 1/64 of its values wide to each side, or `least`. */
export function widened([low, high]: Interval, margin: number, least = 0): Interval {
  const floor = Math.max(LEAST_SHARE * Math.max(Math.abs(low), Math.abs(high)), least) || 1;
  const half = Math.max((high - low) / 2, floor) * margin;
  const middle = (low + high) / 2;
  // Rounding must not leave an end out.
  return [Math.min(low, middle - half), Math.max(high, middle + half)];
}

/** The least half width of a channel beside the others of its layer. */
export function leastWidth([low, high]: Interval): number {
  return (LEAST_SHARE * (high - low)) / 2;
}

/** Outwards to numbers of few digits, which doubles hold exactly. */
export function rounded([low, high]: Interval): Interval {
  const grid = GRID * 2 ** Math.ceil(Math.log2(high - low));
  return [Math.floor(low / grid) * grid, Math.ceil(high / grid) * grid];
}

/** Symmetric about 0 where the function is, and little is lost: half of the coefficients vanish, and save products. */
export function symmetric(f: (x: number) => number, [low, high]: Interval): Interval {
  const most = Math.max(-low, high);
  const mild = low < 0 && high > 0 && 2 * most <= MOST_WIDENED * (high - low);
  return mild && isOdd(f, [-most, most]) ? [-most, most] : [low, high];
}

/** Whether f(x) − f(0) is odd, on an interval about 0. */
export function isOdd(f: (x: number) => number, [low, high]: Interval): boolean {
  if (low !== -high) return false;
  return Array.from({ length: 16 }, (_, k) => (high * (k + 1)) / 16).every((x) => {
    const rest = f(x) + f(-x) - 2 * f(0);
    return Math.abs(rest) <= 2 ** -45 * Math.max(Math.abs(f(x)), Math.abs(f(-x)));
  });
}

/** The part of it inside of the other one. */
export function within([low, high]: Interval, [least, most]: Interval): Interval {
  return [Math.max(low, least), Math.min(high, most)];
}
