/** What a search has decided so far, and the cheapest of it. */
import { type Layout, layoutKey } from "../layout/layout.js";
import type { DiagonalSet } from "./split.js";
import type { Stage } from "./stages.js";

/** What the search decided about one stage. */
export interface Choice {
  readonly stage: Stage;
  readonly inputs: readonly Layout[];
  /** Before the pools. */
  readonly target: Layout;
  readonly output: Layout;
  /** Of a linear stage: bits that complete the product, and its diagonals. */
  readonly folds: number;
  readonly sets: readonly DiagonalSet[];
  /** Rotations of the pools. */
  readonly poolFolds: readonly number[];
}

/** What was found. */
export interface Found {
  readonly choices: readonly Choice[];
  /** In NTTs of one limb, see `CostModel`. */
  readonly cost: number;
}

/** The layouts of all values that are still to be taken. */
export interface State {
  readonly layouts: ReadonlyMap<number, Layout>;
  readonly cost: number;
  readonly choices: readonly Choice[];
}

/** A way to do a stage from a state, its rotations not yet cut. */
export interface Option {
  readonly state: State;
  readonly choice: Choice;
  /** Without babies and giants. */
  readonly cost: number;
  /** Diagonals so far apart are paired; undefined where none are. */
  readonly pair?: number | undefined;
  /** No cut makes it cheaper, the state's own cost counted. */
  readonly bound: number;
}

/** States that are kept after a stage. */
const BEAM = 24;

/** The cheapest state for each combination of layouts of what is still to be taken. */
export class Best {
  private readonly found = new Map<string, State>();
  /** What a state has to cost less than, to be among those that are kept. */
  most = Number.POSITIVE_INFINITY;

  constructor(private readonly later: ReadonlySet<number>) {}

  worth(option: Option): boolean {
    return option.bound < (this.found.get(keyOf(this.after(option)))?.cost ?? Number.POSITIVE_INFINITY);
  }

  put(option: Option, cost: number): void {
    const layouts = this.after(option);
    const key = keyOf(layouts);
    if ((this.found.get(key)?.cost ?? Number.POSITIVE_INFINITY) <= cost) return;
    this.found.set(key, { layouts, cost, choices: [...option.state.choices, option.choice] });
    const costs = [...this.found.values()].map((state) => state.cost).sort((a, b) => a - b);
    this.most = costs[BEAM - 1] ?? Number.POSITIVE_INFINITY;
  }

  states(): State[] {
    return [...this.found.values()].sort((a, b) => a.cost - b.cost).slice(0, BEAM);
  }

  private after({ state, choice }: Option): Map<number, Layout> {
    const layouts = [...state.layouts, [choice.stage.output, choice.output] as const];
    return new Map(layouts.filter(([value]) => this.later.has(value)));
  }
}

function keyOf(layouts: ReadonlyMap<number, Layout>): string {
  return [...layouts].map(([value, layout]) => `${value}:${layoutKey(layout)}`).join(" ");
}
