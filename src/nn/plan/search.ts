/**
 * The search for the layouts of a program: stage by stage, over the layouts of all values that are still to be taken. Of the states
 * with the same layouts the cheapest is kept, and of all of them the cheapest few. The price of a linear stage is that of
 * its diagonals in the cheapest way to rotate them.
 */
import { UnsupportedLayerError } from "../../errors.js";
import { type FoldedLinear, takenBy } from "../fold/folded.js";
import type { Shape } from "../graph/network.js";
import { shapeText } from "../graph/shapes.js";
import { MOST_VECTORS } from "../largest.js";
import { ciphertextsOf, filledCiphertexts, isCoordinate, type Layout, pooled, type Role } from "../layout/layout.js";
import { connectionOf } from "./connection.js";
import { type CostModel, foldTime, weightVectors } from "./cost.js";
import { foldSteps, SlotMatrix } from "./diagonals.js";
import { halving, paired, pairingOf, pairingTime } from "./pairs.js";
import { type DiagonalSet, leastTime, splitTime } from "./split.js";
import type { Stage, Stages } from "./stages.js";
import { Best, type Found, type Option, type State } from "./states.js";
import { readoutTarget, type Target, targetLike, targets } from "./targets.js";

/**
 * The cheapest layouts found.
 * @param image layouts that the image may come in
 * @throws UnsupportedLayerError for a layer with more than 2^12 vectors in every layout, pairs counted as one, or maps that do not fit.
 */
export function searchLayouts(stages: Stages, image: readonly Layout[], costs: CostModel, images = 1): Found {
  let states = image.map((layout): State => {
    // What is sent and taken apart counts like weights.
    const cost = weightVectors(costs, stages.depth, ciphertextsOf(layout) - 1);
    return { layouts: new Map([[0, layout]]), cost, choices: [] };
  });
  for (const [index, stage] of stages.stages.entries()) {
    const later = new Set(stages.stages.slice(index + 1).flatMap(({ inputs }) => inputs));
    const count = { fewest: Number.POSITIVE_INFINITY };
    const search = { costs, readout: index === stages.stages.length - 1, count };
    const options = states.flatMap((state) => [...optionsOf(stages, stage, state, search)]);
    const best = new Best(later);
    // From the cheapest on, so that most are dropped before their rotations are cut.
    for (const option of options.sort((a, b) => a.bound - b.bound)) {
      if (option.bound >= best.most) break;
      if (!best.worth(option)) continue;
      const { choice, state, cost, pair } = option;
      const sets = pair === undefined ? choice.sets : paired(choice.sets, pair);
      const cut = sets.length > 0 ? splitTime(sets, choice.target.slots, stage.level, costs) : 0;
      best.put(option, state.cost + cost + cut);
    }
    states = best.states();
    if (states.length === 0) throw nowhere(stages, stage, count.fewest, images);
  }
  return states[0];
}

/** What the options of a stage are made by. */
interface Search {
  readonly costs: CostModel;
  /** Whether the stage gives the logits. */
  readonly readout: boolean;
  /** The fewest vectors that any option may have, two diagonals in each where these can be paired. */
  readonly count: { fewest: number };
}

function* optionsOf(stages: Stages, stage: Stage, state: State, search: Search): Generator<Option> {
  const inputs = stage.inputs.map((value) => state.layouts.get(value)!);
  if (stage.op === "linear") {
    yield* linearOptions(stages, stage, inputs, state, search);
    return;
  }
  const merged = inputs.reduce<Layout | undefined>((all, layout) => all && merge(all, layout), inputs[0]);
  if (!merged) return;
  const { layout: output, folds } = poolAll(merged, stage.pools);
  const cost = ciphertextsOf(merged) * foldTime(search.costs, stage.level, folds.length);
  const choice = { stage, inputs, target: merged, output, folds: 0, sets: [], poolFolds: folds };
  yield { state, choice, cost, bound: state.cost + cost };
}

function* linearOptions(
  { folded, shapes, stages }: Stages,
  stage: Stage,
  inputs: readonly Layout[],
  state: State,
  { costs, readout, count }: Search,
): Generator<Option> {
  const layer = folded.layers[stage.layer] as FoldedLinear;
  const connections = layer.terms.map((term) => connectionOf(layer, term, shapes[term.input]));
  for (const target of candidates({ folded, shapes }, stage, inputs, state, readout)) {
    const sets = setsOf(connections, inputs, target);
    const counts = sets.map(({ diagonals }) => diagonals.length);
    const vectors = sumOf(counts);
    const decided = { stage, inputs, target: target.layout };
    const pairing = pairingOf({ stages }, decided, costs);
    const least = pairing ? Math.ceil(vectors / 2) : vectors;
    if (least > MOST_VECTORS) {
      count.fewest = Math.min(count.fewest, least);
      continue;
    }
    const halves = pairing && halving(sets);
    const left = halves ? sumOf(halves.left) : vectors;
    count.fewest = Math.min(count.fewest, left);
    if (left > MOST_VECTORS) continue;
    const { layout: output, folds } = poolAll(target.layout, stage.pools);
    const results = ciphertextsOf(target.layout);
    const choice = { ...decided, output, folds: target.folds, sets, poolFolds: folds };
    const folding = results * foldTime(costs, stage.level, foldSteps(target.folds).length + folds.length);
    const way = (counts: readonly number[], once: number, pair?: number): Option => {
      const cost = folding + once + weightVectors(costs, stage.level, sumOf(counts));
      return {
        state,
        choice,
        cost,
        pair,
        bound: state.cost + cost + leastTime(Math.max(...counts), stage.level, costs),
      };
    };
    const whole = way(counts, 0);
    const half = halves && way(halves.left, pairingTime(pairing, stage.level, costs), halves.step);
    yield half && (half.bound < whole.bound || vectors > MOST_VECTORS) ? half : whole;
  }
}

/** Layouts that the result may come to lie in; where it is to be added to something, those of that. */
function candidates(
  { folded, shapes }: Pick<Stages, "folded" | "shapes">,
  stage: Stage,
  inputs: readonly Layout[],
  state: State,
  readout: boolean,
): Target[] {
  const layer = folded.layers[stage.layer] as FoldedLinear;
  const like = stage.pools.length === 0 ? partner(folded, stage.output, state) : undefined;
  const found: Target[] = [];
  for (const [k, input] of inputs.entries()) {
    if (readout) return [readoutTarget(widest(inputs), layer.shape)];
    if (like) found.push(...targetLike(input, like));
    else found.push(...targets(input, stage.shape, strideOf(layer, k, shapes)));
  }
  // A fold over a bit that another input is not folded over would count its elements twice, but for one side: see SlotMatrix.
  return found;
}

function strideOf(layer: FoldedLinear, term: number, shapes: readonly Shape[]): readonly number[] {
  const { stride, input } = layer.terms[term];
  return stride.length > 0 ? stride : shapes[input].slice(1).map(() => 1);
}

/** Of several inputs, the one whose bits are copies least often: what is folded for it is folded for all. */
export function widest(inputs: readonly Layout[]): Layout {
  const [first] = inputs;
  const bits = first.bits.map(
    (role, place): Role =>
      inputs.every((each) => each.bits[place] === "replica") ? "replica" : role === "replica" ? "junk" : role,
  );
  return { ...first, bits };
}

/** The layout of what the value is to be added to or multiplied with, if that is known. */
function partner(folded: Stages["folded"], value: number, state: State): Layout | undefined {
  const consumers = folded.layers.flatMap((layer, index) => {
    const taken = takenBy(layer);
    return taken.includes(value) ? [{ layer, index, taken }] : [];
  });
  for (const { layer, index, taken } of consumers) {
    if (layer.op === "add" || layer.op === "multiply") {
      const known = taken.filter((other) => other !== value).map((other) => state.layouts.get(other));
      const layout = known.find((each) => each !== undefined);
      if (layout) return layout;
    } else if (layer.op === "shift") {
      const layout = partner(folded, index + 1, state);
      if (layout) return layout;
    }
  }
  return undefined;
}

/** Every pair of ciphertexts with a diagonal between them; a result that sees nothing has diagonal 0. */
function setsOf(
  connections: readonly ReturnType<typeof connectionOf>[],
  inputs: readonly Layout[],
  target: Target,
): DiagonalSet[] {
  const sets: DiagonalSet[] = [];
  const results = filledCiphertexts(target.layout);
  let first = 0;
  for (const [k, connection] of connections.entries()) {
    const matrix = new SlotMatrix(connection, inputs[k], target.layout, target.folds);
    const sources = filledCiphertexts(inputs[k]);
    for (const [output, to] of results.entries()) {
      for (const [input, from] of sources.entries()) {
        const diagonals = matrix.diagonals(to, from);
        if (diagonals.length > 0) sets.push({ output, input: first + input, modulus: matrix.modulus, diagonals });
      }
    }
    first += sources.length;
  }
  for (const output of results.keys()) {
    if (sets.some((set) => set.output === output)) continue;
    sets.push({ output, input: 0, modulus: target.layout.slots, diagonals: [0] });
  }
  return sets;
}

/** The layout after the pools, and the rotations that make them. */
export function poolAll(layout: Layout, pools: readonly (readonly number[])[]): { layout: Layout; folds: number[] } {
  const folds: number[] = [];
  let output = layout;
  for (const kernel of pools) {
    const next = pooled(output, kernel);
    folds.push(...next.folds);
    output = next.layout;
  }
  return { layout: output, folds };
}

/** What two values that lie alike are together: copies only where both are. Undefined where they lie otherwise. */
export function merge(a: Layout, b: Layout): Layout | undefined {
  if (a.bits.length !== b.bits.length) return undefined;
  const bits: Role[] = [];
  for (const [place, role] of a.bits.entries()) {
    const other = b.bits[place];
    if (isCoordinate(role) || isCoordinate(other)) {
      if (`${role}` !== `${other}`) return undefined;
      bits.push(role);
    } else bits.push(role === "replica" && other === "replica" ? "replica" : "junk");
  }
  return { ...a, bits };
}

function nowhere({ shapes }: Stages, { layer, output }: Stage, fewest: number, images: number): UnsupportedLayerError {
  return new UnsupportedLayerError(
    `layer ${layer + 1} of the folded network, which gives ${shapeText(shapes[output])} values, needs ${fewest} weight vectors or more; ` +
      `${MOST_VECTORS} are the most`,
    `${images > 1 ? "take fewer images at once, or " : ""}give the layer a smaller kernel or fewer features, or reduce its input with strides and pools`,
  );
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
