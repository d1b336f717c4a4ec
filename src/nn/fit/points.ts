import type { Interval } from "./intervals.js";
import type { WeightedPoints } from "./least-squares.js";
import type { ChannelValues } from "./observed.js";

/** Points that stand beside the values, evenly on an interval, and weigh as much as so many of them. */
export interface Spread {
  readonly interval: Interval;
  readonly weight: number;
}

const MOST_POINTS = 2 ** 15;
const EVEN_POINTS_OF_DEGREE = 16;

/**
 * The values that were kept of some channels, each weighing as many as it stands for, and besides them 16 points for each degree and
 * one more of each of `spreads`: where values are few, or all alike, they alone say too little.
 */
export function pointsOf(
  channels: readonly ChannelValues[],
  degree: number,
  f: (x: number) => number,
  spreads: readonly Spread[],
): WeightedPoints {
  const kept = channels.reduce((sum, channel) => sum + channel.kept.length, 0);
  const every = Math.ceil(kept / MOST_POINTS);
  const [at, weight, target]: [number[], number[], number[]] = [[], [], []];
  let passed = 0;
  for (const { kept, targets, count } of channels) {
    for (const [i, x] of kept.entries()) {
      if (passed++ % every !== 0) continue;
      at.push(x);
      target.push(targets[i]);
      weight.push((every * count) / kept.length);
    }
  }
  const steps = EVEN_POINTS_OF_DEGREE * (degree + 1);
  for (const { interval, weight: all } of spreads) {
    const [low, high] = interval;
    for (let k = 0; k <= steps; k++) {
      target.push(f(low + ((high - low) * k) / steps));
      at.push(low + ((high - low) * k) / steps);
      weight.push(all / (steps + 1));
    }
  }
  return { at, weight, target };
}

/** Of all values of some channels. */
export function countOf(channels: readonly ChannelValues[]): number {
  return channels.reduce((sum, { count }) => sum + count, 0);
}
