/**
 * A linear layer as a matrix on slots, taken by its diagonals: y[j] = Σ_d M_d[j]·x[(j + d) mod slots].
 *
 * Which block computes what: the result is wanted with a period of `period` blocks. If that is the input's own period,
 * block β looks at the input groups in the blocks β, β + 2^shift, β + 2·2^shift, … of one input period. If it is a
 * power of two less, the blocks β, β + period, … share the input groups out among themselves, each (result, group)
 * pair in exactly one block and at the smallest offset, and rotate-and-add over `foldSteps` brings the parts together
 * in all of them. Offsets that are multiples of 2^shift suffice, and fewer are not possible: one block sees one group.
 */
import { channelsIn, groupAt, groupSize, groupsOf, type Layout, periodOf } from "./layout.js";
import type { LinearGeometry } from "./matrix-geometry.js";

/** What one block does in a product: which blocks at which offsets it reads. */
export interface BlockOffsets {
  /** Offsets are 0, stride, 2·stride, … blocks. */
  readonly stride: number;
  readonly count: number;
  /** Whether block β computes anything; if not, the groups that it could see are computed by another block. */
  active(block: number): boolean;
}

export function blockOffsets(input: Layout, period: number): BlockOffsets {
  const stride = 1 << input.shift;
  return {
    stride,
    count: Math.max(1, period / stride),
    active: (block) => period >= stride || block % stride < period,
  };
}

/** Rotations that complete a product of block period `period`, each applied as y += rotate(y, step). */
export function foldSteps(input: Layout, period: number): number[] {
  const steps: number[] = [];
  for (let blocks = periodOf(input) / 2; blocks >= period; blocks /= 2) steps.push(blocks * input.grid ** 2);
  return steps;
}

/**
 * The diagonals d in [0, slots) on which the matrix may be non-zero, ascending. Reads no weight, and never misses
 * a diagonal: a weight that happens to be zero is not told apart. A matrix without any entry (all windows in the padding)
 * has diagonal 0, for a product to exist. Costs a pass over the blocks of a period for each offset, one in all if depthwise.
 */
export function diagonalsOf(geometry: LinearGeometry, input: Layout, target: Layout, period: number): number[] {
  const taps: Taps = [tapOffsets(geometry, input, target, 0), tapOffsets(geometry, input, target, 1)];
  const pairs = geometry.depthwise ? connectedPairs(input, target, period) : fullestPairs(input, target, period);
  const { slots } = input;
  const inBlock = new Map<number, number[]>();
  const found = new Set<number>();
  for (const { base, key, outGroup, inGroup } of pairs) {
    let inside = inBlock.get(key);
    if (!inside) inBlock.set(key, (inside = offsetsInBlock(geometry, input, target, taps, outGroup, inGroup)));
    for (const offset of inside) found.add((base + offset + slots) % slots);
  }
  if (found.size === 0) found.add(0);
  return [...found].sort((a, b) => a - b);
}

/** One block that reads another: `base` slots further. Pairs of one `key` need the same offsets within a block. */
interface Pair {
  readonly base: number;
  readonly key: number;
  readonly outGroup: number;
  readonly inGroup: number;
}

/** Where every channel sees every channel: for each offset one pair for each number of channels, or one of two full groups. */
function* fullestPairs(input: Layout, target: Layout, period: number): Generator<Pair> {
  const offsets = blockOffsets(input, period);
  const blocks = Math.max(periodOf(input), periodOf(target));
  for (let k = 0; k < offsets.count; k++) {
    const base = k * offsets.stride * input.grid ** 2;
    const seen = new Set<number>();
    for (let block = 0; block < blocks; block++) {
      if (!offsets.active(block)) continue;
      const outGroup = groupAt(target, block);
      const inGroup = groupAt(input, block + k * offsets.stride);
      const outPresent = channelsIn(target, outGroup);
      const inPresent = channelsIn(input, inGroup);
      const key = outPresent * input.slots + inPresent;
      if (seen.has(key)) continue;
      seen.add(key);
      yield { base, key, outGroup, inGroup };
      // A pair of full groups needs whatever a pair with fewer channels needs.
      if (outPresent === groupSize(target) && inPresent === groupSize(input)) break;
    }
  }
}

/** Where channel c sees channel c only: the pairs of groups that share a channel, each at the one offset that it has. */
function* connectedPairs(input: Layout, target: Layout, period: number): Generator<Pair> {
  const offsets = blockOffsets(input, period);
  const blocks = Math.max(periodOf(input), periodOf(target));
  const groups = groupsOf(input);
  const [inSize, outSize] = [groupSize(input), groupSize(target)];
  for (let block = 0; block < blocks; block++) {
    if (!offsets.active(block)) continue;
    const outGroup = groupAt(target, block);
    const first = outGroup * outSize;
    const end = first + channelsIn(target, outGroup);
    for (let inGroup = Math.floor(first / inSize); inGroup * inSize < end; inGroup++) {
      const k = (inGroup - (block >> input.shift)) & (groups - 1);
      if (k >= offsets.count) continue;
      // Channels lie in a group by their number modulo its size: the pair is another of the same kind, further on.
      const start = Math.max(first, inGroup * inSize);
      const size = Math.min(end, (inGroup + 1) * inSize) - start;
      const key = ((start % inSize) * input.slots + (start % outSize)) * input.slots + size;
      yield { base: k * offsets.stride * input.grid ** 2, key, outGroup, inGroup };
    }
  }
}

type Taps = readonly [rows: ReadonlySet<number>, columns: ReadonlySet<number>];

/** Slot differences input − output that the channels of two groups need, blocks left aside. */
function offsetsInBlock(
  geometry: LinearGeometry,
  input: Layout,
  target: Layout,
  [rows, columns]: Taps,
  outGroup: number,
  inGroup: number,
): number[] {
  const found = new Set<number>();
  for (const [from, to] of channelRectangles(geometry, input, target, outGroup, inGroup)) {
    const high = spread(rows, from.top - to.bottom, from.bottom - to.top);
    const low = spread(columns, from.left - to.right, from.right - to.left);
    for (const row of high) for (const column of low) found.add(row * input.grid + column);
  }
  return [...found];
}

/** Differences between the cells of an output pixel and of an input pixel under its window, along one axis. */
function tapOffsets(geometry: LinearGeometry, input: Layout, target: Layout, axis: 0 | 1): Set<number> {
  const outSize = axis === 0 ? geometry.output.height : geometry.output.width;
  const inSize = axis === 0 ? geometry.input.height : geometry.input.width;
  const found = new Set<number>();
  for (let out = 0; out < outSize; out++) {
    for (let tap = 0; tap < geometry.kernel[axis]; tap++) {
      const at = out * geometry.stride[axis] + tap - geometry.padding[axis];
      if (at >= 0 && at < inSize) found.add(at * input.gap[axis] - out * target.gap[axis]);
    }
  }
  return found;
}

function spread(offsets: ReadonlySet<number>, least: number, most: number): Set<number> {
  const found = new Set<number>();
  for (const offset of offsets) for (let more = least; more <= most; more++) found.add(offset + more);
  return found;
}

/** Sub-positions, bounds included. */
interface Rectangle {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Pairs of rectangles of sub-positions [input, output] whose channels are all connected. */
function channelRectangles(
  geometry: LinearGeometry,
  input: Layout,
  target: Layout,
  outGroup: number,
  inGroup: number,
): [Rectangle, Rectangle][] {
  if (!geometry.depthwise) {
    return rectanglesOf(input, inGroup).flatMap((from) =>
      rectanglesOf(target, outGroup).map((to): [Rectangle, Rectangle] => [from, to]),
    );
  }
  const pairs: [Rectangle, Rectangle][] = [];
  const first = Math.max(inGroup * groupSize(input), outGroup * groupSize(target));
  const end = Math.min((inGroup + 1) * groupSize(input), (outGroup + 1) * groupSize(target), input.channels);
  for (let channel = first; channel < end; channel++) pairs.push([position(input, channel), position(target, channel)]);
  return pairs;
}

/** The channels of a group as full rows of sub-positions and the rest of a last row. */
function rectanglesOf(layout: Layout, group: number): Rectangle[] {
  const width = layout.sub[1];
  const present = channelsIn(layout, group);
  const full = Math.floor(present / width);
  const rectangles: Rectangle[] = [];
  if (full > 0) rectangles.push({ top: 0, bottom: full - 1, left: 0, right: width - 1 });
  if (present % width > 0) rectangles.push({ top: full, bottom: full, left: 0, right: (present % width) - 1 });
  return rectangles;
}

function position(layout: Layout, channel: number): Rectangle {
  const index = channel % groupSize(layout);
  const row = Math.floor(index / layout.sub[1]);
  const column = index % layout.sub[1];
  return { top: row, bottom: row, left: column, right: column };
}
