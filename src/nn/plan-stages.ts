/** The folded layers as the stages of a program: pools joined to the stage before them, levels and gaps counted. */

import { isPowerOfTwo } from "../ckks/slots.js";
import { UnsupportedLayerError } from "../errors.js";
import type { FoldedLayer, FoldedNetwork, Shape } from "./graph.js";
import { groupsOf, type Layout, powerOfTwoAtLeast } from "./layout.js";
import { MOST_VECTORS } from "./limits.js";
import { type LinearGeometry, linearGeometry } from "./matrix-geometry.js";
import { outputShape, shapeText } from "./shapes.js";

export interface Stage {
  readonly kind: "linear" | "square" | "quad" | "readout";
  /** Index of the folded layer. */
  readonly layer: number;
  /** Level of its input. */
  readonly level: number;
  /** Of linear and readout only. */
  readonly geometry?: LinearGeometry;
  /** What it gives before the pools, at `gap`. */
  readonly shape: Shape;
  readonly gap: Gap;
  readonly pools: readonly (readonly [number, number])[];
}

/** Slots from one pixel to the next; an axis of one pixel has the whole side of the grid. */
export type Gap = readonly [vertical: number, horizontal: number];

export interface Stages {
  readonly input: Shape;
  readonly inputGap: Gap;
  /** Side of a block: every map of the network fits into it at its gap. */
  readonly grid: number;
  readonly depth: number;
  readonly stages: readonly Stage[];
}

/**
 * @throws UnsupportedLayerError when the layers do not fit one another, or the last one does not give a vector of
 *   logits by a linear map, or of more than 2^12 of them.
 */
export function stagesOf(folded: FoldedNetwork): Stages {
  const drafts = draftsOf(folded);
  const last = drafts.at(-1);
  if (last?.geometry === undefined || last.shape.height * last.shape.width !== 1 || last.pools.length > 0) {
    throw new UnsupportedLayerError(
      `the network ends with ${folded.layers.at(-1)?.op ?? "no layer"}, not with a linear layer that gives logits`,
      "End the network with a linear layer, or with a global average pooling.",
    );
  }
  if (last.shape.channels > MOST_VECTORS) {
    throw new UnsupportedLayerError(
      `the network has ${last.shape.channels} classes; ${MOST_VECTORS} are the most: each is a ciphertext of its own`,
      "give the last layer fewer outputs",
    );
  }
  let level = drafts.reduce((sum, draft) => sum + levelsOf(draft), 0);
  const depth = level;
  // 0 stands for "the whole grid", whose side is not known yet.
  let gap: [number, number] = [Math.min(1, folded.input.height - 1), Math.min(1, folded.input.width - 1)];
  const inputGap = gap;
  let grid = reach(folded.input, gap);
  const stages = drafts.map((draft, index): Stage => {
    if (draft.geometry) gap = gapAfter(draft.geometry, gap);
    const stage = { ...draft, kind: index === drafts.length - 1 ? ("readout" as const) : draft.kind, level, gap };
    grid = Math.max(grid, reach(draft.shape, gap));
    for (const kernel of draft.pools) gap = [gap[0] * kernel[0], gap[1] * kernel[1]];
    level -= levelsOf(draft);
    return stage;
  });
  grid = powerOfTwoAtLeast(grid);
  const known = (unknown: Gap): Gap => [unknown[0] || grid, unknown[1] || grid];
  return {
    input: folded.input,
    inputGap: known(inputGap),
    grid,
    depth,
    stages: stages.map((stage) => ({ ...stage, gap: known(stage.gap) })),
  };
}

/** Whether every map of the network fits into one ciphertext of `slots` slots; if not, the first that does not. */
export function misfit({ input, inputGap, grid, stages }: Stages, slots: number): Shape | undefined {
  const maps = [{ shape: input, gap: inputGap }, ...stages.filter((stage) => stage.kind !== "readout")];
  return maps.find(({ shape, gap }) => {
    const densest: Layout = { ...shape, slots, grid, gap, sub: gap, shift: 0 };
    return groupsOf(densest) * grid ** 2 > slots;
  })?.shape;
}

type Draft = Omit<Stage, "level" | "gap" | "pools"> & { pools: (readonly [number, number])[] };

function draftsOf(folded: FoldedNetwork): Draft[] {
  const drafts: Draft[] = [];
  let shape = folded.input;
  for (const [layer, folds] of folded.layers.entries()) {
    const next = outputShape(folds, shape);
    const before = drafts.at(-1);
    if (before && foldsIntoRotations(folds) && layer < folded.layers.length - 1) {
      before.pools.push(folds.kernel);
    } else {
      const geometry = linearGeometry(folds, shape);
      const kind = geometry ? "linear" : (folds.op as "square" | "quad");
      drafts.push({ kind, layer, geometry, shape: next, pools: [] });
    }
    shape = next;
  }
  if (shape.channels !== folded.classes) {
    throw new UnsupportedLayerError(
      `the network announces ${folded.classes} classes but ends with a map of ${shapeText(shape)}`,
      "Give the last linear layer one output for each class.",
    );
  }
  return drafts;
}

function foldsIntoRotations(layer: FoldedLayer): layer is Extract<FoldedLayer, { op: "sumPool2d" }> {
  return layer.op === "sumPool2d" && layer.kernel.every(isPowerOfTwo);
}

function levelsOf(draft: Draft): number {
  return draft.kind === "quad" ? 2 : 1;
}

function gapAfter({ output, stride }: LinearGeometry, gap: Gap): [number, number] {
  const along = (size: number, axis: 0 | 1): number =>
    size === 1 ? 0 : Math.max(1, gap[axis]) * 2 ** Math.floor(Math.log2(stride[axis]));
  return [along(output.height, 0), along(output.width, 1)];
}

function reach(shape: Shape, gap: Gap): number {
  return Math.max(1, shape.height * gap[0], shape.width * gap[1]);
}
