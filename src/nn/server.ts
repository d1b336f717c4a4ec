import type { ByteSource } from "../bytes/stream.js";
import { Ciphertext, type Plaintext } from "../ckks/ciphertext.js";
import type { SlotValues } from "../ckks/encoder.js";
import { Evaluator } from "../ckks/evaluator.js";
import type { EvaluationKeys } from "../ckks/keys/evaluation-keys.js";
import { type KeySource, requireKeySource } from "../ckks/keys/source.js";
import { PagedPolynomial } from "../ckks/paging/paged.js";
import { Residency } from "../ckks/paging/residency.js";
import type { Store } from "../ckks/paging/store.js";
import { ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { nextTurn } from "../ntt/turn.js";
import type { Aborting } from "./aborting.js";
import { acceptImage, acceptKeys, acceptModel } from "./accept.js";
import { declareOperands, declareOutput } from "./declared.js";
import { type EncryptedImage, EncryptedResult } from "./exchange.js";
import type { Network } from "./graph/network.js";
import { type EncryptedModel, Model, type ModelOptions, type PlainModel, weightsFor } from "./model.js";
import { makeOperands, numbersOf, type Operands, pageOperands } from "./operands.js";
import { type Plan, requirePlan } from "./plan.js";
import type { Step } from "./program/program.js";
import { encryptedRun } from "./program/run.js";
import { numbersRun } from "./program/run-numbers.js";
import { walk } from "./program/walk.js";
import type { ProgramWeights } from "./program/weights.js";
import { requireRoom } from "./room.js";

/** How much of the device's memory a server takes. */
export interface ServerOptions {
  /**
   * Bytes of the device's memory for keys and weights between two sums of products. With it both live outside, packed, and
   * come in when they are used: slower, but the memory no longer grows with the network. Without it all of them stay inside.
   */
  readonly memoryLimit: number;
  /** Where they are meanwhile: in this process's memory by default; `openScratchFile()` for more than it holds. The caller's to dispose of, last. */
  readonly store?: Store;
}

/** All optional. */
export interface RunOptions {
  /** Called after each step with its index and time. Each step is then waited for: without it devices work on while the next is queued. */
  readonly onStep?: (step: Step, index: number, milliseconds: number) => void;
  /** Called when the device has passed a step, with how many there are: nothing waits for it. */
  readonly onProgress?: (done: number, of: number) => void;
  /** Ends the run between two steps, with the signal's reason; what was computed is freed. */
  readonly signal?: Aborting;
}

/** Computes on ciphertexts with evaluation keys. There is no way to hand it a secret key. */
export class Server {
  private readonly evaluator: Evaluator;

  /**
   * @throws MissingKeyError for keys that do not cover the plan: it names those that are missing. ParameterError for keys of
   *   another device or other parameters, TypeError for what is no plan, device or key, or was disposed of.
   */
  constructor(
    readonly plan: Plan,
    readonly device: Device,
    evaluationKeys: KeySource,
    /** Where weights and keys live that are outside of the device's memory. */
    readonly residency?: Residency,
  ) {
    requirePlan(plan);
    requireKeySource(evaluationKeys, "evaluationKeys");
    this.evaluator = new Evaluator(device, plan.parameters, evaluationKeys);
    acceptKeys(plan, evaluationKeys);
  }

  /**
   * A server whose keys and weights are outside of the device's memory. It takes the keys over: those given are disposed of.
   * @throws as the constructor, and then the keys stay whole; RangeError for a limit that is none.
   */
  static async withMemoryLimit(
    plan: Plan,
    device: Device,
    evaluationKeys: EvaluationKeys,
    options: ServerOptions,
  ): Promise<Server> {
    const residency = new Residency(options?.memoryLimit, options?.store);
    new Server(plan, device, evaluationKeys); // refuses keys before they are taken apart
    return new Server(plan, device, await evaluationKeys.page(residency), residency);
  }

  /**
   * Takes an encrypted model in.
   * @throws KeyMismatchError for a model under another key; ParameterError for one of another plan or residency, or with an
   *   output scale that is none; LevelError, TypeError for vectors that are not the plan's, or were disposed of.
   */
  load(model: EncryptedModel): EncryptedModel {
    this.accept(model);
    return model;
  }

  /**
   * A model from what its `toBytes` wrote: bytes, a web stream or a Node stream. A server with a memory limit puts it into its
   * store as it comes.
   * @throws FormatError for what is no model; as `load` for one that is not this server's to run
   */
  async readModel(source: ByteSource): Promise<EncryptedModel | PlainModel> {
    const { plan, device, residency } = this;
    const model = await Model.fromBytes(source, plan, device, { residency });
    try {
      this.accept(model);
      return model;
    } catch (error) {
      model[Symbol.dispose]();
      throw error;
    }
  }

  /** Encodes a network of the server's own, for plans with `model: "plain"`. */
  loadPlain(network: Network, options: ModelOptions): PlainModel {
    requireRoom(this.plan, this.device, ["model"]);
    const { weights, factors } = this.plainWeights(network, options);
    const steps = makeOperands(this.plan.program, weights, this.encode);
    return this.plainModel(steps, weights, factors.outputScale);
  }

  /**
   * The same outside of the device's memory, which holds few vectors at a time: for networks that do not fit.
   * @throws ParameterError for a server without a memory limit, and as `loadPlain`
   */
  async loadPlainPaged(network: Network, options: ModelOptions): Promise<PlainModel> {
    const residency = this.requireResidency();
    const { weights, factors } = this.plainWeights(network, options);
    const steps = await pageOperands(this.plan.program, weights, this.encode, residency);
    return this.plainModel(steps, weights, factors.outputScale);
  }

  /**
   * Takes a loaded model out of the device's memory; the one given is disposed of.
   * @throws ParameterError for a server without a memory limit.
   */
  async page<M extends EncryptedModel | PlainModel>(model: M): Promise<M> {
    const residency = this.requireResidency();
    this.accept(model);
    const steps: (Ciphertext | Plaintext)[][] = [];
    for (const operands of model.steps) {
      const paged: (Ciphertext | Plaintext)[] = [];
      for (const operand of operands) paged.push(await operand.page(residency));
      steps.push(paged);
    }
    return new Model(model.identity, steps, model.outputScale, model.fingerprint, model.numbers) as M;
  }

  /**
   * Diagnoses one image. The event loop gets a turn between steps.
   * @throws as `load`, for the model and for the image, before anything is computed.
   */
  async run(
    model: EncryptedModel | PlainModel,
    image: EncryptedImage,
    options: RunOptions = {},
  ): Promise<EncryptedResult> {
    this.accept(model);
    acceptImage(this.plan, this.evaluator, image);
    const { program, ranges } = this.plan;
    const algebra = model.numbers
      ? numbersRun(this.evaluator, program, model.numbers)
      : encryptedRun(this.evaluator, program, model.steps);
    const walking = walk(program, algebra, image.ciphertexts, {
      release: (value) => value[Symbol.dispose](),
      made: (values, _step, index) => values.map((value) => declareOutput(value, ranges.steps[index].output)),
    });
    let finished = false;
    try {
      let begin = performance.now();
      for (let turn = walking.next(); ; turn = walking.next()) {
        this.residency?.trim();
        if (turn.done) {
          finished = true;
          await this.device.idle();
          const encrypted = { image: true, model: model.fingerprint !== undefined };
          return new EncryptedResult(this.plan.identity, turn.value, model.outputScale, encrypted);
        }
        // Weights that come in are copied into the queue: it must not grow to hold all of them.
        if (options.onStep || this.residency) await this.device.idle();
        else await nextTurn();
        options.onStep?.(program.steps[turn.value], turn.value, performance.now() - begin);
        if (options.onProgress) this.report(turn.value + 1, options.onProgress);
        options.signal?.throwIfAborted();
        begin = performance.now();
      }
    } finally {
      if (!finished) walking.return([]);
    }
  }

  private report(done: number, onProgress: NonNullable<RunOptions["onProgress"]>): void {
    const of = this.plan.program.steps.length;
    this.device.idle().then(
      () => onProgress(done, of),
      () => undefined, // the run itself tells what became of the device
    );
  }

  private readonly encode = (values: SlotValues, level: number): Plaintext =>
    this.evaluator.encoder.encode(values, level);

  private plainModel(steps: Operands<Plaintext>, weights: ProgramWeights, outputScale: number): PlainModel {
    const { identity, program } = this.plan;
    const operands = declareOperands(this.plan, steps);
    return new Model(identity, operands, outputScale, undefined, numbersOf(program, weights));
  }

  private plainWeights(network: Network, options: ModelOptions) {
    if (this.plan.model === "plain") return weightsFor(this.plan, network, options);
    throw new ParameterError("the plan is for an encrypted model", 'compile with model: "plain" to use a plain one');
  }

  private requireResidency(): Residency {
    if (this.residency) return this.residency;
    throw new ParameterError("this server has no memory limit", "open it with Server.withMemoryLimit");
  }

  private accept(model: EncryptedModel | PlainModel): void {
    acceptModel(this.plan, this.evaluator, model);
    for (const operand of model.operands) {
      const [poly] = operand instanceof Ciphertext ? operand.parts : [operand.polynomial];
      if (poly instanceof PagedPolynomial && poly.residency !== this.residency) {
        throw new ParameterError("the model is paged for another server", "encrypt it with this server's residency");
      }
    }
  }
}
