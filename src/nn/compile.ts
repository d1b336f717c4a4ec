import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { COPY, requireInstance, THIS_COPY } from "../ckks/copies.js";
import type { EvaluationKeyRequest } from "../ckks/keys/generator.js";
import { Parameters } from "../ckks/parameters.js";
import type { Security } from "../ckks/security.js";
import { ParameterError } from "../errors.js";
import { type Prices, withinBudgets, withinMemory } from "./budgets.js";
import { type CompileOptions, checkedOptions, NO_FOLDS, requireModel } from "./compile-options.js";
import { fold, quadRanges } from "./fold/fold.js";
import type { FoldedNetwork, FoldOptions } from "./fold/folded.js";
import type { Network, NetworkCard } from "./graph/network.js";
import { parametersOf } from "./parameters.js";
import { costsOf } from "./plan/cost.js";
import { keyBytes, keyLimbs, productKeys, relinearizationLevels, sumOfKeys } from "./plan/keys.js";
import { requireArchitecture } from "./plan/match.js";
import { chooseSlots, planProgram } from "./plan/plan.js";
import { planThroughput, requireMemory } from "./plan/throughput.js";
import { checkProgram } from "./program/check.js";
import { describe, describeInput, describeTotals } from "./program/counts.js";
import { memoryOf, type ServerMemory } from "./program/memory.js";
import { conjugationLevels, imagesOf, type Program, rotationLevels, rotations } from "./program/program.js";
import { declaredRanges, type ProgramRanges } from "./program/ranges.js";
import { type PlanTableOptions, planTable } from "./program/table.js";
import { GUARD, INPUT_SCALE } from "./scales.js";

/** N = 2^12: the smallest ring in use. */
const FEWEST_SLOTS = 2048;
/**
 * Bits of a logit that are told, of the 10 before its point and the 47 behind it. The noise of an encrypted run is 2^−10 to
 * 2^−15; what is behind it says nothing about the image, and all about the secret key.
 */
const LOGIT_BITS = 22;

/**
 * Everything that is public about an encrypted network: its program, parameters and keys to make. It follows from the
 * architecture alone: no weight, and nothing that was calibrated, is in it.
 */
export class Plan {
  #identity: string | undefined;
  #ranges: ProgramRanges | undefined;

  /** @throws TypeError, ParameterError for a program and parameters that do not fit each other: take what `compile` gives. */
  constructor(
    readonly program: Program,
    readonly parameters: Parameters,
    /** Whether the weights are encrypted. */
    readonly model: "encrypted" | "plain",
    /** Folds that were switched off; see FoldOptions. */
    readonly fold: Partial<FoldOptions>,
    /** Levels that one image takes: as planned, and as it would be with every fold off. */
    readonly depth: { readonly used: number; readonly withoutFolding: number },
    /** Largest |value| of an image, as far as the network's card says. Only the estimate of noise asks for it. */
    readonly inputBound = 1,
    /** Giant steps with a second key, for products that are rotated: steps, each with the levels that keys must reach. */
    readonly productRotations: readonly (readonly [step: number, level: number])[] = [],
  ) {
    requireInstance(parameters, Parameters, "parameters", "Parameters");
    requireModel(model);
    if (!(Number.isFinite(inputBound) && inputBound > 0)) {
      throw new ParameterError(
        `inputBound ${inputBound} is not a positive number`,
        "take what pixels become, 1 as a rule",
      );
    }
    if (program?.slots !== parameters.slots || !(program.depth <= parameters.maxLevel)) {
      throw new ParameterError("the program does not fit the parameters", "take the plan that compile(network) gives");
    }
    checkProgram(program);
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  get security(): Security {
    return this.parameters.security;
  }

  /** Images that run at once. */
  get images(): number {
    return imagesOf(this.program);
  }

  /** Rotation steps, each with the level that its key must reach. */
  get rotations(): ReadonlyMap<number, number> {
    return rotations(this.program);
  }

  /** Level that the relinearisation key must reach: that of the first product of two ciphertexts; false where there is none. */
  get relinearizationLevel(): number | false {
    return relinearizationLevels(this.program, this.model)[0] ?? false;
  }

  /** Level that the conjugation key must reach: that of the first layer whose products pair diagonals; false where there is none. */
  get conjugationLevel(): number | false {
    return conjugationLevels(this.program)[0] ?? false;
  }

  /** What to ask `evaluationKeys` for: each key at every level at which the program uses it. */
  get evaluationKeyRequest(): EvaluationKeyRequest {
    const { program, model, productRotations } = this;
    const relinearize = relinearizationLevels(program, model);
    return {
      relinearize: relinearize.length > 0 && relinearize,
      rotations: rotationLevels(program),
      conjugate: conjugationLevels(program),
      productRotations,
    };
  }

  /** Bytes of the file of these keys, its head of some kilobytes left aside. */
  get evaluationKeyBytes(): number {
    return sumOfKeys(this.#keyLevels(), this.parameters, keyBytes);
  }

  /** What a server takes of its device's memory that holds keys, model and image at once. */
  get memory(): ServerMemory {
    return memoryOf(this, sumOfKeys(this.#keyLevels(), this.parameters, keyLimbs));
  }

  #keyLevels(): [what: unknown, level: number][] {
    const { program, model, productRotations } = this;
    return [
      ...relinearizationLevels(program, model).map((level): [unknown, number] => [undefined, level]),
      ...rotationLevels(program),
      ...conjugationLevels(program).map((level): [unknown, number] => ["conjugation", level]),
      ...productRotations.map(([step, level]): [unknown, number] => [`product-${step}`, level]),
    ];
  }

  /**
   * What decrypted logits are rounded to, before they are multiplied by the output scale: a power of two, 2^−22 of what
   * level 0 holds. Follows from the parameters alone, so that it tells nothing.
   */
  get logitGrid(): number {
    return 2 ** (Math.round(Math.log2(this.parameters.headroomAt(0))) - LOGIT_BITS);
  }

  /**
   * Two plans with the same identity exchange keys, models and images: SHA-256, in hexadecimal, of all that changes a number of
   * theirs.
   */
  get identity(): string {
    const scales = { INPUT_SCALE, GUARD };
    this.#identity ??= bytesToHex(
      sha256(utf8ToBytes(JSON.stringify([scales, this.model, this.program, this.parameters, this.productRotations]))),
    );
    return this.#identity;
  }

  /**
   * What is declared of the values at each step, so that the estimate of noise means something: public, since it follows from the
   * architecture, the card and what calibration does by default, and from no weight and no image. Nothing is refused by it.
   */
  get ranges(): ProgramRanges {
    this.#ranges ??= declaredRanges(this);
    return this.#ranges;
  }

  /**
   * The plan for people: parameters, a table with a row for each step, sizes. With a device's unit costs it says what each step will
   * take there, with what `Server.run` measured it says that.
   */
  report(options: PlanTableOptions = {}): string {
    const { throughput } = this.program;
    const table = () => [describeInput(this.program), planTable(this, options), describeTotals(this)];
    return [
      this.parameters.describe(),
      ...(throughput ? [describe(this)] : table()),
      `depth ${this.depth.used} (${this.depth.withoutFolding} without folding)`,
    ].join("\n");
  }
}

/**
 * Plans a network: folds it, chooses the smallest ring at 128 bits that is deep and wide enough, lays its maps into
 * slots and chooses every rotation. Reads no weight but to fold them away.
 * @throws UnsupportedLayerError for a network that cannot be encrypted; its `fix` names the way out. TypeError for what is no
 *   network or no such option. ParameterError where no plan keeps to the budgets.
 */
export function compile(network: Network, options: CompileOptions = {}): Plan {
  const { model, fold: folds, images, optimize, ...budgets } = checkedOptions(options);
  if (optimize === "throughput") return withinMemory(compileThroughput(network, folds, images), budgets);
  const { folded } = fold(network, folds);
  const parameters = parametersOf(folded, chooseSlots(folded, FEWEST_SLOTS, images));
  const withoutFolding = depthWithoutFolding(network);
  const bound = inputBoundOf(network.card);
  const planFor = (prices: Prices): Plan => {
    const costs = { ...costsOf(parameters, model, prices.maxKeyBytes > 0), weightLimb: prices.weightLimb };
    const program = planProgram(folded, { slots: parameters.slots, levelsLimit: parameters.maxLevel, costs, images });
    const depth = { used: program.depth, withoutFolding };
    const plan = new Plan(program, parameters, model, folds, depth, bound);
    if (model === "plain") return plan;
    const products = productKeys(program, parameters, costs, prices.maxKeyBytes - plan.evaluationKeyBytes);
    return products.length === 0 ? plan : new Plan(program, parameters, model, folds, depth, bound, products);
  };
  return withinBudgets(planFor, costsOf(parameters, model).weightLimb, budgets);
}

function compileThroughput(network: Network, folds: Partial<FoldOptions>, images: number): Plan {
  const { folded } = fold(network, folds);
  const slots = Math.max(FEWEST_SLOTS, 2 ** Math.ceil(Math.log2(images)));
  const parameters = parametersOf(folded, slots);
  const program = planThroughput(folded, parameters.slots);
  requireMemory(program, parameters);
  const depth = { used: program.depth, withoutFolding: depthWithoutFolding(network) };
  return new Plan(program, parameters, "plain", folds, depth, inputBoundOf(network.card));
}

/** What a pixel of 0 or 255 becomes. */
function inputBoundOf(card: NetworkCard | undefined): number | undefined {
  const input = card?.input;
  return input && Math.max(Math.abs(input.offset), Math.abs(255 * input.scale + input.offset));
}

/**
 * The network as the plan's folds leave it.
 * @param images of the calibration: quadratics that are nearly straight over them keep their precision under encryption
 * @throws ParameterError for a network of another architecture; TypeError, UnsupportedLayerError as `compile`.
 */
export function foldFor(plan: Plan, network: Network, images: readonly Float64Array[] = []): FoldedNetwork {
  requirePlan(plan);
  const { folded } = fold(network, plan.fold, images.length > 0 ? quadRanges(network, images) : undefined);
  requireArchitecture(plan.program, folded);
  return folded;
}

/** @throws TypeError for what is no plan, ParameterError for one of another copy of the library. */
export function requirePlan(plan: Plan): void {
  requireInstance(plan, Plan, "plan", "what compile(network) gives");
}

function depthWithoutFolding(network: Network): number {
  return fold(network, NO_FOLDS).depth;
}
