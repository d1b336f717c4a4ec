/** Baby-step giant-step: how the diagonals of a matrix are cut into rotations before and after the products. */
import { babyStep, type CostModel, decomposition, giantStep, rotationKey } from "./plan-cost.js";
import type { DiagonalGroup } from "./program.js";

export interface Split {
  readonly groups: readonly DiagonalGroup[];
  /** Time of babies and giants. */
  readonly time: number;
  /** Rotations other than 0. */
  readonly rotations: readonly number[];
}

/** Stride and smallest baby: diagonal d has the baby b ≡ d (mod stride) in [least, least + stride), the rest is giant. */
interface Cut {
  readonly stride: number;
  readonly least: number;
}

/**
 * The cheapest cut of `diagonals` (in [0, slots)) at `level`. Every power-of-two stride is tried, with the babies
 * around 0 or to one side of it. A rotation that is not in `keys` (step → level of a key that exists anyhow) pays for
 * its key.
 */
export function split(
  diagonals: readonly number[],
  slots: number,
  level: number,
  costs: CostModel,
  keys?: ReadonlyMap<number, number>,
): Split {
  const { cut, time } = cheapest(diagonals, slots, level, costs, keys);
  const groups = groupsOf(diagonals, slots, cut);
  const rotations = new Set(groups.flatMap(({ giant, babies }) => [giant, ...babies]));
  rotations.delete(0);
  return { groups, time, rotations: [...rotations] };
}

/** Time of the cheapest cut, keys left aside: what the search over layouts asks for. */
export function splitTime(diagonals: readonly number[], slots: number, level: number, costs: CostModel): number {
  return cheapest(diagonals, slots, level, costs).time;
}

function cheapest(
  diagonals: readonly number[],
  slots: number,
  level: number,
  costs: CostModel,
  keys?: ReadonlyMap<number, number>,
): { cut: Cut; time: number } {
  // 1 for a baby, 2 for a giant, 3 for both; cleared by walking the diagonals again, which is cheaper than a Set.
  const marks = new Uint8Array(slots);
  let best = { cut: { stride: 1, least: 0 }, time: Number.POSITIVE_INFINITY, cost: Number.POSITIVE_INFINITY };
  for (const cut of cuts(slots)) {
    let hoisted = 0;
    let rotated = 0;
    let price = 0;
    const mark = (step: number, bit: 1 | 2): void => {
      if (step === 0 || (marks[step] & bit) !== 0) return;
      if (bit === 1) hoisted++;
      else rotated++;
      if (keys && marks[step] === 0) price += keyPrice(step, level, costs, keys);
      marks[step] |= bit;
    };
    let unrotated = false;
    for (const diagonal of diagonals) {
      const baby = babyOf(diagonal, cut);
      const giant = (diagonal - baby) & (slots - 1);
      mark(baby & (slots - 1), 1);
      mark(giant, 2);
      unrotated ||= giant === 0;
    }
    for (const diagonal of diagonals) {
      const baby = babyOf(diagonal, cut);
      marks[baby & (slots - 1)] = 0;
      marks[(diagonal - baby) & (slots - 1)] = 0;
    }
    const time =
      (hoisted > 0 ? decomposition(costs, level) : 0) +
      hoisted * babyStep(costs, level) +
      rotated * giantStep(costs, level, true) +
      Number(unrotated) * giantStep(costs, level, false);
    if (time + price < best.cost) best = { cut, time, cost: time + price };
  }
  return best;
}

function* cuts(slots: number): Generator<Cut> {
  yield { stride: 1, least: 0 };
  for (let stride = 2; stride <= slots; stride *= 2) {
    for (const least of [-stride / 2, -stride / 4, (-3 * stride) / 4, 0, 1 - stride]) {
      if (Number.isInteger(least)) yield { stride, least };
    }
  }
}

function babyOf(diagonal: number, { stride, least }: Cut): number {
  return least + ((diagonal - least) & (stride - 1));
}

function keyPrice(step: number, level: number, costs: CostModel, keys: ReadonlyMap<number, number>): number {
  const existing = keys.get(step);
  const whole = rotationKey(costs, level);
  return existing === undefined ? whole : Math.max(0, whole - rotationKey(costs, existing));
}

function groupsOf(diagonals: readonly number[], slots: number, cut: Cut): DiagonalGroup[] {
  const groups = new Map<number, number[]>();
  for (const diagonal of diagonals) {
    const baby = babyOf(diagonal, cut);
    const giant = (diagonal - baby) & (slots - 1);
    if (!groups.has(giant)) groups.set(giant, []);
    groups.get(giant)!.push(baby & (slots - 1));
  }
  return [...groups]
    .map(([giant, babies]) => ({ giant, babies: babies.sort((a, b) => a - b) }))
    .sort((a, b) => a.giant - b.giant);
}
