import type { Shape } from "../graph/network.js";
import type { Draft } from "./draft.js";
import type { FoldedLinear, FoldedQuad } from "./folded.js";
import { type Affinity, absorbAfter, absorbBefore, affinityOf, normOf, spread } from "./terms.js";

/**
 * What is linear by element into the linear map or quadratic before it (W' = s·W, b' = s·b + t; means over windows between the two
 * commute with it), or where there is none of its own into all that follows. One between two quadratics stays: both squares
 * need it as their linear map. One that only adds costs no level.
 */
export function foldNorms(draft: Draft): void {
  for (const [id] of draft.entries()) {
    const layer = draft.linear(id);
    if (!layer) continue;
    const [{ input }] = layer.terms;
    const affinity = affinityOf(layer, draft.shape(input));
    if (!affinity) continue;
    const target = producerThroughPools(draft, input, affinity.scale.length === layer.shape[0]);
    const before = target === undefined ? undefined : draft.at(target);
    // What ends a network is the linear map that its last quadratic needs.
    if (before?.op === "quad" && (draft.output === id || leadsToQuad(draft, id))) continue;
    if (target !== undefined && before?.op === "linear") {
      draft.set(target, absorbAfter(before, affinity));
      draft.remove(id, input);
    } else if (target !== undefined && before?.op === "quad" && target === input) {
      draft.set(target, afterQuad(before, affinity, layer));
      draft.remove(id, input);
    } else foldForward(draft, id, layer, affinity);
  }
}

/** The linear map or quadratic that gives the value, means over windows left aside; only where nothing else takes any of it. */
export function producerThroughPools(draft: Draft, value: number, throughPools = true): number | undefined {
  if (value === 0 || draft.soleConsumer(value) === undefined) return undefined;
  const layer = draft.at(value);
  if (layer?.op === "quad") return value;
  if (layer?.op !== "linear") return undefined;
  if (!draft.pooling(value)) return value;
  return throughPools ? producerThroughPools(draft, layer.terms[0].input) : undefined;
}

function leadsToQuad(draft: Draft, value: number): boolean {
  return draft.consumers(value).some((id) => {
    const layer = draft.at(id);
    if (layer?.op === "quad") return true;
    return layer?.op === "linear" && draft.pooling(id) !== undefined && leadsToQuad(draft, id);
  });
}

/** A layer, and the value that it takes: one that is asked for, or a mean over its windows. */
export interface Taker {
  readonly consumer: number;
  readonly value: number;
}

/** Everything that takes a value, means over windows passed if `byChannel`; undefined for a result, and where nothing takes it. */
export function takersOf(draft: Draft, value: number, byChannel: boolean): Taker[] | undefined {
  const consumers = draft.consumers(value);
  if (draft.output === value || consumers.length === 0) return undefined;
  const found: Taker[] = [];
  for (const consumer of consumers) {
    if (!byChannel || !draft.pooling(consumer)) found.push({ consumer, value });
    else {
      const behind = takersOf(draft, consumer, byChannel);
      if (!behind) return undefined;
      found.push(...behind);
    }
  }
  return found;
}

function foldForward(draft: Draft, id: number, layer: FoldedLinear, affinity: Affinity): void {
  const [{ input }] = layer.terms;
  const takers = takersOf(draft, id, affinity.scale.length === layer.shape[0]);
  const able = takers?.every(({ consumer }) => ["linear", "quad"].includes(draft.at(consumer)!.op));
  if (takers && able) {
    for (const { consumer, value } of takers) {
      const each = draft.at(consumer)!;
      const shape = draft.shape(value);
      if (each.op === "linear") draft.set(consumer, absorbBefore(each, value, shape, affinity));
      else if (each.op === "quad") {
        draft.set(consumer, beforeQuad(each, affinity, shape));
        moveRanges(draft, consumer, affinity, shape);
      }
    }
    draft.remove(id, input);
  } else if (affinity.scale.every((scale) => scale === 1)) {
    draft.set(id, { op: "shift", input, offset: spread(affinity.offset, layer.shape) });
  }
}

function afterQuad(quad: FoldedQuad, affinity: Affinity, { shape }: FoldedLinear): FoldedQuad {
  const [scale, offset] = [spread(affinity.scale, shape), spread(affinity.offset, shape)];
  const times = (values: Float64Array) => values.map((value, i) => value * scale[i]);
  return { ...quad, a: times(quad.a), b: times(quad.b), c: quad.c.map((value, i) => value * scale[i] + offset[i]) };
}

/** a·(s·x + t)² + b·(s·x + t) + c. */
function beforeQuad(quad: FoldedQuad, affinity: Affinity, shape: Shape): FoldedQuad {
  const [s, t] = [spread(affinity.scale, shape), spread(affinity.offset, shape)];
  return {
    ...quad,
    a: quad.a.map((a, i) => a * s[i] * s[i]),
    b: quad.b.map((b, i) => (2 * quad.a[i] * t[i] + b) * s[i]),
    c: quad.c.map((c, i) => (quad.a[i] * t[i] + quad.b[i]) * t[i] + c),
  };
}

/** What a quadratic is given is now what the norm was given. */
function moveRanges(draft: Draft, id: number, affinity: Affinity, shape: Shape): void {
  const ranges = draft.ranges.get(id);
  if (!ranges) return;
  const [s, t] = [spread(affinity.scale, shape), spread(affinity.offset, shape)];
  const ends = (end: Float64Array) => end.map((value, i) => (s[i] === 0 ? value : (value - t[i]) / s[i]));
  const [low, high] = [ends(ranges.low), ends(ranges.high)];
  draft.ranges.set(id, {
    low: low.map((value, i) => Math.min(value, high[i])),
    high: high.map((value, i) => Math.max(value, low[i])),
  });
}

/** A norm of its own in front of one consumer of a value. Gives the norm's value. */
export function insertNorm(
  draft: Draft,
  value: number,
  consumer: number,
  affinity: Affinity,
  kind?: "identity",
): number {
  const shape = draft.shape(value);
  const id = draft.add(normOf(value, shape, affinity, kind), shape, consumer);
  draft.replaceInput(consumer, value, id);
  return id;
}
