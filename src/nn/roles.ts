import type { Ciphertext } from "../ckks/ciphertext.js";
import { Encoder } from "../ckks/encoder.js";
import { Encryptor } from "../ckks/encryptor.js";
import { Evaluator } from "../ckks/evaluator.js";
import { KeyHolder as SecretHolder } from "../ckks/keyholder.js";
import type { EvaluationKeys, PublicKey } from "../ckks/keys.js";
import { Randomness } from "../ckks/randomness.js";
import { KeyMismatchError, ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import type { Plan } from "./compile.js";
import type { Network } from "./graph.js";
import { type EncryptedModel, Model, type ModelOptions, makeOperands, type PlainModel, weightsFor } from "./model.js";
import { GUARD, modelSize, type Step } from "./program.js";
import { runStep } from "./run.js";
import { encodeInput } from "./simulate.js";

/** An image on its way to the server. */
export class EncryptedImage implements Disposable {
  constructor(
    readonly identity: string,
    readonly ciphertext: Ciphertext,
  ) {}

  get packedBytes(): number {
    return this.ciphertext.packedBytes;
  }

  [Symbol.dispose](): void {
    this.ciphertext[Symbol.dispose]();
  }
}

/** What the server sends back: one ciphertext for each class. */
export class EncryptedResult implements Disposable {
  constructor(
    readonly identity: string,
    readonly logits: readonly Ciphertext[],
    readonly outputScale: number,
    /** Whether the operands that ran were ciphertexts. */
    readonly encrypted: { readonly image: boolean; readonly model: boolean },
  ) {}

  get packedBytes(): number {
    return this.logits.reduce((bytes, ct) => bytes + ct.packedBytes, 0);
  }

  [Symbol.dispose](): void {
    for (const ct of this.logits) ct[Symbol.dispose]();
  }
}

/** The patient's side: holds the secret key, encrypts images, reads diagnoses. Must not collude with the server. */
export class KeyHolder implements Disposable {
  readonly evaluationKeys: EvaluationKeys;
  readonly #secret: SecretHolder;

  private constructor(
    readonly plan: Plan,
    device: Device,
    randomness: Randomness | undefined,
  ) {
    this.#secret = SecretHolder.create(device, plan.parameters, randomness);
    this.evaluationKeys = this.#secret.evaluationKeys({
      relinearize: plan.relinearizationLevel,
      rotations: plan.rotations,
    });
  }

  /** Makes a secret key and the evaluation keys that the plan needs. A stream handed in stays the caller's, to wipe. */
  static create(plan: Plan, device: Device, randomness?: Randomness): KeyHolder {
    return new KeyHolder(plan, device, randomness);
  }

  get publicKey(): PublicKey {
    return this.#secret.publicKey;
  }

  /**
   * Encrypts one image, [channel][row][column] in the network's units.
   * @throws ParameterError for another number of values, or one that is not finite.
   */
  encrypt(image: Float64Array): EncryptedImage {
    const { program, identity } = this.plan;
    return new EncryptedImage(identity, this.#secret.encrypt(encodeInput(program, image), { level: program.depth }));
  }

  /**
   * The logits. Every slot of a result holds the same number: their mean is free of most of the noise, and slots that
   * disagree give a broken result away; its imaginary part gives one away that wrapped around (GUARD).
   * @throws KeyMismatchError for a result under another key; ParameterError for one that is no number of this network.
   */
  async decrypt(result: EncryptedResult): Promise<Float64Array> {
    expectPlan(this.plan, result.identity, "the result");
    const logits = new Float64Array(result.logits.length);
    for (const [j, ciphertext] of result.logits.entries()) {
      const slots = await this.#secret.decryptComplex(ciphertext);
      const [logit, guard] = [meanOf(slots.real), meanOf(slots.imaginary)];
      const spread = slots.real.reduce((largest, value) => Math.max(largest, Math.abs(value - logit)), 0);
      // Written so that NaN is refused, too.
      if (!(spread < mostSpread(logit) && Math.abs(guard - GUARD * logit) < MOST_GUARD_ERROR)) {
        const headroom = this.plan.parameters.headroomAt(0) * result.outputScale;
        throw new ParameterError(
          `logit ${j} is not readable: a value left the range of its level (a logit may reach ${headroom.toPrecision(3)})`,
          "the image lies outside what the model was calibrated for; calibrate with images like it, or with a larger margin",
        );
      }
      logits[j] = logit * result.outputScale;
    }
    return logits;
  }

  /** Overwrites the secret key and frees the others. */
  [Symbol.dispose](): void {
    this.#secret[Symbol.dispose]();
    this.evaluationKeys[Symbol.dispose]();
  }
}

/** Slots' noise: 2^−10 for images like those of the calibration, and a share of the logit far beyond them. */
const mostSpread = (logit: number): number => 0.1 + Math.abs(logit) / 128;
/** A wrap shifts the guard's difference by 3.2 (GUARD·2^11); noise stays far below, even near the bound. */
const MOST_GUARD_ERROR = 1 / 4;

function meanOf(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** The owner of a network: has the public key only, and gives the network away encrypted. */
export class ModelOwner {
  readonly #randomness: Randomness | undefined;

  /** @param randomness for tests; stays the caller's, to wipe */
  constructor(
    readonly plan: Plan,
    readonly publicKey: PublicKey,
    randomness?: Randomness,
  ) {
    this.#randomness = randomness;
  }

  /**
   * Encrypts every weight vector of the network at the level where it is used. Costs some milliseconds a vector.
   * @throws ParameterError for a network with another architecture than the plan's, or without calibration images.
   */
  encrypt(network: Network, options: ModelOptions): EncryptedModel {
    const { weights, factors } = weightsFor(this.plan, network, options);
    const total = modelSize(this.plan.program).ciphertexts;
    let done = 0;
    // Whoever reads the stream later reads the weights: one of our own lives for this call only.
    const randomness = this.#randomness ?? Randomness.system();
    try {
      const encryptor = new Encryptor(this.publicKey.b.ring, this.plan.parameters, this.publicKey, randomness);
      const steps = makeOperands(this.plan, weights, (values, level) => {
        const ciphertext = encryptor.encrypt(values, { level });
        options.onProgress?.(++done, total);
        return ciphertext;
      });
      return new Model(this.plan.identity, steps, factors.outputScale, this.publicKey.fingerprint);
    } finally {
      if (!this.#randomness) randomness.wipe();
    }
  }
}

export interface RunOptions {
  /** Called after each step with its index and time. */
  readonly onStep?: (step: Step, index: number, milliseconds: number) => void;
}

/** Computes on ciphertexts with evaluation keys. There is no way to hand it a secret key. */
export class Server {
  private readonly evaluator: Evaluator;

  constructor(
    readonly plan: Plan,
    readonly device: Device,
    evaluationKeys: EvaluationKeys,
  ) {
    this.evaluator = new Evaluator(device, plan.parameters, evaluationKeys);
  }

  /**
   * Takes an encrypted model in.
   * @throws KeyMismatchError for a model under another key; ParameterError for one of another plan.
   */
  load(model: EncryptedModel): EncryptedModel {
    expectPlan(this.plan, model.identity, "the model");
    if (model.fingerprint !== this.evaluator.keys.fingerprint) {
      throw new KeyMismatchError(
        "the model is encrypted for another key",
        "encrypt it with this key holder's public key",
      );
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
      await this.device.idle();
      if (values[0] !== image.ciphertext) values[0][Symbol.dispose]();
      values = next;
      options.onStep?.(step, index, performance.now() - begin);
    }
    const encrypted = { image: true, model: model.fingerprint !== undefined };
    return new EncryptedResult(this.plan.identity, values, model.outputScale, encrypted);
  }
}

function expectPlan(plan: Plan, identity: string, what: string): void {
  if (identity !== plan.identity) {
    throw new ParameterError(
      `${what} was made for another plan`,
      "compile once and give the same plan to all three roles",
    );
  }
}
