/** The folded layers as the stages of a program: pools joined to the stage before them, an order, and levels. */
import { levelsOf } from "../fold/depth.js";
import { type FoldedLayer, type FoldedNetwork, takenBy } from "../fold/folded.js";
import { isRotations, usesOf } from "../fold/programmable.js";
import { foldedShapes } from "../fold/shapes.js";
import type { Shape } from "../graph/network.js";

export interface Stage {
  readonly op: Exclude<FoldedLayer["op"], "sumPool">;
  /** Index of the folded layer. */
  readonly layer: number;
  /** The values that it takes: 0 is the image, k + 1 what layer k gives, pools that came in counted as their last. */
  readonly inputs: readonly number[];
  /** The value that it gives, after its pools. */
  readonly output: number;
  /** Before the pools. */
  readonly shape: Shape;
  readonly pools: readonly (readonly number[])[];
  /** Level of what it takes. */
  readonly level: number;
  /** Level of what it gives. */
  readonly after: number;
}

export interface Stages {
  readonly folded: FoldedNetwork;
  readonly shapes: readonly Shape[];
  readonly depth: number;
  readonly stages: readonly Stage[];
}

/** @throws UnsupportedLayerError when the layers do not fit one another. */
export function stagesOf(folded: FoldedNetwork): Stages {
  const { layers } = folded;
  const shapes = foldedShapes(folded);
  const uses = usesOf(layers);
  const drafts: (Omit<Stage, "level" | "after"> & { pools: (readonly number[])[]; output: number })[] = [];
  const makers = new Map<number, number>();
  for (const index of orderOf(layers)) {
    const layer = layers[index];
    if (layer.op === "sumPool" && isRotations(layers, uses, index)) {
      const before = drafts[makers.get(layer.input)!];
      before.pools.push(layer.kernel);
      before.output = index + 1;
      makers.set(index + 1, makers.get(layer.input)!);
      continue;
    }
    if (layer.op === "sumPool") throw new TypeError(`sum pool ${index} is none: take programmable(folded)`);
    makers.set(index + 1, drafts.length);
    drafts.push({
      op: layer.op,
      layer: index,
      inputs: takenBy(layer),
      output: index + 1,
      shape: shapes[index + 1],
      pools: [],
    });
  }
  // From the end: a value is needed at the highest level at which anything takes it.
  const needed = new Map<number, number>();
  const stages: Stage[] = [];
  for (const draft of drafts.toReversed()) {
    const after = needed.get(draft.output) ?? 0;
    const level = after + levelsOf(layers[draft.layer]);
    for (const value of draft.inputs) needed.set(value, Math.max(level, needed.get(value) ?? 0));
    stages.push({ ...draft, level, after });
  }
  return { folded, shapes, depth: needed.get(0) ?? 0, stages: stages.reverse() };
}

/**
 * Layers in an order in which each stands behind those that it takes; of a sum, what can choose its layout comes last, when it is
 * known where the others lie. Layers that nothing takes are left out.
 */
function orderOf(layers: readonly FoldedLayer[]): number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  const pending: [layer: number, opened: boolean][] = [[layers.length - 1, false]];
  while (pending.length > 0) {
    const [index, opened] = pending.pop()!;
    if (opened) order.push(index);
    if (opened || seen.has(index)) continue;
    seen.add(index);
    pending.push([index, true]);
    const before = takenBy(layers[index]).filter((value) => value > 0);
    const free = (value: number) => Number(layers[value - 1].op === "linear");
    // The last pushed is visited first.
    for (const value of [...before].sort((a, b) => free(b) - free(a) || b - a)) pending.push([value - 1, false]);
  }
  return order;
}
