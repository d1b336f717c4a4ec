import type { Draft } from "./draft.js";
import { takenBy } from "./folded.js";
import { insertNorm } from "./norms.js";

/**
 * Values that are added have one scale under encryption, values that are added or multiplied lie in the same slots, and what a
 * polynomial is given has no scale at all. A linear map that nothing else takes can give any of these; all other operands but one get
 * a map of their own in front, which changes nothing else and costs a level where the other side is not deeper anyway.
 */
export function balance(draft: Draft): void {
  for (const [id, layer] of draft.entries()) {
    if (layer.op === "polynomial" && !isFree(draft, layer.input)) insertIdentity(draft, layer.input, id);
    if (layer.op !== "add" && layer.op !== "multiply") continue;
    const fixed = [...new Set(takenBy(layer))].filter((value) => !isFree(draft, value));
    // The deepest keeps its way: the others have levels to spare.
    const depths = new Map(fixed.map((value) => [value, depthAt(draft, value)]));
    const [, ...others] = fixed.sort((a, b) => depths.get(b)! - depths.get(a)!);
    for (const value of others) insertIdentity(draft, value, id);
  }
}

/** Whether a value's scale and place can still be chosen: a linear map gives it, and only one layer takes it. */
function isFree(draft: Draft, value: number): boolean {
  const layer = draft.at(value);
  if (value === 0 || !layer || draft.soleConsumer(value) === undefined) return false;
  if (layer.op === "linear" || layer.op === "quad") return true;
  return layer.op === "shift" && isFree(draft, layer.input);
}

function insertIdentity(draft: Draft, value: number, consumer: number): void {
  const channels = draft.shape(value)[0];
  const affinity = { scale: new Float64Array(channels).fill(1), offset: new Float64Array(channels) };
  insertNorm(draft, value, consumer, affinity, "identity");
}

/** Layers with levels between the image and a value. */
function depthAt(draft: Draft, value: number): number {
  const known = new Map<number, number>([[0, 0]]);
  for (const [id, layer] of draft.entries()) {
    const own = layer.op === "shift" || layer.op === "add" || layer.op === "sumPool" ? 0 : 1;
    known.set(id, own + Math.max(...takenBy(layer).map((input) => known.get(input) ?? 0)));
  }
  return known.get(value) ?? 0;
}
