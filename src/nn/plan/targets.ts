/** Where the result of a linear layer may lie: layouts, each with the bits that are folded to get there. */
import type { Shape } from "../graph/network.js";
import { bitsOf, isCoordinate, type Layout, layoutKey, type Role } from "../layout/layout.js";
import { foldedRoles } from "./diagonals.js";

export interface Target {
  readonly layout: Layout;
  /** Mask of slot bits. */
  readonly folds: number;
}

/** Choices of places for the channels' bits beyond which only runs of neighbours are tried. */
const MOST_CHOICES = 56;
/** Bits of the input's channels of which every choice is folded or read; beyond, the topmost are folded. */
const MOST_FREE = 3;

/**
 * Where a layer's result may lie when its input lies at `input`: along each axis where the input's pixels lay (a stride frees the lowest
 * bits), channels on any of the bits that are then free. Of the bits that the input's channels leave, each is folded or
 * read from both sides.
 * @param stride along each axis
 */
export function targets(input: Layout, output: Shape, stride: readonly number[]): Target[] {
  const frame = axesOf(input, output, stride);
  if (!frame) return [];
  const { slots } = input;
  const count = Math.log2(slots);
  const free = [...frame.keys()].filter((place) => frame[place] === undefined && place < count);
  const channelBits = bitsOf(output[0]);
  const outside = Math.max(0, channelBits - free.length);
  const found = new Map<string, Target>();
  for (const places of choices(free, channelBits - outside)) {
    const bits: (Role | undefined)[] = [...frame];
    for (const [bit, place] of places.entries()) bits[place] = [0, bit];
    for (let bit = channelBits - outside; bit < channelBits; bit++) bits.push([0, bit]);
    for (const target of foldings(input, output, bits)) {
      const key = `${layoutKey(target.layout)} ${target.folds}`;
      if (!found.has(key)) found.set(key, target);
    }
  }
  return [...found.values()];
}

/**
 * Every slot of a result holds a whole output: all but the lowest bits, which say which one, are folded or copies. Images side by side
 * keep their bits, which are the lowest of all (`imageLayouts`).
 */
export function readoutTarget(input: Layout, output: Shape): Target {
  const { slots } = input;
  const count = Math.log2(slots);
  const kept = (role: Role) => isCoordinate(role) && role[0] > 0 && output[role[0]] > 1;
  const bits: Role[] = input.bits.filter(kept);
  if (!bits.every((role, place) => role === input.bits[place]))
    throw new TypeError("images lie on other bits than the lowest");
  for (let bit = 0; bit < bitsOf(output[0]); bit++) bits.push([0, bit]);
  let folds = 0;
  for (let place = bits.length; place < count; place++) {
    bits.push("replica");
    if (input.bits[place] !== "replica") folds += 1 << place;
  }
  return { layout: { shape: output, slots, bits }, folds };
}

/** The target that has every element where `like` has it: for sums. */
export function targetLike(input: Layout, like: Layout): Target[] {
  const bits = like.bits.map((role) => (isCoordinate(role) ? role : undefined));
  return foldings(input, like.shape, bits);
}

/** Bits of the axes; the others are undefined. Undefined where an axis has more bits than the input and no place for them. */
function axesOf(input: Layout, output: Shape, stride: readonly number[]): (Role | undefined)[] | undefined {
  const count = Math.log2(input.slots);
  const frame: (Role | undefined)[] = Array(count).fill(undefined);
  const outside: Role[] = [];
  const missing: Role[] = [];
  for (const [axis, extent] of output.slice(1).entries()) {
    const shift = extent === 1 ? 0 : Math.floor(Math.log2(stride[axis]));
    for (let bit = 0; bit < bitsOf(extent); bit++) {
      const place = input.bits.findIndex(
        (role) => isCoordinate(role) && role[0] === axis + 1 && role[1] === bit + shift,
      );
      const role: Role = [axis + 1, bit];
      if (place < 0) missing.push(role);
      else if (place < count) frame[place] = role;
      else outside.push(role);
    }
  }
  for (const role of missing) {
    const place = frame.findLastIndex((taken, at) => taken === undefined && !isCoordinate(input.bits[at]));
    if (place < 0) return undefined;
    frame[place] = role;
  }
  return [...frame, ...outside];
}

/** Sets of `size` of the places, ascending: all of them, or where those are too many, runs of neighbours. */
export function choices(places: readonly number[], size: number): number[][] {
  if (binomial(places.length, size) > MOST_CHOICES) {
    return Array.from({ length: places.length - size + 1 }, (_, first) => places.slice(first, first + size));
  }
  const found: number[][] = [];
  const choose = (chosen: number[], from: number): void => {
    if (chosen.length === size) found.push(chosen);
    else for (let k = from; k < places.length; k++) choose([...chosen, places[k]], k + 1);
  };
  choose([], 0);
  return found;
}

/** What becomes of the bits without a coordinate. */
function foldings(input: Layout, shape: Shape, bits: readonly (Role | undefined)[]): Target[] {
  const { slots } = input;
  const count = Math.log2(slots);
  const open = bits.flatMap((role, place) => (role === undefined && place < count ? [place] : []));
  const ofChannels = open.filter((place) => isDimension(input.bits[place], 0));
  // Where an axis ends, its bits are folded; where a stride has freed them, only the zero of each is read.
  const ended = (place: number) => {
    const role = input.bits[place];
    return isCoordinate(role) && role[0] > 0 && (shape[role[0]] ?? 1) === 1;
  };
  const always = open.filter(ended).reduce((mask, place) => mask + (1 << place), 0);
  return foldMasks(ofChannels).map((chosen): Target => {
    const folds = always + chosen;
    const roles = bits.map((role, place): Role => {
      if (role !== undefined) return role;
      const before = input.bits[place];
      return before === "replica" || isDimension(before, 0) ? "replica" : "junk";
    });
    return { layout: { shape, slots, bits: foldedRoles(roles, slots, folds) }, folds };
  });
}

function foldMasks(places: readonly number[]): number[] {
  if (places.length > MOST_FREE) {
    return [...places.keys(), places.length].map((first) =>
      places.slice(first).reduce((mask, p) => mask + (1 << p), 0),
    );
  }
  return Array.from({ length: 1 << places.length }, (_, subset) =>
    places.reduce((mask, place, k) => mask + ((subset >> k) & 1 ? 1 << place : 0), 0),
  );
}

function isDimension(role: Role, dimension: number): boolean {
  return isCoordinate(role) && role[0] === dimension;
}

function binomial(n: number, k: number): number {
  let product = 1;
  for (let i = 0; i < k; i++) product = (product * (n - i)) / (i + 1);
  return Math.round(product);
}
