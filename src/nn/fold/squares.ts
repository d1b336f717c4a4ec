import { type ChannelRanges, completed } from "./curvature.js";
import type { Draft } from "./draft.js";
import type { FoldedQuad } from "./folded.js";
import { insertNorm, producerThroughPools, takersOf } from "./norms.js";
import { type Affinity, absorbAfter, absorbBefore, perChannel, spread } from "./terms.js";

/**
 * Completes the square, a·x² + b·x + c = A·(k·(x + s))² + t (`curvature.ts`): k and s go into the linear map before; where there is
 * none of its own, s is added to the value, which costs no level. A and t go into every linear map that takes the
 * result, means over windows on the way; a sum that takes it gets a linear map by element in front. Where anything else takes it,
 * the quadratic stays what it is.
 */
export function completeSquares(draft: Draft): void {
  for (const [id, layer] of draft.entries()) {
    if (layer.op !== "quad") continue;
    const quad = quadOf(layer, draft.shape(id));
    const plain = quad.a.every((a) => a === 1) && quad.b.every((b) => b === 0) && quad.c.every((c) => c === 0);
    if (plain) {
      draft.set(id, { op: "square", input: layer.input });
      continue;
    }
    const byChannel = quad.a.length === draft.shape(id)[0];
    const takers = takersOf(draft, id, byChannel);
    if (!takers?.every(({ consumer }) => absorbs(draft, consumer))) continue;
    const before = producerThroughPools(draft, layer.input, byChannel);
    const linear = before === undefined ? undefined : draft.linear(before);
    const { shift, scale, factor, rest } = completed(quad, rangesOf(draft, id, quad.a.length));
    if (linear && before !== undefined) {
      draft.set(before, absorbAfter(linear, { scale, offset: shift.map((value, c) => value * scale[c]) }));
    } else {
      for (const [c, k] of scale.entries()) factor[c] *= k * k;
      addShift(draft, id, layer, shift);
    }
    const { input } = draft.at(id) as FoldedQuad;
    draft.set(id, { op: "square", input });
    for (const { consumer, value } of takers) absorb(draft, consumer, value, { scale: factor, offset: rest });
  }
}

/** What a quadratic is given, as many ranges as it has numbers. */
function rangesOf(draft: Draft, id: number, count: number): ChannelRanges | undefined {
  const ranges = draft.ranges.get(id);
  if (!ranges || ranges.low.length === count) return ranges;
  const run = ranges.low.length / count;
  const each = (list: Float64Array, pick: (...values: number[]) => number) =>
    Float64Array.from({ length: count }, (_, c) => pick(...list.subarray(c * run, (c + 1) * run)));
  return { low: each(ranges.low, Math.min), high: each(ranges.high, Math.max) };
}

/** Per channel where all elements of each channel have the same, else per element. */
export function quadOf({ a, b, c }: Pick<FoldedQuad, "a" | "b" | "c">, shape: readonly number[]) {
  const lists = [a, b, c].map((list) => perChannel(list, shape));
  const [channelA, channelB, channelC] = lists;
  if (channelA && channelB && channelC) return { a: channelA, b: channelB, c: channelC };
  return { a, b, c };
}

function addShift(draft: Draft, id: number, layer: FoldedQuad, shift: Float64Array): void {
  if (shift.every((value) => value === 0)) return;
  const shape = draft.shape(layer.input);
  const shifted = draft.add({ op: "shift", input: layer.input, offset: spread(shift, shape) }, shape, id);
  draft.replaceInput(id, layer.input, shifted);
}

function absorbs(draft: Draft, id: number): boolean {
  const op = draft.at(id)?.op;
  return op === "linear" || op === "add";
}

function absorb(draft: Draft, consumer: number, value: number, affinity: Affinity): void {
  const layer = draft.at(consumer)!;
  if (layer.op === "linear") draft.set(consumer, absorbBefore(layer, value, draft.shape(value), affinity));
  else insertNorm(draft, value, consumer, affinity);
}
