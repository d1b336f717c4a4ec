import type { FoldedPolynomial } from "../fold/folded.js";
import type { Shape } from "../graph/network.js";
import { filledCiphertexts, type Layout, layoutKey } from "../layout/layout.js";
import type { Program, ProgramValue, Step, Taps } from "../program/program.js";
import { foldSteps, foldsOf } from "./diagonals.js";
import type { PairedSplit } from "./pairs.js";
import type { Stage, Stages } from "./stages.js";
import type { Choice } from "./states.js";

/** What a program says beside its steps. */
export interface Frame {
  readonly slots: number;
  readonly input: Shape;
  readonly images: number;
  readonly classes: number;
  readonly taps: Taps | undefined;
}

/** The assignments of a program, from what was decided about each stage; level changes are steps of their own. */
export function assemble(
  { depth, folded }: Stages,
  choices: readonly Choice[],
  splits: readonly (PairedSplit | undefined)[],
  { taps, images, ...frame }: Frame,
): Program {
  const draft = new Draft();
  const inputs = draft.make(choices[0].inputs[choices[0].stage.inputs.indexOf(0)], depth, 0);
  let outputs: readonly number[] = inputs;
  for (const [index, choice] of choices.entries()) {
    const { stage } = choice;
    const taken = stage.inputs.map((value) => draft.at(value, stage.level));
    outputs = draft.make(choice.output, stage.after, stage.output);
    if (stage.op === "linear") {
      const terms = taken.flatMap((values, term) => values.map(() => term));
      const folds = foldsOf([...foldSteps(choice.folds), ...choice.poolFolds]);
      const { groups, pair } = splits[index]!;
      draft.steps.push({
        op: "linear",
        layer: stage.layer,
        inputs: taken.flat(),
        outputs,
        terms,
        groups,
        ...(pair !== undefined && { pair }),
        folded: choice.folds,
        target: draft.layout(choice.target),
        folds,
        pools: stage.pools,
        guarded: index === choices.length - 1,
      });
      continue;
    }
    for (const [k, output] of outputs.entries()) {
      const assignment = { layer: stage.layer, inputs: taken.map((values) => values[k]), outputs: [output] };
      draft.steps.push(stepOf(stage, assignment, choice, folded));
    }
  }
  const { layouts, values, steps } = draft;
  return {
    ...frame,
    ...(images > 1 && { images }),
    ...(taps && { taps }),
    depth,
    layouts,
    values,
    inputs,
    steps,
    outputs,
  };
}

function stepOf(
  stage: Stage,
  assignment: { layer: number; inputs: number[]; outputs: number[] },
  choice: Choice,
  folded: Stages["folded"],
): Step {
  const { op, pools } = stage;
  switch (op) {
    case "add":
    case "shift":
      return { op, ...assignment };
    case "polynomial": {
      const { basis, coefficients, interval } = (folded.layers[stage.layer] as FoldedPolynomial).polynomial;
      return { op, ...assignment, basis, coefficients, interval };
    }
    case "square":
    case "multiply":
    case "quad":
      return { op, ...assignment, folds: foldsOf(choice.poolFolds), pools };
    case "linear":
      throw new TypeError("a linear stage is one step for all of its ciphertexts");
  }
}

/** A program on its way. */
export class Draft {
  readonly layouts: Layout[] = [];
  readonly values: ProgramValue[] = [];
  readonly steps: Step[] = [];
  private readonly layoutsByKey = new Map<string, number>();
  /** The ciphertexts of each of the network's values, at each level at which they are. */
  private readonly made = new Map<number, Map<number, number[]>>();

  layout(layout: Layout): number {
    const key = layoutKey(layout);
    let index = this.layoutsByKey.get(key);
    if (index === undefined) {
      index = this.layouts.push(layout) - 1;
      this.layoutsByKey.set(key, index);
    }
    return index;
  }

  /** New values for all ciphertexts of a value of the network. */
  make(layout: Layout, level: number, value: number): number[] {
    const made = this.fresh(layout, level);
    if (!this.made.has(value)) this.made.set(value, new Map());
    this.made.get(value)!.set(level, made);
    return made;
  }

  /** New values that are none of the network's. */
  fresh(layout: Layout, level: number): number[] {
    const index = this.layout(layout);
    return filledCiphertexts(layout).map((ciphertext) => this.values.push({ level, layout: index, ciphertext }) - 1);
  }

  /** The ciphertexts of a value of the network at a level: lowered where they are above it. */
  at(value: number, level: number): number[] {
    const levels = this.made.get(value)!;
    const there = levels.get(level);
    if (there) return there;
    // The nearest above: the fewest primes to drop.
    const from = Math.min(...[...levels.keys()].filter((each) => each > level));
    const lowered = levels.get(from)!.map((input) => {
      const { layout, ciphertext } = this.values[input];
      const output = this.values.push({ level, layout, ciphertext }) - 1;
      this.steps.push({ op: "lower", inputs: [input], outputs: [output] });
      return output;
    });
    levels.set(level, lowered);
    return lowered;
  }
}
