import type { Ciphertext } from "../ckks/ciphertext.js";
import { requireInstance } from "../ckks/copies.js";
import type { SlotValues } from "../ckks/encoder.js";
import { Encryptor } from "../ckks/encryptor.js";
import { PublicKey } from "../ckks/keys/public-key.js";
import type { Residency } from "../ckks/paging/residency.js";
import { Randomness } from "../ckks/randomness.js";
import { Ring, requireRing } from "../ckks/ring.js";
import { ParameterError } from "../errors.js";
import { declareOperands } from "./declared.js";
import { madeModelChunks } from "./formats/model.js";
import type { Network } from "./graph/network.js";
import { type EncryptedModel, Model, type ModelOptions, weightsFor } from "./model.js";
import { makeOperands, pageOperands, passingOperands } from "./operands.js";
import { type Plan, requirePlan } from "./plan.js";
import { modelSize } from "./program/counts.js";
import { requireRoom } from "./room.js";

/** The owner of a network: has the public key only, and gives the network away encrypted. */
export class ModelOwner {
  readonly #randomness: Randomness | undefined;

  /**
   * @param randomness for tests; stays the caller's, to wipe
   * @throws TypeError for a plan or a key that is none
   */
  constructor(
    readonly plan: Plan,
    readonly publicKey: PublicKey,
    randomness?: Randomness,
  ) {
    requirePlan(plan);
    requireInstance(publicKey, PublicKey, "publicKey", "a public key");
    this.#randomness = randomness;
  }

  /**
   * Encrypts every weight vector of the network at the level where it is used. Costs some milliseconds a vector.
   * @throws ParameterError for a network with another architecture than the plan's, without calibration images, or of more
   *   weights than the device's memory holds.
   */
  encrypt(network: Network, options: ModelOptions): EncryptedModel {
    requireRoom(this.plan, this.publicKey.ring.device, ["model"]);
    const { weights, factors } = weightsFor(this.plan, network, options);
    const [encrypt, end] = this.#encryption(options);
    try {
      const steps = declareOperands(this.plan, makeOperands(this.plan.program, weights, encrypt));
      return new Model(this.plan.identity, steps, factors.outputScale, this.publicKey.fingerprint);
    } finally {
      end();
    }
  }

  /** The same model outside of the device's memory, which holds one layer of it at a time: for networks that do not fit. */
  async encryptPaged(network: Network, options: ModelOptions, residency: Residency): Promise<EncryptedModel> {
    const { weights, factors } = weightsFor(this.plan, network, options);
    const [encrypt, end] = this.#encryption(options);
    try {
      const steps = declareOperands(this.plan, await pageOperands(this.plan.program, weights, encrypt, residency));
      return new Model(this.plan.identity, steps, factors.outputScale, this.publicKey.fingerprint);
    } finally {
      end();
    }
  }

  /**
   * The file of the same model, while it is made: a few vectors lie in the device's memory at a time, and none in this process's.
   * What `encrypt(…).chunks()` gives, for models that are sent or stored and not used here.
   */
  async *encryptedChunks(
    network: Network,
    options: ModelOptions,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const { weights, factors } = weightsFor(this.plan, network, options);
    const { fingerprint } = this.publicKey;
    const [encrypt, end] = this.#encryption(options);
    try {
      const head = { identity: this.plan.identity, outputScale: factors.outputScale, fingerprint };
      const { vectors } = modelSize(this.plan);
      yield* madeModelChunks(head, vectors, passingOperands(this.plan.program, weights, encrypt));
    } finally {
      end();
    }
  }

  /** What encrypts a vector, and what is to be called after the last one. */
  #encryption(options: ModelOptions): [encrypt: (values: SlotValues, level: number) => Ciphertext, end: () => void] {
    if (this.plan.program.throughput) {
      const message = 'optimize: "throughput" multiplies with numbers, and encrypted weights are none';
      throw new ParameterError(message, "let the server load the network (loadPlain), or compile without it");
    }
    // Whoever reads the stream later reads the weights: one of our own lives for one model only.
    const own = this.#randomness ? undefined : Randomness.system();
    const randomness = own ?? this.#randomness!;
    let encryptor: Encryptor;
    try {
      const { ring } = this.publicKey;
      requireRing(Ring.of(ring.device, this.plan.parameters), ring, "the public key");
      encryptor = new Encryptor(this.publicKey, randomness);
    } catch (error) {
      own?.wipe();
      throw error;
    }
    const total = modelSize(this.plan).vectors;
    let done = 0;
    const encrypt = (values: SlotValues, level: number) => {
      const ciphertext = encryptor.encrypt(values, { level });
      options.onProgress?.(++done, total);
      return ciphertext;
    };
    return [encrypt, () => own?.wipe()];
  }
}
