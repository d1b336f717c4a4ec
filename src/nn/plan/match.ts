import { ParameterError } from "../../errors.js";
import { canonicalJson } from "../canonical.js";
import type { FoldedLinear, FoldedNetwork } from "../fold/folded.js";
import { withImages } from "../fold/images.js";
import { sameShape } from "../graph/shapes.js";
import { levelAfter, levelBefore } from "../program/levels.js";
import type { LinearStep, Program, Step } from "../program/program.js";
import { connectionOf } from "./connection.js";
import { SlotMatrix } from "./diagonals.js";
import { sameValues } from "./match-values.js";
import { everySecond } from "./pairs.js";
import { type Stage, type Stages, stagesOf } from "./stages.js";
import { tapsOfFirst, withTaps } from "./taps.js";
import { planThroughput } from "./throughput.js";

/**
 * That a program was planned for the architecture of `folded`, by everything that the program's rotations depend on:
 * weights of another one would be multiplied with the wrong pixels, and the logits be wrong without an error.
 * @throws ParameterError otherwise.
 */
export function requireArchitecture(program: Program, folded: FoldedNetwork): void {
  if (program.throughput) {
    // Such a program is planned in no time, and has no choice in it.
    if (attempt(() => canonicalJson(planThroughput(folded, program.slots))) === canonicalJson(program)) return;
    throw otherNetwork();
  }
  const stages = attempt(() => stagesOf(asPlanned(program, folded)));
  const steps = program.steps.filter((step) => step.op !== "lower" && step.op !== "combine");
  const fits =
    stages !== undefined &&
    folded.classes === program.classes &&
    sameShape(folded.input, program.input) &&
    stages.depth === program.depth &&
    sameTaps(program, folded) &&
    matchesAll(program, steps, stages) &&
    attempt(() => sameValues(program, stages)) === true;
  if (!fits) throw otherNetwork();
}

function otherNetwork(): ParameterError {
  return new ParameterError(
    "the program was planned for another network",
    "compile the network that you encrypt, or give the one that was compiled; weights may differ, the architecture may not",
  );
}

/** The network as the program computes it: on so many images, and with its taps laid out. */
export function asPlanned({ taps, images = 1 }: Program, folded: FoldedNetwork): FoldedNetwork {
  const wide = withImages(folded, images);
  return taps ? withTaps(wide, taps) : wide;
}

/** Whether the key holder lays out the taps of the first layer, if any. */
function sameTaps({ taps, images = 1 }: Program, folded: FoldedNetwork): boolean {
  return taps === undefined || JSON.stringify(taps) === JSON.stringify(tapsOfFirst(withImages(folded, images)));
}

type LayerStep = Exclude<Step, { op: "lower" | "combine" }>;

/** Every stage has its steps: one for a linear layer, one for each ciphertext of another, and none is left over. */
function matchesAll(program: Program, steps: readonly LayerStep[], stages: Stages): boolean {
  let at = 0;
  for (const stage of stages.stages) {
    const first = at;
    while (at < steps.length && steps[at].layer === stage.layer) at++;
    const own = steps.slice(first, at);
    if (own.length === 0 || (stage.op === "linear" && own.length > 1)) return false;
    if (!own.every((step) => matches(program, step, stage, stages))) return false;
  }
  return at === steps.length;
}

function matches(program: Program, step: LayerStep, stage: Stage, stages: Stages): boolean {
  const { values, layouts } = program;
  const shapeOf = (value: number) => layouts[values[value].layout].shape;
  const alike =
    step.op === stage.op &&
    levelBefore(program, step) === stage.level &&
    levelAfter(program, step) === stage.after &&
    sameShape(shapeOf(step.outputs[0]), stages.shapes[stage.output]) &&
    (!("pools" in step) || JSON.stringify(step.pools) === JSON.stringify(stage.pools));
  if (!alike) return false;
  if (step.op === "linear") return sameDiagonals(program, step, stage, stages);
  if (step.op === "polynomial") {
    const layer = stages.folded.layers[stage.layer];
    return layer.op === "polynomial" && `${layer.polynomial.coefficients}` === `${step.coefficients}`;
  }
  return step.inputs.every((value, k) => sameShape(shapeOf(value), stages.shapes[stage.inputs[k]]));
}

/** Whether a step has every diagonal that its layer needs between those layouts, and each once. */
function sameDiagonals(
  { values, layouts }: Program,
  step: LinearStep,
  stage: Stage,
  { folded, shapes }: Stages,
): boolean {
  const layer = folded.layers[stage.layer] as FoldedLinear;
  if (`${[...new Set(step.terms)]}` !== `${[...layer.terms.keys()]}`) return false;
  if (!sameShape(layouts[step.target].shape, layer.shape)) return false;
  const matrices = layer.terms.map((term, k) => {
    const layout = layouts[values[step.inputs[step.terms.indexOf(k)]].layout];
    if (!sameShape(layout.shape, shapes[term.input])) return undefined;
    return new SlotMatrix(connectionOf(layer, term, shapes[term.input]), layout, layouts[step.target], step.folded);
  });
  return step.outputs.every((value, output) =>
    step.inputs.every((input, k) => {
      const matrix = matrices[step.terms[k]];
      if (!matrix || (step.pair !== undefined && step.pair % matrix.modulus === 0)) return false;
      const made = step.groups
        .filter((group) => group.output === output)
        .flatMap(({ giant, terms }) =>
          terms.filter((term) => term.input === k).map(({ baby }) => (giant + baby) & (matrix.modulus - 1)),
        )
        .sort((a, b) => a - b);
      const all = matrix.diagonals(values[value].ciphertext, values[input].ciphertext);
      const needed =
        step.pair === undefined ? all : everySecond({ modulus: matrix.modulus, diagonals: all }, step.pair);
      // A result that sees nothing has diagonal 0.
      return `${made}` === `${needed}` || (needed.length === 0 && `${made}` === "0");
    }),
  );
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
