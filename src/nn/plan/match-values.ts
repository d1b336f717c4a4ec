import type { FoldedLinear } from "../fold/folded.js";
import { filledCiphertexts, type Layout, layoutKey } from "../layout/layout.js";
import type { LinearStep, Program, Step } from "../program/program.js";
import { foldSteps, foldsOf } from "./diagonals.js";
import { merge, poolAll, widest } from "./search.js";
import type { Stage, Stages } from "./stages.js";
import { readoutTarget, targetLike } from "./targets.js";

/**
 * Whether each step takes whole values of the network, those that its layer takes, and leaves its own where its folds bring it: no
 * ciphertext twice, none of another value, no copies where a layout says some and there are none.
 */
export function sameValues(program: Program, { stages, folded }: Stages): boolean {
  const { values, layouts, steps, inputs, outputs } = program;
  const stageOf = new Map(stages.map((stage) => [stage.layer, stage]));
  const done = new Map<number, number>();
  /** Of each ciphertext, which of the network's values it is of. */
  const networks = new Map(inputs.map((value) => [value, 0]));
  const layoutOf = (value: number) => layouts[values[value].layout];
  /** The layout of ciphertexts that are a whole value of the network, in order. */
  const whole = (list: readonly number[], value: number): Layout | undefined => {
    const [first] = list;
    const filled = first === undefined ? [] : filledCiphertexts(layoutOf(first));
    const right = list.every(
      (each, k) =>
        networks.get(each) === value &&
        values[each].layout === values[first].layout &&
        values[each].ciphertext === filled[k],
    );
    return right && list.length === filled.length && filled.length > 0 ? layoutOf(first) : undefined;
  };

  const linear = (step: LinearStep, stage: Stage): boolean => {
    const { terms } = folded.layers[stage.layer] as FoldedLinear;
    const taken = terms.map(({ input }, k) =>
      whole(
        step.inputs.filter((_, i) => step.terms[i] === k),
        input,
      ),
    );
    if (!taken.every((layout) => layout !== undefined)) return false;
    const target = layouts[step.target];
    const readout = stage === stages[stages.length - 1];
    const targets = readout
      ? [readoutTarget(widest(taken), target.shape)]
      : taken.flatMap((layout) => targetLike(layout, target));
    const { layout, folds } = poolAll(target, stage.pools);
    const made = whole(step.outputs, stage.output);
    return (
      targets.some((each) => each.folds === step.folded && layoutKey(each.layout) === layoutKey(target)) &&
      step.guarded === readout &&
      sameFolds(step, [...foldSteps(step.folded), ...folds]) &&
      made !== undefined &&
      layoutKey(made) === layoutKey(layout)
    );
  };

  /** A step for each ciphertext: this is the one of the `nth`. */
  const byElement = (step: Step, stage: Stage, nth: number): boolean => {
    if (step.inputs.length !== stage.inputs.length) return false;
    const taken = step.inputs.map(layoutOf);
    const merged = taken.reduce<Layout | undefined>((all, layout) => all && merge(all, layout), taken[0]);
    if (!merged) return false;
    const { layout, folds } = poolAll(merged, stage.pools);
    const [output] = step.outputs;
    const ciphertext = filledCiphertexts(merged)[nth];
    return (
      step.inputs.every((value, k) => {
        return networks.get(value) === stage.inputs[k] && values[value].ciphertext === ciphertext;
      }) &&
      values[output].ciphertext === filledCiphertexts(layout)[nth] &&
      layoutKey(layoutOf(output)) === layoutKey(layout) &&
      sameFolds(step, folds)
    );
  };

  for (const step of steps) {
    if (step.op === "lower") {
      const [from, to] = [step.inputs[0], step.outputs[0]];
      if (values[from].layout !== values[to].layout || values[from].ciphertext !== values[to].ciphertext) return false;
      networks.set(to, networks.get(from)!);
      continue;
    }
    const stage = stageOf.get(step.layer);
    if (!stage) return false;
    for (const value of step.outputs) networks.set(value, stage.output);
    const nth = done.get(step.layer) ?? 0;
    done.set(step.layer, nth + 1);
    if (!(step.op === "linear" ? linear(step, stage) : byElement(step, stage, nth))) return false;
  }
  const ciphertexts = (stage: Stage): number => {
    if (stage.op === "linear") return 1;
    const step = steps.find((each) => each.op !== "lower" && each.layer === stage.layer);
    return step ? filledCiphertexts(layoutOf(step.inputs[0])).length : 0;
  };
  return (
    stages.every((stage) => done.get(stage.layer) === ciphertexts(stage)) &&
    whole(outputs, stages[stages.length - 1].output) !== undefined
  );
}

function sameFolds(step: Step, bits: readonly number[]): boolean {
  return !("folds" in step) || JSON.stringify(step.folds) === JSON.stringify(foldsOf(bits));
}
