import { ParameterError } from "../../errors.js";
import { interpret } from "../graph/interpret.js";
import type { Network } from "../graph/network.js";
import { inputsOf, planeOf, valueShapes } from "../graph/shapes.js";
import { placeText } from "./options.js";

/** What an activation is given over all images, channel by channel: its range, and some of the values. */
export interface Observed {
  /** Of the value: as many channels as `channels`, unless these are too many to be looked at one by one. */
  readonly channelCount: number;
  /** One for each channel, or one for all. */
  readonly channels: readonly ChannelValues[];
}

/** Values that stay in memory for each activation, and for each channel of it. */
const MOST_KEPT = 2 ** 18;
const MOST_OF_CHANNEL = 2 ** 14;
const LEAST_OF_CHANNEL = 2 ** 4;
/** Beyond this a network has exploded: squares of squares would leave the doubles. */
const LARGEST_VALUE = 2 ** 64;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The range of a channel and a sample of its values: all of them as long as they are few, then evenly chosen ones. */
export class ChannelValues {
  count = 0;
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;
  /** Of all values so many stand for the whole. */
  kept: number[] = [];
  /** Of each of these, what the original network has in its place after the activation. */
  targets: number[] = [];
  /** By which values stay: of value k the fraction of k times the golden ratio, which falls evenly at any distance. */
  private ranks: number[] = [];
  private share = 1;

  constructor(private readonly most: number) {}

  add(x: number, target: number): void {
    if (x < this.low) this.low = x;
    if (x > this.high) this.high = x;
    const rank = (this.count++ * GOLDEN) % 1;
    if (rank >= this.share) return;
    this.kept.push(x);
    this.targets.push(target);
    this.ranks.push(rank);
    if (this.kept.length > this.most) this.thin();
  }

  private thin(): void {
    this.share /= 2;
    this.targets = this.targets.filter((_, i) => this.ranks[i] < this.share);
    this.kept = this.kept.filter((_, i) => this.ranks[i] < this.share);
    this.ranks = this.ranks.filter((rank) => rank < this.share);
  }
}

/**
 * What the activations `indices` are given in `network`, and what the original gives there; values do not stay in memory, but for
 * 2^18 of each activation. Costs a run in the clear of the layers before them for each image, in both networks.
 * @throws ParameterError for values that are not finite, or beyond 2^64.
 */
export function observe(
  original: Network,
  network: Network,
  indices: readonly number[],
  images: readonly Float64Array[],
): Map<number, Observed> {
  const shapes = valueShapes(network.input, network.layers);
  const watched = takersOf(network, indices);
  const found = new Map<number, Observed>();
  for (const [value, takers] of watched) {
    const [channelCount] = shapes[value];
    const single = channelCount > MOST_KEPT / LEAST_OF_CHANNEL;
    const most = single ? MOST_KEPT : Math.min(MOST_OF_CHANNEL, Math.floor(MOST_KEPT / channelCount));
    for (const index of takers) {
      const channels = Array.from({ length: single ? 1 : channelCount }, () => new ChannelValues(most));
      found.set(index, { channelCount, channels });
    }
  }
  // What comes after the last value that is asked for need not run.
  const wanted = original.layers.slice(0, Math.max(...indices) + 1);
  const layers = network.layers.slice(0, Math.max(...watched.keys()));
  for (const [number, image] of images.entries()) {
    const targets = new Map<number, Float64Array>();
    interpret({ ...original, layers: wanted }, image, (index, _layer, _shape, values) => {
      if (found.has(index)) targets.set(index, values);
    });
    const see = (value: number, values: Float64Array): void => {
      for (const index of watched.get(value) ?? []) {
        const place = () => where(network, index, number);
        take(found.get(index)!, { values, targets: targets.get(index)!, plane: planeOf(shapes[value]), place });
      }
    };
    see(0, image);
    interpret({ ...network, layers }, image, (index, _layer, _shape, values) => see(index + 1, values));
  }
  return found;
}

/** The layers of `indices` that take each value. */
export function takersOf(network: Network, indices: Iterable<number>): Map<number, number[]> {
  const takers = new Map<number, number[]>();
  for (const index of indices) {
    const [value] = inputsOf(network.layers[index], index);
    takers.set(value, [...(takers.get(value) ?? []), index]);
  }
  return takers;
}

interface Taken {
  readonly values: Float64Array;
  /** What the original gives for each. */
  readonly targets: Float64Array;
  readonly plane: number;
  readonly place: () => string;
}

function take({ channels }: Observed, { values, targets, plane, place }: Taken): void {
  const each = channels.length === 1 ? values.length : plane;
  for (const [i, x] of values.entries()) {
    if (!(Math.abs(x) <= LARGEST_VALUE && Math.abs(targets[i]) <= LARGEST_VALUE)) {
      throw new ParameterError(
        `${place()} is given ${x}${Number.isFinite(targets[i]) ? "" : `, and gives ${targets[i]}`}`,
        "check the weights; after quadratics take a higher degree, or train the network with them in it",
      );
    }
    channels[Math.floor(i / each)].add(x, targets[i]);
  }
}

function where(network: Network, index: number, image: number): string {
  const layer = network.layers[index];
  return `image ${image}: ${placeText(index, layer.op === "activation" ? layer.name : layer.op)}`;
}
