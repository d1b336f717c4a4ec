import { polynomialCost } from "../../ckks/circuits/polynomial-plan.js";
import { ParameterError } from "../../errors.js";
import { sizeOf } from "../graph/shapes.js";
import { checkLayout, filledCiphertexts, type Layout } from "../layout/layout.js";
import { polynomialOf } from "./doubles.js";
import { levelAfter } from "./levels.js";
import { type CombineStep, imagesOf, type LinearStep, type Program, type Step } from "./program.js";

/** Products of a step: RL-6 has 624 in its largest. */
const MOST_TERMS = 2 ** 16;
const MOST_STEPS = 2 ** 14;
/** In throughput mode a step for each element of each layer. */
const MOST_ELEMENT_STEPS = 2 ** 20;
/** N = 2^16 has fewer levels at 128 bits. */
const MOST_LEVELS = 64;
/** Rotations of all folds of a step: more than log2 of the most slots takes, over several pools. */
const MOST_FOLDS = 128;

/**
 * That a program is one that can run: every value is made once, before it is taken, at a level that its step leaves it at, and every
 * rotation, layout and index lies where it may. Costs milliseconds.
 * @throws ParameterError naming what is wrong
 */
export function checkProgram(program: Program): void {
  const { slots, depth, layouts, values, inputs, steps, outputs, classes } = program;
  const fail = (what: string): never => {
    throw new ParameterError(
      `program: ${what}`,
      "take the plan that compile(network) gives, or what its toBytes wrote",
    );
  };
  const throughput = program.throughput === true;
  if (steps.length === 0 || steps.length > (throughput ? MOST_ELEMENT_STEPS : MOST_STEPS))
    fail(`${steps.length} steps`);
  if (!isCount(depth, MOST_LEVELS) || depth < 1) fail(`depth ${depth}`);
  for (const layout of layouts) {
    checkLayout(layout);
    if (layout.slots !== slots) fail(`a layout of ${layout.slots} slots among ${slots}`);
    if ((layout.bits[0] === "image") !== throughput) fail(`a layout of ${throughput ? "no " : ""}images in its slots`);
  }
  const filled = layouts.map((layout) => new Set(filledCiphertexts(layout)));
  for (const [k, { level, layout, ciphertext }] of values.entries()) {
    if (!isCount(level, depth)) fail(`value ${k} at level ${level}`);
    if (!layouts[layout]) fail(`value ${k} of layout ${layout}`);
    if (!filled[layout].has(ciphertext)) fail(`value ${k} is ciphertext ${ciphertext} of its layout`);
  }
  const made = new Set<number>();
  const define = (value: number, what: string): void => {
    if (!values[value]) fail(`${what} makes value ${value}`);
    if (made.has(value)) fail(`${what} makes value ${value} again`);
    made.add(value);
  };
  for (const value of inputs) {
    define(value, "the image");
    if (values[value].level !== depth) fail(`the image at level ${values[value].level} of ${depth}`);
  }
  expectWhole(program, inputs, fail);
  for (const [index, step] of steps.entries()) {
    const what = `step ${index} (${step.op})`;
    for (const value of step.inputs) if (!made.has(value)) fail(`${what} takes value ${value}, which is not there yet`);
    if (step.inputs.length === 0 || step.outputs.length === 0) fail(`${what} takes or makes nothing`);
    for (const value of step.outputs) define(value, what);
    const [before, after] = [step.inputs, step.outputs].map(
      (list) => new Set(list.map((value) => values[value].level)),
    );
    if (before.size > 1 || after.size > 1) fail(`${what} mixes levels`);
    const drop = [...before][0] - [...after][0];
    if (step.op === "lower" ? drop < 1 : drop !== levelsOf(step))
      fail(`${what} goes from ${[...before]} to ${[...after]}`);
    checkRotations(step, slots, what, fail);
    if ("pair" in step && step.op !== "linear") fail(`${what} pairs what has no diagonals`);
    if (throughput && (step.op === "linear" || ("folds" in step && step.folds.length > 0)))
      fail(`${what} rotates images`);
    if (step.op === "linear") checkLinear(program, step, what, fail);
    else if (step.op === "combine") checkCombine(program, step, what, fail);
    else if (step.inputs.length !== arity(step) || step.outputs.length !== 1)
      fail(`${what} of ${step.inputs.length} values`);
  }
  for (const value of outputs) {
    if (!made.has(value) || inputs.includes(value)) fail(`the result is value ${value}`);
    if (values[value].level !== 0) fail(`the result at level ${values[value].level}`);
  }
  const results = throughput ? classes : classes * imagesOf(program);
  if (expectWhole(program, outputs, fail) !== results) fail(`${classes} classes`);
}

/** That values are the ciphertexts of one layout, in order; gives how many elements it has. */
function expectWhole({ values, layouts }: Program, list: readonly number[], fail: (what: string) => never): number {
  const [first] = list;
  if (first === undefined) return fail("no image or no result");
  const { layout } = values[first];
  const wanted = filledCiphertexts(layouts[layout]);
  const right =
    list.length === wanted.length &&
    list.every((value, k) => values[value]?.layout === layout && values[value].ciphertext === wanted[k]);
  return right ? sizeOf(layouts[layout].shape) : fail(`the values ${list.slice(0, 4)} are not all of one layout`);
}

function levelsOf(step: Step): number {
  switch (step.op) {
    case "combine":
    case "linear":
    case "square":
    case "multiply":
      return 1;
    case "quad":
      return 2;
    case "polynomial":
      return polynomialCost(polynomialOf(step)).levels;
    default:
      return 0;
  }
}

/** How many values a step takes; a sum as many as it has. */
function arity(step: Step): number {
  if (step.op === "add") return Math.max(2, step.inputs.length);
  return step.op === "multiply" ? 2 : 1;
}

function checkRotations(step: Step, slots: number, what: string, fail: (what: string) => never): void {
  if (step.op !== "linear" && step.op !== "square" && step.op !== "multiply" && step.op !== "quad") return;
  if (!Array.isArray(step.pools)) fail(`${what} without a list of pools`);
  if (!Array.isArray(step.folds) || !step.folds.every(Array.isArray) || step.folds.length > MOST_LEVELS)
    fail(`${what} with ${step.folds?.length} folds`);
  const rotations = step.folds.flat();
  const wrong = rotations.find((by) => !isCount(by, slots - 1) || by === 0);
  if (wrong !== undefined || rotations.length > MOST_FOLDS) fail(`${what} folds by ${wrong}`);
}

function checkLinear(program: Program, step: LinearStep, what: string, fail: (what: string) => never): void {
  const { slots, layouts } = program;
  const { groups, terms, inputs, outputs, folded, target } = step;
  const products = groups.reduce((sum, group) => sum + group.terms.length, 0);
  if (products === 0 || products > MOST_TERMS) fail(`${what} of ${products} products`);
  const target0: Layout | undefined = layouts[target];
  if (!target0 || !isCount(folded, slots - 1)) fail(`${what} with target ${target}, folded ${folded}`);
  if (terms.length !== inputs.length || terms.some((term) => !isCount(term, inputs.length - 1)))
    fail(`${what}: terms ${terms}`);
  for (const group of groups) {
    if (!isCount(group.output, outputs.length - 1) || !isCount(group.giant, slots - 1) || group.terms.length === 0) {
      fail(`${what}: a group of result ${group.output}, giant ${group.giant}, ${group.terms.length} terms`);
    }
    for (const { input, baby } of group.terms) {
      if (!isCount(input, inputs.length - 1) || !isCount(baby, slots - 1))
        fail(`${what}: input ${input}, baby ${baby}`);
    }
  }
  const { pair } = step;
  if (pair !== undefined && (!isCount(pair, slots - 1) || pair === 0)) fail(`${what} pairs slots ${pair} apart`);
  // Imaginary parts are what guards logits, and level 0 holds little.
  if (pair !== undefined && (step.guarded || levelAfter(program, step) === 0))
    fail(`${what} pairs what it leaves at level 0`);
  const served = new Set(groups.map(({ output }) => output));
  if (served.size !== outputs.length) fail(`${what} leaves a result without a product`);
}

/** Numbers are multiplied with each element once for each output at the most. */
function checkCombine({ throughput }: Program, step: CombineStep, what: string, fail: (what: string) => never): void {
  if (!throughput) fail(`${what} beside layouts of several elements`);
  if (!isCount(step.products, step.inputs.length * step.outputs.length)) fail(`${what} of ${step.products} products`);
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most;
}
