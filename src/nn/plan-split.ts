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
  let best: { cut: Cut; cost: number } | undefined;
  for (const cut of cuts(slots)) {
    const { babies, giants } = rotationsOf(diagonals, slots, cut);
    let cost = timeOf(babies, giants, level, costs);
    if (keys) for (const step of new Set([...babies, ...giants])) cost += keyPrice(step, level, costs, keys);
    if (best === undefined || cost < best.cost) best = { cut, cost };
  }
  const { cut } = best!;
  const { babies, giants } = rotationsOf(diagonals, slots, cut);
  const rotations = [...new Set([...babies, ...giants])].filter((step) => step !== 0);
  return { groups: groupsOf(diagonals, slots, cut), time: timeOf(babies, giants, level, costs), rotations };
}

/** Time of the cheapest cut, keys left aside: what the search over layouts asks for. */
export function splitTime(diagonals: readonly number[], slots: number, level: number, costs: CostModel): number {
  let least = Number.POSITIVE_INFINITY;
  for (const cut of cuts(slots)) {
    const { babies, giants } = rotationsOf(diagonals, slots, cut);
    least = Math.min(least, timeOf(babies, giants, level, costs));
  }
  return least;
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

function rotationsOf(diagonals: readonly number[], slots: number, cut: Cut): { babies: Set<number>; giants: Set<number> } {
  const babies = new Set<number>();
  const giants = new Set<number>();
  for (const diagonal of diagonals) {
    const baby = babyOf(diagonal, cut);
    babies.add(baby & (slots - 1));
    giants.add((diagonal - baby) & (slots - 1));
  }
  return { babies, giants };
}

function timeOf(babies: Set<number>, giants: Set<number>, level: number, costs: CostModel): number {
  const hoisted = babies.size - Number(babies.has(0));
  const rotated = giants.size - Number(giants.has(0));
  return (
    (hoisted > 0 ? decomposition(costs, level) : 0) +
    hoisted * babyStep(costs, level) +
    rotated * giantStep(costs, level, true) +
    (giants.size - rotated) * giantStep(costs, level, false)
  );
}

function keyPrice(step: number, level: number, costs: CostModel, keys: ReadonlyMap<number, number>): number {
  if (step === 0) return 0;
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
