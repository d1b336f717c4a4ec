import { type ByteSource, collect } from "../bytes/stream.js";
import { COPY, kindOf, requireInstance, THIS_COPY } from "../ckks/copies.js";
import type { EvaluationKeyRequest } from "../ckks/keys/generator.js";
import { Parameters } from "../ckks/parameters.js";
import type { Security } from "../ckks/security.js";
import { BlindsightError, FormatError, ParameterError } from "../errors.js";
import { requireModel } from "./compile-options.js";
import type { FoldOptions } from "./fold/folded.js";
import { planChunks, planIdentity, readPlan } from "./formats/plan.js";
import type { PlanContent } from "./formats/plan-content.js";
import { inputBoundOf, neutralCard, type PlanCard, requireCard } from "./graph/card.js";
import { keyBytes, keyLimbs, relinearizationLevels, sumOfKeys } from "./plan/keys.js";
import { checkProgram } from "./program/check.js";
import { describe, describeInput, describeTotals } from "./program/counts.js";
import { conjugationLevels, rotationLevels, rotations } from "./program/levels.js";
import { memoryOf, type ServerMemory } from "./program/memory.js";
import { imagesOf, type Program } from "./program/program.js";
import { declaredRanges, type ProgramRanges } from "./program/ranges.js";
import { type PlanTableOptions, planTable } from "./program/table.js";

export type { PlanContent };

/**
 * Bits of a logit that are told, of the 10 before its point and the 47 behind it. The noise of an encrypted run is 2^−10 to
 * 2^−15; what is behind it says nothing about the image, and all about the secret key.
 */
const LOGIT_BITS = 22;

/**
 * Everything that is public about an encrypted network: its program, parameters and keys to make, and the card that says what pixels
 * and logits mean. It follows from the architecture and the card alone: no weight, and nothing that was calibrated, is in it (but
 * the polynomials that `fitActivations` put into the place of activations of a whole layer, which are part of the architecture).
 */
export class Plan {
  readonly program: Program;
  readonly parameters: Parameters;
  /** Whether the weights are encrypted. */
  readonly model: "encrypted" | "plain";
  /** Folds that were switched off; see FoldOptions. */
  readonly fold: Partial<FoldOptions>;
  /** Levels that one image takes: as planned, and as it would be with every fold off. */
  readonly depth: { readonly used: number; readonly withoutFolding: number };
  /** What the network is for, as its owner says. */
  readonly card: PlanCard;
  /** Giant steps with a second key, for products that are rotated: steps, each with the levels that keys must reach. */
  readonly productRotations: readonly (readonly [step: number, level: number])[];
  #identity: string | undefined;
  #ranges: ProgramRanges | undefined;

  /** @throws TypeError, ParameterError for a program and parameters that do not fit each other: take what `compile` gives. */
  constructor(content: Omit<PlanContent, "card" | "productRotations"> & Partial<PlanContent>) {
    if (typeof content !== "object" || content === null) {
      throw new TypeError(`content: { program, parameters, model, fold, depth } was expected, not ${kindOf(content)}`);
    }
    const { program, parameters, model, fold, depth, card, productRotations = [] } = content;
    requireInstance(parameters, Parameters, "parameters", "Parameters");
    requireModel(model);
    if (program?.slots !== parameters.slots || !(program.depth <= parameters.maxLevel)) {
      throw new ParameterError("the program does not fit the parameters", "take the plan that compile(network) gives");
    }
    checkProgram(program);
    for (const [step, level] of productRotations) {
      if (step >= 1 && step < program.slots && level >= 1 && level <= program.depth) continue;
      throw new ParameterError(`a key for products rotated by ${step}, at level ${level}`, "take what compile gives");
    }
    this.program = program;
    this.parameters = parameters;
    this.model = model;
    this.fold = fold;
    this.depth = depth;
    this.card = card ?? neutralCard(Math.max(2, program.classes));
    this.productRotations = productRotations;
    requireCard(this.card, program.classes, program.input);
  }

  /**
   * What `toBytes` wrote, from bytes, a web stream or a Node stream. It is looked through before anything is made of it; who
   * computes with it should know whose it is (`identity`).
   * @throws FormatError for anything else, and for a plan that cannot run
   */
  static async fromBytes(source: ByteSource): Promise<Plan> {
    const content = await readPlan(source);
    try {
      return new Plan(content);
    } catch (cause) {
      if (!(cause instanceof BlindsightError)) throw cause;
      throw new FormatError(`this plan cannot run: ${cause.message}`, "compile the network again", { cause });
    }
  }

  /** As a file: some kilobytes. */
  async toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return collect(this.chunks());
  }

  /** The same bytes block by block, for streams. */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return planChunks(this);
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
   * theirs, or what is made of it.
   */
  get identity(): string {
    this.#identity ??= planIdentity(this);
    return this.#identity;
  }

  /**
   * What is declared of the values at each step, so that the estimate of noise means something: public, since it follows from the
   * architecture, the card and what calibration does by default, and from no weight and no image. Nothing is refused by it.
   */
  get ranges(): ProgramRanges {
    this.#ranges ??= declaredRanges({ ...this, inputBound: inputBoundOf(this.card) });
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

/** @throws TypeError for what is no plan, ParameterError for one of another copy of the library. */
export function requirePlan(plan: Plan): void {
  requireInstance(plan, Plan, "plan", "what compile(network) gives");
}
