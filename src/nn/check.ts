import type { BlindsightError } from "../errors.js";
import { calibrationImages, LOGIT_SHARE } from "./calibrate.js";
import { compile } from "./compile.js";
import type { CompileOptions } from "./compile-options.js";
import type { ImageValues } from "./graph/image.js";
import { interpret } from "./graph/interpret.js";
import type { Network } from "./graph/network.js";
import { weightsFor } from "./model.js";
import type { Plan } from "./plan.js";
import { countStep, modelSize, packedBytes } from "./program/counts.js";
import { rememberVectors, simulate } from "./program/simulate.js";

/** One thing that was found. */
export interface Finding {
  /** "error": it cannot be encrypted so; "warning": it can, and may not do what is wanted; "fact". */
  readonly kind: "error" | "warning" | "fact";
  /** In words. */
  readonly what: string;
  /** What to do about it; absent for facts. */
  readonly fix?: string;
}

/** What `check` found. */
export class Check {
  constructor(
    /** In the order of the look: operators, depth and security, sizes, ranges. */
    readonly findings: readonly Finding[],
    /** Where the network can be encrypted. */
    readonly plan?: Plan,
  ) {}

  /** Whether nothing stands against encrypting it. */
  get ok(): boolean {
    return this.findings.every(({ kind }) => kind !== "error");
  }

  /** A line for each finding. */
  describe(): string {
    return this.findings.map(({ kind, what, fix }) => `${kind}: ${what}${fix ? `: ${fix}` : ""}`).join("\n");
  }
}

/** How a network is looked at. */
export interface CheckOptions extends CompileOptions {
  /** Images like those that it is for: their values are followed through the program. Without them ranges are not looked at. */
  readonly calibration?: Iterable<ImageValues>;
}

/** Bits between the largest value of a step and what its level holds, below which a warning is due: 8 times. */
const FEW_BITS = 3;
/** Images that are followed through the whole program; the others calibrate. */
const MOST_FOLLOWED = 8;

/**
 * Looks at a network before anything is encrypted, and says in words what stands against it: all operators that cannot be, the depth and
 * the security of its parameters, how many bytes keys, model and images take, and, over calibration images, how far values stay from
 * what their levels hold, and logits from those of the original. Costs a plan, and about a second an image.
 * @throws TypeError for what is no network or no such option
 */
export function check(network: Network, { calibration, ...options }: CheckOptions = {}): Check {
  const findings = operatorsOf(network);
  if (findings.length > 0) return new Check(findings);
  let plan: Plan;
  try {
    plan = compile(network, options);
  } catch (error) {
    return new Check([...findings, refusal(error)]);
  }
  findings.push(...factsOf(plan));
  if (!calibration) return new Check(findings, plan);
  const images = calibrationImages(network.input, calibration);
  try {
    findings.push(...rangesOf(network, plan, images));
  } catch (error) {
    findings.push(refusal(error));
  }
  return new Check(findings, plan);
}

function operatorsOf({ layers }: Network): Finding[] {
  const found: Finding[] = [];
  for (const [index, layer] of (layers ?? []).entries()) {
    if (layer.op !== "activation") continue;
    const fix =
      "replace it by a fitted polynomial (fitActivations), or train with a quadratic a·x² + b·x + c per channel";
    found.push({
      kind: "error",
      what: `layer ${index + 1} is a ${layer.name}, which cannot be computed under encryption`,
      fix,
    });
  }
  return found;
}

function factsOf(plan: Plan): Finding[] {
  const { parameters, program, depth } = plan;
  const fact = (what: string): Finding => ({ kind: "fact", what });
  const keys = plan.evaluationKeyBytes;
  const image = packedBytes(program.inputs.length * parameters.primesAt(program.depth).length, parameters.logN);
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
  const { vectors, limbs } = modelSize(plan);
  const numbers = program.steps.reduce((sum, step) => sum + countStep(program, step, plan.model).weights, 0);
  return [
    fact(`${depth.used} levels (${depth.withoutFolding} without folding)`),
    fact(parameters.describe()),
    fact(
      `${plan.images === 1 ? "an image is" : `${plan.images} images are`} ${program.inputs.length} ciphertexts, ${megabytes(image)}; evaluation keys take ${megabytes(keys)}`,
    ),
    fact(
      program.throughput
        ? `the ${plan.model} model is ${numbers} numbers and no vector`
        : `the ${plan.model} model has ${vectors} vectors, ${megabytes(packedBytes(limbs, parameters.logN))}`,
    ),
  ];
}

function rangesOf(network: Network, plan: Plan, images: readonly Float64Array[]): Finding[] {
  const { program, parameters } = plan;
  const made = weightsFor(plan, network, { calibration: images });
  const weights = rememberVectors(made.weights);
  const bounds = Array.from({ length: program.depth + 1 }, (_, level) => parameters.headroomAt(level));
  let [least, at, gap, largest] = [Number.POSITIVE_INFINITY, 0, 0, 0];
  const followed = images.slice(0, MOST_FOLLOWED);
  for (let first = 0; first < followed.length; first += plan.images) {
    const together = followed.slice(first, first + plan.images);
    const { all, maxAbs } = simulate(program, weights, plan.images === 1 ? together[0] : together, { bounds });
    for (const [k, most] of maxAbs.entries()) {
      const value = k === 0 ? program.inputs[0] : program.steps[k - 1].outputs[0];
      const bits = Math.log2(bounds[program.values[value].level] / most);
      if (bits < least) [least, at] = [bits, k];
    }
    for (const [i, image] of together.entries()) {
      for (const [k, logit] of interpret(network, image).entries()) {
        gap = Math.max(gap, Math.abs(all[i][k] - logit));
        largest = Math.max(largest, Math.abs(logit));
      }
    }
  }
  const where = at === 0 ? "the image" : `step ${at} (${program.steps[at - 1].op})`;
  const what = `over ${followed.length} images, values stay ${least.toFixed(1)} bits below what their levels hold: least at ${where}`;
  const narrow = least < FEW_BITS && at !== program.steps.length;
  const found: Finding[] = [
    narrow
      ? { kind: "warning", what, fix: "calibrate with a larger margin, or with more images" }
      : { kind: "fact", what },
    {
      kind: "fact",
      what: `logits reach ${largest.toPrecision(3)}; the folded program's are within ${gap.toExponential(1)} of them`,
    },
  ];
  const most = LOGIT_SHARE * parameters.headroomAt(0);
  if (made.factors.outputScale > 1) {
    const grid = plan.logitGrid * made.factors.outputScale;
    const more = `logits beyond ${most.toPrecision(3)} are scaled down by ${made.factors.outputScale}: they are told to ${grid}`;
    found.push({
      kind: "warning",
      what: more,
      fix: "train with weight decay, or divide the last layer's weights and bias",
    });
  }
  return found;
}

function refusal(error: unknown): Finding {
  const { message, fix, name } = error as BlindsightError;
  if (!(error instanceof Error) || fix === undefined) throw error;
  return { kind: "error", what: `${name}: ${message}`, fix };
}
