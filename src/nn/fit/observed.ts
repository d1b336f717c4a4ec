import { interpret } from "../graph/interpret.js";
import type { Network, Quad } from "../graph/network.js";
import { inputsOf, planeOf, valueShapes } from "../graph/shapes.js";

/** Of the values of a channel. */
export interface Moments {
  count: number;
  sum: number;
  squares: number;
  low: number;
  high: number;
}

/** What an activation is given, over all images. */
export interface Observed {
  low: number;
  high: number;
  readonly channels: readonly Moments[];
  /** Some of the values, evenly spread over places and images. */
  readonly sample: number[];
}

const MOST_SAMPLES = 2 ** 14;

/** What each activation of a network is given; values do not stay in memory. */
export function observe(network: Network, images: readonly Float64Array[]): Map<number, Observed> {
  const shapes = valueShapes(network.input, network.layers);
  const found = new Map<number, Observed>();
  const watched = new Map<number, number[]>();
  for (const [index, layer] of network.layers.entries()) {
    if (layer.op !== "activation") continue;
    const [value] = inputsOf(layer, index);
    watched.set(value, [...(watched.get(value) ?? []), index]);
    const channels = Array.from({ length: shapes[value][0] }, emptyMoments);
    found.set(index, { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY, channels, sample: [] });
  }
  for (const image of images) {
    const see = (value: number, values: Float64Array): void => {
      for (const index of watched.get(value) ?? [])
        take(found.get(index)!, values, planeOf(shapes[value]), images.length);
    };
    see(0, image);
    interpret(network, image, (index, _layer, _shape, values) => see(index + 1, values));
  }
  return found;
}

function emptyMoments(): Moments {
  return { count: 0, sum: 0, squares: 0, low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
}

function take(observed: Observed, values: Float64Array, plane: number, images: number): void {
  const every = Math.max(1, Math.ceil((values.length * images) / MOST_SAMPLES));
  for (const [i, x] of values.entries()) {
    const moments = observed.channels[Math.floor(i / plane)];
    moments.count++;
    moments.sum += x;
    moments.squares += x * x;
    moments.low = Math.min(moments.low, x);
    moments.high = Math.max(moments.high, x);
    if (i % every === 0) observed.sample.push(x);
  }
  for (const { low, high } of observed.channels) {
    observed.low = Math.min(observed.low, low);
    observed.high = Math.max(observed.high, high);
  }
}

/**
 * The quadratic of each channel that is nearest to f over a Gaussian with the mean and the deviation of the channel's values: in the
 * mean of squares, as least squares over the values would be, and steadier where these are few.
 */
export function quadraticOf(
  { channels, sample }: Observed,
  f: (x: number) => number,
  margin: number,
): { layer: Quad; largestError: number; rmsError: number } {
  const fits = channels.map(({ count, sum, squares, low, high }) => {
    const mean = sum / count;
    const deviation = Math.sqrt(
      Math.max(squares / count - mean ** 2, (1e-3 * Math.max(Math.abs(low), Math.abs(high))) ** 2, 1e-12),
    );
    return nearest(f, mean, deviation);
  });
  const each = (of: (fit: [number, number, number]) => number) => Float64Array.from(fits, of);
  const layer: Quad = { op: "quad", a: each((fit) => fit[2]), b: each((fit) => fit[1]), c: each((fit) => fit[0]) };
  let largestError = 0;
  for (const [c, { low, high }] of channels.entries()) {
    const [middle, half] = [(low + high) / 2, ((high - low) / 2) * margin];
    for (let k = 0; k <= 64; k++) {
      const x = middle + half * (k / 32 - 1);
      const error = Math.abs((fits[c][2] * x + fits[c][1]) * x + fits[c][0] - f(x));
      largestError = Math.max(largestError, error);
    }
  }
  const mean = [0, 1, 2].map((k) => fits.reduce((sum, fit) => sum + fit[k] / fits.length, 0));
  const squares = sample.reduce((sum, x) => sum + ((mean[2] * x + mean[1]) * x + mean[0] - f(x)) ** 2, 0);
  return { layer, largestError, rmsError: Math.sqrt(squares / Math.max(1, sample.length)) };
}

/** Coefficients of 1, x, x² by the first three Hermite polynomials, which are orthogonal under the Gaussian. */
function nearest(f: (x: number) => number, mean: number, deviation: number): [number, number, number] {
  let [weightSum, h0, h1, h2] = [0, 0, 0, 0];
  for (let k = -400; k <= 400; k++) {
    const u = k / 80;
    const weight = Math.exp((-u * u) / 2);
    const value = weight * f(mean + deviation * u);
    weightSum += weight;
    h0 += value;
    h1 += value * u;
    h2 += value * (u * u - 1);
  }
  const [c0, c1, c2] = [h0 / weightSum, h1 / weightSum, h2 / weightSum / 2];
  // c0 + c1·u + c2·(u² − 1) with u = (x − mean)/deviation.
  const a = c2 / deviation ** 2;
  const b = c1 / deviation - 2 * a * mean;
  return [c0 - c2 - (c1 / deviation) * mean + a * mean ** 2, b, a];
}
