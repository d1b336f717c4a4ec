/** Baby-step giant-step: how the diagonals of a matrix are cut into rotations before and after the products. */
import { babyStep, type CostModel, decomposition, giantStep, rotationKey } from "./cost.js";

/** The diagonals from one ciphertext to another: distances modulo a power of two, see `SlotMatrix`. */
export interface DiagonalSet {
  readonly output: number;
  readonly input: number;
  readonly modulus: number;
  readonly diagonals: readonly number[];
}

/** Products of the result `output` that are rotated together, by `giant`: its `terms`. */
export interface DiagonalGroup {
  readonly output: number;
  readonly giant: number;
  readonly terms: readonly { readonly input: number; readonly baby: number }[];
}

export interface Split {
  readonly groups: readonly DiagonalGroup[];
  /** Time of babies and giants. */
  readonly time: number;
  /** The same with the keys that are not there yet. */
  readonly cost: number;
  /** Rotations other than 0. */
  readonly rotations: readonly number[];
}

/** Stride and smallest baby: diagonal d has the baby b ≡ d (mod stride) in [least, least + stride), the rest is giant. */
interface Cut {
  readonly stride: number;
  readonly least: number;
}

/**
 * The cheapest cut of all `sets` at `level`. Every power-of-two stride is tried, with the babies around 0 or to one side of it. A
 * rotation that is not in `keys` (step → level of a key that exists anyhow) pays for its key. A result without any diagonal
 * gets diagonal 0, for a product to exist.
 */
export function split(
  sets: readonly DiagonalSet[],
  slots: number,
  level: number,
  costs: CostModel,
  keys?: ReadonlyMap<number, number>,
): Split {
  const { cut, time, cost } = cheapest(sets, slots, level, costs, keys);
  const groups = groupsOf(sets, slots, cut);
  const rotations = new Set(groups.flatMap(({ giant, terms }) => [giant, ...terms.map(({ baby }) => baby)]));
  rotations.delete(0);
  return { groups, time, cost, rotations: [...rotations] };
}

/** Time of the cheapest cut, keys left aside: what the search over layouts asks for. */
export function splitTime(sets: readonly DiagonalSet[], slots: number, level: number, costs: CostModel): number {
  return cheapest(sets, slots, level, costs).time;
}

/** No cut takes less, of `most` diagonals of one pair of ciphertexts: d need b babies and g giants with b·g ≥ d. */
export function leastTime(most: number, level: number, costs: CostModel): number {
  const [baby, giant] = [babyStep(costs, level), giantStep(costs, level, true)];
  let least = Number.POSITIVE_INFINITY;
  for (let giants = 1; giants <= most; giants++) {
    const babies = Math.ceil(most / giants) - 1;
    least = Math.min(least, (giants - 1) * giant + babies * baby + Number(babies > 0) * decomposition(costs, level));
  }
  return least + giantStep(costs, level, false);
}

function cheapest(
  sets: readonly DiagonalSet[],
  slots: number,
  level: number,
  costs: CostModel,
  keys?: ReadonlyMap<number, number>,
): { readonly cut: Cut; readonly time: number; readonly cost: number } {
  let best = { cut: { stride: 1, least: 0 }, time: Number.POSITIVE_INFINITY, cost: Number.POSITIVE_INFINITY };
  const [babies, giants, priced] = marksOf(slots);
  for (const cut of cuts(Math.max(...sets.map(({ modulus }) => modulus)))) {
    let [price, hoisted, decomposed] = [0, 0, 0];
    let [rotated, unrotated] = [0, 0];
    const pay = (step: number): void => {
      if (keys && priced.mark(0, step)) price += keyPrice(step, level, costs, keys);
    };
    const opened = new Set<number>();
    for (const { input, output, modulus, diagonals } of sets) {
      for (const diagonal of diagonals) {
        const [giant, baby] = cutAt(diagonal, cut, modulus, slots);
        if (baby !== 0 && babies.mark(input, baby)) {
          hoisted++;
          pay(baby);
          if (!opened.has(input)) decomposed += opened.add(input).size > 0 ? 1 : 0;
        }
        if (!giants.mark(output, giant)) continue;
        if (giant === 0) unrotated++;
        else {
          rotated++;
          pay(giant);
        }
      }
    }
    for (const marks of [babies, giants, priced]) marks.clear();
    const time =
      decomposed * decomposition(costs, level) +
      hoisted * babyStep(costs, level) +
      rotated * giantStep(costs, level, true) +
      unrotated * giantStep(costs, level, false);
    if (time + price < best.cost) best = { cut, time, cost: time + price };
  }
  return best;
}

/** By slots: a search asks thousands of times, and new ones each time would be a gigabyte of garbage. Each is left cleared. */
const known = new Map<number, readonly [Marks, Marks, Marks]>();

function marksOf(slots: number): readonly [Marks, Marks, Marks] {
  let marks = known.get(slots);
  if (!marks) known.set(slots, (marks = [new Marks(slots), new Marks(slots), new Marks(slots)]));
  return marks;
}

/** Which steps were seen, each beside a number; cleared by walking them again, which is cheaper than a Set. */
class Marks {
  private readonly seen: Uint8Array[] = [];
  private readonly marked: number[] = [];

  constructor(private readonly slots: number) {}

  /** Whether it is new. */
  mark(at: number, step: number): boolean {
    while (this.seen.length <= at) this.seen.push(new Uint8Array(this.slots));
    if (this.seen[at][step] !== 0) return false;
    this.seen[at][step] = 1;
    this.marked.push(at * this.slots + step);
    return true;
  }

  clear(): void {
    for (const place of this.marked) this.seen[Math.floor(place / this.slots)][place % this.slots] = 0;
    this.marked.length = 0;
  }
}

function* cuts(modulus: number): Generator<Cut> {
  yield { stride: 1, least: 0 };
  for (let stride = 2; stride <= modulus; stride *= 2) {
    for (const least of [-stride / 2, -stride / 4, (-3 * stride) / 4, 0, 1 - stride]) {
      if (Number.isInteger(least)) yield { stride, least };
    }
  }
}

/** Giant and baby of a diagonal, both in [0, slots); their sum is the diagonal modulo its modulus. */
function cutAt(diagonal: number, { stride, least }: Cut, modulus: number, slots: number): [number, number] {
  const baby = least + ((diagonal - least) & (Math.min(stride, modulus) - 1));
  return [(diagonal - baby) & (modulus - 1), baby & (slots - 1)];
}

function keyPrice(step: number, level: number, costs: CostModel, keys: ReadonlyMap<number, number>): number {
  const existing = keys.get(step);
  const whole = rotationKey(costs, level);
  return existing === undefined ? whole : Math.max(0, whole - rotationKey(costs, existing));
}

function groupsOf(sets: readonly DiagonalSet[], slots: number, cut: Cut): DiagonalGroup[] {
  const groups = new Map<string, { output: number; giant: number; terms: { input: number; baby: number }[] }>();
  for (const { output, input, modulus, diagonals } of sets) {
    for (const diagonal of diagonals) {
      const [giant, baby] = cutAt(diagonal, cut, modulus, slots);
      const key = `${output} ${giant}`;
      let group = groups.get(key);
      if (!group) groups.set(key, (group = { output, giant, terms: [] }));
      group.terms.push({ input, baby });
    }
  }
  return [...groups.values()]
    .map((group) => ({ ...group, terms: group.terms.sort((a, b) => a.input - b.input || a.baby - b.baby) }))
    .sort((a, b) => a.output - b.output || a.giant - b.giant);
}
