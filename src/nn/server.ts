import type { Ciphertext, Plaintext } from "../ckks/ciphertext.js";
import { Encoder } from "../ckks/encoder.js";
import { Evaluator } from "../ckks/evaluator.js";
import type { EvaluationKeys } from "../ckks/keys.js";
import { PagedPolynomial, Residency } from "../ckks/residency.js";
import { KeyMismatchError, ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { nextTurn } from "../ntt/turn.js";
import type { Plan } from "./compile.js";
import { type EncryptedImage, EncryptedResult, expectPlan } from "./exchange.js";
import type { Network } from "./graph.js";
import {
  type EncryptedModel,
  Model,
  type ModelOptions,
  makeOperands,
  type PlainModel,
  pageStep,
  type StepOperands,
  weightsFor,
} from "./model.js";
import type { Step } from "./program.js";
import { runStep } from "./run.js";

export interface ServerOptions {
  /**
   * Bytes of the device's memory for keys and weights between two sums of products. With it both live outside, packed, and
   * come in when they are used: slower, but the memory no longer grows with the network. Without it all of them stay inside.
   */
  readonly memoryLimit: number;
}

export interface RunOptions {
  /** Called after each step with its index and time. Each step is then waited for: without it devices work on while the next is queued. */
  readonly onStep?: (step: Step, index: number, milliseconds: number) => void;
}

/** Computes on ciphertexts with evaluation keys. There is no way to hand it a secret key. */
export class Server {
  private readonly evaluator: Evaluator;

  constructor(
    readonly plan: Plan,
    readonly device: Device,
    evaluationKeys: EvaluationKeys,
    /** Where weights and keys live that are outside of the device's memory. */
    readonly residency?: Residency,
  ) {
    this.evaluator = new Evaluator(device, plan.parameters, evaluationKeys);
  }

  /** A server whose keys and weights are outside of the device's memory. It takes the keys over: those given are disposed of. */
  static async withMemoryLimit(
    plan: Plan,
    device: Device,
    evaluationKeys: EvaluationKeys,
    { memoryLimit }: ServerOptions,
  ): Promise<Server> {
    const residency = new Residency(memoryLimit);
    new Evaluator(device, plan.parameters, evaluationKeys); // refuses keys before they are taken apart
    return new Server(plan, device, await evaluationKeys.page(residency), residency);
  }

  /**
   * Takes an encrypted model in.
   * @throws KeyMismatchError for a model under another key; ParameterError for one of another plan or residency.
   */
  load(model: EncryptedModel): EncryptedModel {
    expectPlan(this.plan, model.identity, "the model");
    if (model.fingerprint !== this.evaluator.keys.fingerprint) {
      throw new KeyMismatchError(
        "the model is encrypted for another key",
        "encrypt it with this key holder's public key",
      );
    }
    const [operand] = model.operands;
    const paged = operand?.parts[0];
    if (paged instanceof PagedPolynomial && paged.residency !== this.residency) {
      throw new ParameterError("the model is paged for another server", "encrypt it with this server's residency");
    }
    return model;
  }

  /** Encodes a network of the server's own, for plans with `model: "plain"`. */
  loadPlain(network: Network, options: ModelOptions): PlainModel {
    if (this.plan.model !== "plain") {
      throw new ParameterError("the plan is for an encrypted model", 'compile with model: "plain" to use a plain one');
    }
    const { weights, factors } = weightsFor(this.plan, network, options);
    const encoder = new Encoder(this.evaluator.ring, this.plan.parameters);
    const steps = makeOperands(this.plan, weights, (values, level) => encoder.encode(values, level));
    return new Model(this.plan.identity, steps, factors.outputScale);
  }

  /**
   * Takes a loaded model out of the device's memory; the one given is disposed of.
   * @throws ParameterError for a server without a memory limit.
   */
  async page<M extends EncryptedModel | PlainModel>(model: M): Promise<M> {
    const { residency } = this;
    if (!residency) throw new ParameterError("this server has no memory limit", "open it with Server.withMemoryLimit");
    const steps: StepOperands<Ciphertext | Plaintext>[] = [];
    for (const step of model.steps) steps.push(await pageStep<Ciphertext | Plaintext>(step, residency));
    return new Model(model.identity, steps, model.outputScale, model.fingerprint) as M;
  }

  /** Diagnoses one image. The event loop gets a turn between steps. */
  async run(
    model: EncryptedModel | PlainModel,
    image: EncryptedImage,
    options: RunOptions = {},
  ): Promise<EncryptedResult> {
    expectPlan(this.plan, model.identity, "the model");
    expectPlan(this.plan, image.identity, "the image");
    let values = [image.ciphertext];
    for (const [index, step] of this.plan.program.steps.entries()) {
      const begin = performance.now();
      const next = runStep(this.evaluator, step, model.steps[index], values[0]);
      if (values[0] !== image.ciphertext) values[0][Symbol.dispose]();
      values = next;
      this.residency?.trim();
      // Weights that come in are copied into the queue: it must not grow to hold all of them.
      if (options.onStep || this.residency) await this.device.idle();
      else await nextTurn();
      options.onStep?.(step, index, performance.now() - begin);
    }
    await this.device.idle();
    const encrypted = { image: true, model: model.fingerprint !== undefined };
    return new EncryptedResult(this.plan.identity, values, model.outputScale, encrypted);
  }
}
