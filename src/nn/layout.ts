/**
 * Where the values of a feature map lie in the slots of one ciphertext.
 *
 * The slots are cut into blocks of grid × grid. In a block, pixel (y, x) owns a cell of gap rows by gap columns whose
 * first sub[0] × sub[1] positions hold one channel each ("multiplexed" packing: strides and pools only widen the gap).
 * The channels of one block are a group; block β holds group (β >> shift) mod groups, so the whole map is repeated
 * with a period of groups << shift blocks. What lies elsewhere is junk, which zero weights mask.
 *
 * Source: Lee et al., "Low-complexity deep convolutional neural networks on FHE using multiplexed parallel
 * convolutions", ICML 2022, section 4 (the gaps); the repetition over blocks is ours.
 */
import { isPowerOfTwo } from "../ckks/slots.js";
import { ParameterError } from "../errors.js";
import type { Shape } from "./graph.js";
import { MOST_SLOTS } from "./limits.js";

export interface Layout extends Shape {
  /** Slots of the ciphertext, a power of two. */
  readonly slots: number;
  /** Side of a block, a power of two; the same for every map of a program. 1 for vectors. */
  readonly grid: number;
  /** Slots from one pixel to the next, powers of two. */
  readonly gap: readonly [vertical: number, horizontal: number];
  /** Positions of a cell that hold a channel, powers of two ≤ gap. */
  readonly sub: readonly [height: number, width: number];
  /** log2 of the number of neighbouring blocks that hold the same group. */
  readonly shift: number;
}

/** Blocks of grid² slots. */
export function blocksOf(layout: Layout): number {
  return layout.slots / layout.grid ** 2;
}

/** Channels that one block has room for. */
export function groupSize(layout: Layout): number {
  return layout.sub[0] * layout.sub[1];
}

/** Number of groups, padded to a power of two: groups without a channel are blocks of junk. */
export function groupsOf(layout: Layout): number {
  return powerOfTwoAtLeast(Math.ceil(layout.channels / groupSize(layout)));
}

/** Blocks after which the map is repeated. */
export function periodOf(layout: Layout): number {
  return groupsOf(layout) << layout.shift;
}

/** Group in a block; `block` may be any integer ≥ 0. */
export function groupAt(layout: Layout, block: number): number {
  return (block >> layout.shift) & (groupsOf(layout) - 1);
}

/** Channels that group `group` really holds: groupSize, less in the last one, 0 in padding. */
export function channelsIn(layout: Layout, group: number): number {
  const size = groupSize(layout);
  return Math.max(0, Math.min(size, layout.channels - group * size));
}

/**
 * For every slot, the index (channel·height + row)·width + column of the value that it holds, or −1 for junk.
 * Each value occurs blocks / period times the number of equal neighbours, 2^shift.
 */
export function occupants(layout: Layout): Int32Array {
  const { slots, grid, height, width, gap, sub } = layout;
  const map = new Int32Array(slots).fill(-1);
  const blocks = blocksOf(layout);
  for (let block = 0; block < blocks; block++) {
    const group = groupAt(layout, block);
    const present = channelsIn(layout, group);
    for (let index = 0; index < present; index++) {
      const channel = group * groupSize(layout) + index;
      const corner = block * grid ** 2 + Math.floor(index / sub[1]) * grid + (index % sub[1]);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          map[corner + y * gap[0] * grid + x * gap[1]] = (channel * height + y) * width + x;
        }
      }
    }
  }
  return map;
}

/** Lays values [channel][row][column] into slots, in every replica; zero where the layout has junk. */
export function pack(layout: Layout, values: ArrayLike<number>): Float64Array {
  const size = layout.channels * layout.height * layout.width;
  if (values.length !== size) {
    throw new ParameterError(
      `${values.length} values for a map of ${layout.channels}×${layout.height}×${layout.width}`,
      `Give ${size} values in the order [channel][row][column].`,
    );
  }
  return Float64Array.from(occupants(layout), (index) => (index < 0 ? 0 : values[index]));
}

/** Reads the values [channel][row][column] back, from the first replica. */
export function unpack(layout: Layout, slots: ArrayLike<number>): Float64Array {
  const values = new Float64Array(layout.channels * layout.height * layout.width);
  const map = occupants(layout);
  for (let slot = map.length - 1; slot >= 0; slot--) if (map[slot] >= 0) values[map[slot]] = slots[slot];
  return values;
}

/** The layout after a pool by rotations over windows of `kernel` (powers of two): the gap grows, nothing moves. */
export function pooled(layout: Layout, kernel: readonly [number, number]): Layout {
  return {
    ...layout,
    height: Math.floor(layout.height / kernel[0]),
    width: Math.floor(layout.width / kernel[1]),
    gap: [layout.gap[0] * kernel[0], layout.gap[1] * kernel[1]],
  };
}

/** @throws ParameterError when the layout contradicts itself or does not fit into its slots. */
export function checkLayout(layout: Layout): void {
  const { slots, grid, height, width, gap, sub, shift } = layout;
  const fail = (message: string): never => {
    throw new ParameterError(`layout: ${message}`, "Take the layout from planProgram.");
  };
  for (const [name, value] of Object.entries({ slots, grid, gap0: gap[0], gap1: gap[1], sub0: sub[0], sub1: sub[1] })) {
    if (!isPowerOfTwo(value)) fail(`${name} = ${value} is not a power of two`);
  }
  if (slots > MOST_SLOTS) fail(`${slots} slots, more than ${MOST_SLOTS}`);
  if (sub[0] > gap[0] || sub[1] > gap[1]) fail(`sub-positions ${sub} do not fit into a gap of ${gap}`);
  if ((height - 1) * gap[0] + sub[0] > grid || (width - 1) * gap[1] + sub[1] > grid) {
    fail(`${height}×${width} pixels at gap ${gap} leave the grid of ${grid}`);
  }
  if (!Number.isInteger(shift) || shift < 0) fail(`shift = ${shift}`);
  if (periodOf(layout) > blocksOf(layout)) fail(`period of ${periodOf(layout)} blocks, only ${blocksOf(layout)} there`);
}

/** One line for reports: `16×14×14, gap 2, 2×2 channels a block, 4 groups at shift 1`. */
export function describeLayout(layout: Layout): string {
  const { channels, height, width, gap, sub, shift } = layout;
  const steps = gap[0] === gap[1] ? `${gap[0]}` : `${gap[0]}×${gap[1]}`;
  return `${channels}×${height}×${width}, gap ${steps}, ${sub[0]}×${sub[1]} channels a block, ${groupsOf(layout)} groups at shift ${shift}`;
}

export function powerOfTwoAtLeast(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}
