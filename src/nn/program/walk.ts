import type { Program, Step, StepOf } from "./program.js";

/** What each step means for values of one kind: ciphertexts, doubles, ranges. Each gives as many values as the step makes. */
export type Algebra<V> = {
  readonly [Op in Step["op"]]: (step: StepOf<Op>, inputs: readonly V[], index: number) => readonly V[];
};

/** All optional. */
export interface WalkOptions<V> {
  /** Called with each value of the program that no later step takes; not with results, nor with what came in. */
  readonly release?: (value: V) => void;
  /** Called with what each step made, before anything else takes it; may give other values for it. */
  readonly made?: (values: readonly V[], step: Step, index: number) => readonly V[];
}

/**
 * Does what a program says, step by step, in any algebra. Gives its results; yields the index of each step when it is done.
 * Whatever the walk still holds when it is left early is released.
 * @param inputs as many as the program's inputs, and at their places
 */
export function* walk<V>(
  program: Program,
  algebra: Algebra<V>,
  inputs: readonly V[],
  options: WalkOptions<V> = {},
): Generator<number, V[], void> {
  const { release = () => {}, made = (values) => values } = options;
  const live = new Map<number, V>(program.inputs.map((value, i) => [value, inputs[i]]));
  const uses = usesOf(program);
  const given = new Set(program.inputs);
  let ended = false;
  try {
    for (const [index, step] of program.steps.entries()) {
      const apply = algebra[step.op] as (step: Step, inputs: readonly V[], index: number) => readonly V[];
      const results = made(
        apply(
          step,
          step.inputs.map((value) => live.get(value)!),
          index,
        ),
        step,
        index,
      );
      for (const [i, value] of step.outputs.entries()) {
        if (uses.has(value)) live.set(value, results[i]);
        else release(results[i]);
      }
      for (const value of step.inputs) {
        const left = uses.get(value)! - 1;
        uses.set(value, left);
        if (left === 0 && !given.has(value)) {
          release(live.get(value)!);
          live.delete(value);
        }
      }
      yield index;
    }
    const results = program.outputs.map((value) => live.get(value)!);
    ended = true;
    return results;
  } finally {
    if (!ended) for (const [value, held] of live) if (!given.has(value)) release(held);
  }
}

/** How often each value is taken; results count once more, and so are never released. */
function usesOf({ steps, outputs }: Program): Map<number, number> {
  const uses = new Map<number, number>();
  for (const value of [...steps.flatMap((step) => step.inputs), ...outputs])
    uses.set(value, (uses.get(value) ?? 0) + 1);
  return uses;
}
