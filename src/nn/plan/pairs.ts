/**
 * Two diagonals in one product. Slots hold complex numbers, and a network's values are real: x leaves half of each slot empty. With
 * v = x + i·rotate(x, k) the real part of (w − i·w′) ⊙ rotate(v, d) is w ⊙ rotate(x, d) + w′ ⊙ rotate(x, d + k). So a layer
 * takes half of its products, of its vectors, and fewer rotations, for one rotation of each input and, at its end, a fold by
 * complex conjugation, which leaves twice the real parts. What the key holder encrypts comes as v.
 */
import { MOST_VECTORS } from "../largest.js";
import { ciphertextsOf } from "../layout/layout.js";
import { babyStep, type CostModel, decomposition, foldTime, rotationKey, weightVectors } from "./cost.js";
import { type DiagonalSet, type Split, split } from "./split.js";
import type { Stage, Stages } from "./stages.js";
import type { Choice } from "./states.js";

/** A split, and the distance of the diagonals that its products pair, if they do. */
export interface PairedSplit extends Split {
  readonly pair?: number;
}

/** What pairing takes beside the products. */
export interface PairingCosts {
  /** Ciphertexts that are rotated to be paired: those of the image come so. */
  readonly rotated: number;
  /** Ciphertexts whose real part is taken. */
  readonly results: number;
}

/** What of a stage was decided that pairing asks for. */
type Decided = Pick<Choice, "stage" | "inputs" | "target">;

/**
 * What pairing a stage's diagonals takes; undefined for the logits, whose imaginary parts guard them, and where level 0 would have to
 * hold imaginary parts that nothing bounds.
 */
export function pairingOf(
  { stages }: Pick<Stages, "stages">,
  { stage, inputs, target }: Decided,
  { pairs }: CostModel,
): PairingCosts | undefined {
  if (!pairs || stage === stages[stages.length - 1] || stage.after === 0) return undefined;
  const rotated = isGiven(stages, stage) ? 0 : inputs.reduce((sum, layout) => sum + ciphertextsOf(layout), 0);
  return { rotated, results: ciphertextsOf(target) };
}

/** Whether the key holder can pair what the stage takes: the image, which nothing else takes. */
function isGiven(stages: readonly Stage[], stage: Stage): boolean {
  return stages.every((other) =>
    other === stage ? other.inputs.every((value) => value === 0) : !other.inputs.includes(0),
  );
}

/** Rotating the inputs, and taking the results' real parts. */
export function pairingTime({ rotated, results }: PairingCosts, level: number, costs: CostModel): number {
  return rotated * (decomposition(costs, level) + babyStep(costs, level)) + results * foldTime(costs, level, 1);
}

/** Distances that are tried, those with the fewest products. */
const MOST_TRIED = 12;

/**
 * The cheaper of the cheapest cuts of all diagonals, and of those that are left when they are paired.
 * @param pairing undefined where the result's imaginary part is wanted, too
 */
export function splitInPairs(
  sets: readonly DiagonalSet[],
  slots: number,
  level: number,
  costs: CostModel,
  pairing: PairingCosts | undefined,
  keys?: ReadonlyMap<number, number>,
): PairedSplit {
  const whole = split(sets, slots, level, costs, keys);
  if (!pairing) return whole;
  const once = pairingTime(pairing, level, costs);
  const many = vectorsOf(sets) > MOST_VECTORS;
  let best: { readonly split: PairedSplit; readonly cost: number } = {
    split: whole,
    cost: many ? Number.POSITIVE_INFINITY : whole.cost + weightVectors(costs, level, vectorsOf(sets)),
  };
  const steps = fewest(sets, differences(sets)).slice(0, MOST_TRIED);
  // What the search let such a layer pass for.
  if (many) steps.push(halving(sets)!.step);
  for (const step of steps) {
    const left = paired(sets, step);
    if (vectorsOf(left) > MOST_VECTORS) continue;
    const own = split(left, slots, level, costs, keys);
    const turned = pairing.rotated > 0 ? [step] : [];
    // Of the rotation, and of conjugation: this level may be the first that has one.
    const made = turned.filter((by) => !keys?.has(by)).length + 1;
    const cost = own.cost + weightVectors(costs, level, vectorsOf(left)) + once + made * rotationKey(costs, level);
    if (cost >= best.cost) continue;
    const rotations = [...new Set([...own.rotations, ...turned])];
    best = { split: { ...own, rotations, pair: step, time: own.time + once }, cost };
  }
  return best.split;
}

/** How a search pairs diagonals. */
export interface Halving {
  readonly step: number;
  /** Diagonals that are left of each set. */
  readonly left: readonly number[];
}

/** What a search asks for: the power of two that leaves fewest diagonals, or undefined where none leaves fewer than there are. */
export function halving(sets: readonly DiagonalSet[]): Halving | undefined {
  const lengths = sets.map(({ diagonals }) => diagonals.length);
  const least = lengths.reduce((sum, length) => sum + Math.ceil(length / 2), 0);
  let most = vectorsOf(sets);
  let best: Halving | undefined;
  for (let step = Math.max(...sets.map(({ modulus }) => modulus)) / 2; step >= 1 && most > least; step /= 2) {
    if (!sets.every(({ modulus }) => step % modulus !== 0)) continue;
    let count = 0;
    const left: number[] = [];
    for (let k = 0; k < sets.length && count < most; k++) count += left[k] = pairs(sets[k], step);
    if (count >= most) continue;
    most = count;
    best = { step, left };
  }
  return best;
}

/** Every distance at which the first diagonal of the largest set has another. */
function differences(sets: readonly DiagonalSet[]): number[] {
  const largest = sets.reduce((most, set) => (set.diagonals.length > most.diagonals.length ? set : most));
  const [first, ...others] = largest.diagonals;
  return others.map((other) => other - first);
}

/** Those of the steps that leave fewer diagonals than there are, the fewest first. */
function fewest(sets: readonly DiagonalSet[], steps: readonly number[]): number[] {
  const all = vectorsOf(sets);
  return steps
    .filter((step) => sets.every(({ modulus }) => step % modulus !== 0))
    .map((step) => ({ step, count: sets.reduce((sum, set) => sum + pairs(set, step), 0) }))
    .filter(({ count }) => count < all)
    .sort((a, b) => a.count - b.count)
    .map(({ step }) => step);
}

/** The diagonals that are left of each set. */
export function paired(sets: readonly DiagonalSet[], step: number): DiagonalSet[] {
  return sets.map((set) => ({ ...set, diagonals: everySecond(set, step) }));
}

/** The diagonals that are left where each takes the one that is `step` further along, ascending. */
export function everySecond(set: Pick<DiagonalSet, "diagonals" | "modulus">, step: number): number[] {
  const left: number[] = [];
  pairs(set, step, (diagonal) => left.push(diagonal));
  return left.sort((a, b) => a - b);
}

/** By diagonal, 0 for none, 1 for one that is open: one for all, left cleared, since new ones for each question would be much garbage. */
let marks = new Uint8Array(0);

/** Hands out the diagonals that are left, and says how many: each pair of a chain is its first, and so is what is left over at its end. */
function pairs(
  { diagonals, modulus }: Pick<DiagonalSet, "diagonals" | "modulus">,
  step: number,
  give?: (diagonal: number) => void,
): number {
  if (marks.length < modulus) marks = new Uint8Array(modulus);
  const mask = modulus - 1;
  for (const diagonal of diagonals) marks[diagonal] = 1;
  let count = 0;
  const walk = (start: number): void => {
    for (let at = start; marks[at] === 1; at = (at + 2 * step) & mask) {
      count++;
      give?.(at);
      marks[at] = 2;
      const second = (at + step) & mask;
      if (marks[second] !== 1) break;
      marks[second] = 2;
    }
  };
  // Chains from their beginnings; what is open then are circles, of even length.
  for (const diagonal of diagonals) if (marks[(diagonal - step) & mask] === 0) walk(diagonal);
  for (const diagonal of diagonals) walk(diagonal);
  for (const diagonal of diagonals) marks[diagonal] = 0;
  return count;
}

function vectorsOf(sets: readonly DiagonalSet[]): number {
  return sets.reduce((sum, { diagonals }) => sum + diagonals.length, 0);
}
