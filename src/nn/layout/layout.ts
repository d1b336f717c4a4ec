/**
 * Where the elements of a value lie in the slots of its ciphertexts.
 *
 * A slot's number is read bit by bit, and each bit has a role: it is a bit of one coordinate of the element (of its channel, or
 * of its place along an axis), or the value is repeated over it, or only its zero counts. Coordinates that do not fill their bits
 * leave slots empty. Bits above those of the slot say which ciphertext. So strides and pools move nothing (the lowest bits of
 * an axis become free), a value may be spread over several ciphertexts by any of its coordinates, and images side by side are one
 * more axis. What lies in slots without an element is junk, which zero weights mask.
 *
 * Source: Lee et al., "Low-complexity deep convolutional neural networks on FHE using multiplexed parallel convolutions", ICML
 * 2022, section 4 (channels in the gaps that strides leave); bits with roles are ours.
 */
import { isPowerOfTwo } from "../../ckks/slots.js";
import { ParameterError } from "../../errors.js";
import type { Shape } from "../graph/network.js";
import { shapeText, sizeOf } from "../graph/shapes.js";
import { MOST_SLOTS } from "../largest.js";

/**
 * What a bit means: [dimension, bit] is that bit of the element's coordinate, dimension 0 its channel. "replica": the value is the
 * same for both values of the bit. "junk": the element lies where the bit is 0. "image": the slot is that element in another image; all
 * bits of a slot's number are, or none.
 */
export type Role = readonly [dimension: number, bit: number] | "replica" | "junk" | "image";

/** The role of each bit of a slot's number, and of the ciphertext's: where the elements of a value lie. */
export interface Layout {
  /** Of the value: [channels, ...extents]. */
  readonly shape: Shape;
  /** Slots of a ciphertext, a power of two. */
  readonly slots: number;
  /** From the lowest bit on: those of the slot, then those of the ciphertext. */
  readonly bits: readonly Role[];
}

/** In throughput mode each element is a ciphertext; a device's memory holds fewer than a million. */
const MOST_CIPHERTEXT_BITS = 20;

/** How many ciphertexts hold the value. */
export function ciphertextsOf(layout: Layout): number {
  return filledCiphertexts(layout).length;
}

/** Bits that numbers below `extent` take. */
export function bitsOf(extent: number): number {
  return Math.ceil(Math.log2(Math.max(1, extent)));
}

export function isCoordinate(role: Role): role is readonly [number, number] {
  return typeof role !== "string";
}

/** The ciphertexts that hold an element at all: coordinates that do not fill their bits may leave some empty. */
export function filledCiphertexts(layout: Layout): number[] {
  const outside = layout.bits.slice(Math.log2(layout.slots));
  return Array.from({ length: 2 ** outside.length }, (_, ciphertext) => ciphertext).filter((ciphertext) => {
    // The smallest coordinates that the ciphertext's own bits leave.
    const least = layout.shape.map(() => 0);
    for (const [k, role] of outside.entries()) {
      if (isCoordinate(role) && (ciphertext >> k) & 1) least[role[0]] += 1 << role[1];
    }
    return least.every((coordinate, d) => coordinate < layout.shape[d]);
  });
}

/** Positions by layout: a search asks for the same ones thousands of times. */
const known = new WeakMap<Layout, number[][]>();

/** Where each coordinate of a dimension lies: the sum of the powers of two of its bits. */
export function positions(layout: Layout, dimension: number): readonly number[] {
  let all = known.get(layout);
  if (!all) known.set(layout, (all = []));
  return (all[dimension] ??= positionsOf(layout, dimension));
}

function positionsOf({ shape, bits }: Layout, dimension: number): number[] {
  const found = Array<number>(shape[dimension]).fill(0);
  for (const [place, role] of bits.entries()) {
    if (!isCoordinate(role) || role[0] !== dimension) continue;
    for (let at = 0; at < found.length; at++) if ((at >> role[1]) & 1) found[at] += 2 ** place;
  }
  return found;
}

/** The bits of a slot's number, as a mask, whose role `is`. */
export function maskOf({ slots, bits }: Layout, is: (role: Role, place: number) => boolean): number {
  const count = Math.log2(slots);
  return bits.slice(0, count).reduce((mask, role, place) => mask + (is(role, place) ? 2 ** place : 0), 0);
}

/** For every slot of one ciphertext, the row-major index of the element that it holds, or −1 for junk. */
export function occupants(layout: Layout, ciphertext = 0): Int32Array {
  const map = new Int32Array(layout.slots);
  const coordinates = new Int32Array(layout.slots);
  const narrow = (extent: number, weight: (role: Role) => number): void => {
    sumBits(layout, ciphertext, weight, coordinates);
    for (let slot = 0; slot < layout.slots; slot++) {
      const [index, at] = [map[slot], coordinates[slot]];
      map[slot] = index < 0 || at >= extent ? -1 : index * extent + at;
    }
  };
  for (const [d, extent] of layout.shape.entries()) {
    narrow(extent, (role) => (isCoordinate(role) && role[0] === d ? 1 << role[1] : 0));
  }
  narrow(1, (role) => (role === "junk" ? 1 : 0));
  return map;
}

/** For every slot of a ciphertext the sum of the weights of its number's bits that are set. */
function sumBits({ slots, bits }: Layout, ciphertext: number, weight: (role: Role) => number, sums: Int32Array): void {
  const inside = Math.log2(slots);
  sums[0] = bits.slice(inside).reduce((sum, role, k) => sum + (Math.floor(ciphertext / 2 ** k) & 1) * weight(role), 0);
  for (let place = 0; place < inside; place++) {
    const [half, more] = [2 ** place, weight(bits[place])];
    for (let slot = 0; slot < half; slot++) sums[half + slot] = sums[slot] + more;
  }
}

const elements = new WeakMap<Layout, Map<number, number>>();

/** Row-major index of the element that a ciphertext holds, in a layout whose slots are images. */
export function elementOf({ layouts, values }: Elements, value: number): number {
  const { layout: index, ciphertext } = values[value];
  const layout = layouts[index];
  let all = elements.get(layout);
  if (!all) elements.set(layout, (all = new Map(filledCiphertexts(layout).map((each, element) => [each, element]))));
  return all.get(ciphertext)!;
}

/** Of a program. */
interface Elements {
  readonly layouts: readonly Layout[];
  readonly values: readonly { readonly layout: number; readonly ciphertext: number }[];
}

/** Lays row-major values into the slots of each ciphertext that holds any, in every replica; zero where the layout has junk. */
export function pack(layout: Layout, values: ArrayLike<number>): Float64Array[] {
  const size = sizeOf(layout.shape);
  if (values.length !== size) {
    throw new ParameterError(
      `${values.length} values for ${shapeText(layout.shape)}`,
      `Give ${size} values in the order [channel][row][column].`,
    );
  }
  return filledCiphertexts(layout).map((ciphertext) =>
    Float64Array.from(occupants(layout, ciphertext), (index) => (index < 0 ? 0 : values[index])),
  );
}

/** Reads the values back from the ciphertexts that hold any, each from the lowest slot that holds it. */
export function unpack(layout: Layout, slots: readonly ArrayLike<number>[]): Float64Array {
  const values = new Float64Array(sizeOf(layout.shape));
  for (const [k, ciphertext] of filledCiphertexts(layout).entries()) {
    const map = occupants(layout, ciphertext);
    for (let slot = map.length - 1; slot >= 0; slot--) if (map[slot] >= 0) values[map[slot]] = slots[k][slot];
  }
  return values;
}

/** Two layouts with one key are the same. */
export function layoutKey({ shape, slots, bits }: Layout): string {
  return `${shape}/${slots}/${bits.map((role) => (isCoordinate(role) ? `${role[0]}.${role[1]}` : role[0])).join(" ")}`;
}

/**
 * Rotations that sum a value over windows of `kernel` (powers of two), each applied as y += rotate(y, step), and the layout
 * afterwards: nothing moves, the bits that were summed over are junk.
 */
export function pooled(layout: Layout, kernel: readonly number[]): { layout: Layout; folds: number[] } {
  const folds: number[] = [];
  const summed = (dimension: number): number => (dimension === 0 ? 0 : Math.log2(kernel[dimension - 1]));
  const bits = layout.bits.map((role, place): Role => {
    if (!isCoordinate(role)) return role;
    const [dimension, bit] = role;
    if (bit >= summed(dimension)) return [dimension, bit - summed(dimension)];
    folds.push(2 ** place);
    return "junk";
  });
  const shape = layout.shape.map((extent, d) => (d === 0 ? extent : Math.floor(extent / kernel[d - 1])));
  // A rest at the border that is dropped may leave a bit that is always zero.
  const needed = (role: Role) => !isCoordinate(role) || role[1] < bitsOf(shape[role[0]]);
  return { layout: { ...layout, shape, bits: bits.map((role) => (needed(role) ? role : "junk")) }, folds };
}

/** @throws ParameterError when the layout contradicts itself: bits that are missing, or there twice. */
export function checkLayout({ shape, slots, bits }: Layout): void {
  const fail = (message: string): never => {
    throw new ParameterError(`layout: ${message}`, "Take the layout from compile(network).");
  };
  if (!isPowerOfTwo(slots) || slots > MOST_SLOTS) fail(`${slots} slots are no power of two up to ${MOST_SLOTS}`);
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 1)) fail(`the shape ${shape}`);
  const outside = bits.length - Math.log2(slots);
  if (outside < 0 || outside > MOST_CIPHERTEXT_BITS) fail(`${bits.length} bits for ${slots} slots`);
  for (const [d, extent] of shape.entries()) {
    const own = bits.filter((role) => isCoordinate(role) && role[0] === d).map((role) => (role as [number, number])[1]);
    const wanted = Array.from({ length: bitsOf(extent) }, (_, bit) => bit);
    if (`${own.sort((a, b) => a - b)}` !== `${wanted}`) fail(`bits ${own} of dimension ${d}, which has ${extent}`);
  }
  if (bits.some((role) => isCoordinate(role) && !(role[0] >= 0 && role[0] < shape.length)))
    fail("an unknown dimension");
  if (bits.slice(Math.log2(slots)).some((role) => !isCoordinate(role))) fail("ciphertexts that hold nothing");
  const images = bits.filter((role) => role === "image").length;
  if (images !== 0 && images !== Math.log2(slots)) fail(`${images} bits of images`);
}

const NAMES = ["channel", "row", "column"];

/** One line for reports, bits from the lowest: `16×14×14: columns 0-3 | rows 0-3 | channels 0-2 | ×4, 2 ciphertexts by channel`. */
export function describeLayout(layout: Layout): string {
  const count = Math.log2(layout.slots);
  const letter = (d: number) => (layout.shape.length === 3 ? "cyx"[d] : d === 0 ? "c" : `a${d}`);
  const runs: string[] = [];
  for (const role of layout.bits.slice(0, count)) {
    runs.push(isCoordinate(role) ? `${letter(role[0])}${role[1]}` : role === "replica" ? "r" : "-");
  }
  if (layout.bits[0] === "image") return `${shapeText(layout.shape)}, a ciphertext for each element`;
  const outside = layout.bits
    .slice(count)
    .map((role) => (isCoordinate(role) ? (NAMES[role[0]] ?? letter(role[0])) : role));
  const spread =
    outside.length > 0 ? `, ${ciphertextsOf(layout)} ciphertexts by ${[...new Set(outside)].join(", ")}` : "";
  return `${shapeText(layout.shape)} at ${runs.join(" ")}${spread}`;
}
