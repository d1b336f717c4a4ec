import type { ByteSource } from "../bytes/stream.js";
import { requireInstance } from "../ckks/copies.js";
import type { EvaluationKeys } from "../ckks/keys/evaluation-keys.js";
import { KeyHolder as SecretHolder } from "../ckks/keys/holder.js";
import type { PublicKey } from "../ckks/keys/public-key.js";
import { wrappedKeySays } from "../ckks/keys/secret.js";
import type { Randomness } from "../ckks/randomness.js";
import { Ring, requireRing } from "../ckks/ring.js";
import { refuseJson } from "../ckks/storage.js";
import { ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { acceptResult } from "./accept.js";
import type { EncryptedImage, EncryptedResult } from "./exchange.js";
import type { ImageValues } from "./graph/image.js";
import { encryptImage } from "./image-encryptor.js";
import { readLogits } from "./logits.js";
import { type Plan, requirePlan } from "./plan.js";
import { imagesOf, ofImage } from "./program/program.js";

/** All optional. */
export interface DecryptOptions {
  /**
   * Logits as they were decrypted, not rounded to `plan.logitGrid`. UNSAFE to pass on: an exact logit is an equation in the
   * secret key, and N of them give it. For measuring the noise where nobody else looks.
   */
  readonly exactUnsafe?: boolean;
  /** Only the first so many of the images that the plan takes at once are read; all of them unless said. */
  readonly images?: number;
}

/** The patient's side: holds the secret key, encrypts images, reads diagnoses. Must not collude with the server. */
export class KeyHolder implements Disposable {
  readonly #holder: SecretHolder;
  /** Not #ring: structuredClone refuses what holds a device, and would take a holder for its plan else. */
  private readonly ring: Ring;
  #evaluationKeys: EvaluationKeys | undefined;
  #disposed = false;

  private constructor(
    readonly plan: Plan,
    holder: SecretHolder,
  ) {
    this.#holder = holder;
    this.ring = holder.ring;
  }

  /** Makes a secret key and the evaluation keys that the plan needs. A stream handed in stays the caller's, to wipe. */
  static async create(plan: Plan, device: Device, randomness?: Randomness): Promise<KeyHolder> {
    requirePlan(plan);
    const holder = new KeyHolder(plan, await SecretHolder.create(device, plan.parameters, randomness));
    try {
      void holder.evaluationKeys;
      return holder;
    } catch (error) {
      holder[Symbol.dispose](); // nobody else will have it
      throw error;
    }
  }

  /**
   * The holder of a key that there is already: one of `blindsight/ckks`, which is disposed of with this one.
   * @throws ParameterError for a key of other parameters than the plan's; TypeError for what is no plan or key holder
   */
  static from(plan: Plan, holder: SecretHolder): KeyHolder {
    requirePlan(plan);
    requireInstance(holder, SecretHolder, "holder", "a key holder of blindsight/ckks");
    requireRing(Ring.of(holder.ring.device, plan.parameters), holder.ring, "the secret key");
    return new KeyHolder(plan, holder);
  }

  /**
   * The holder of a stored key, whose `toWrappedBytes` gave them.
   * @throws as `from`; KeyMismatchError for a key that was wrapped for another plan, whatever its parameters; SecurityError for
   *   another passphrase; FormatError
   */
  static async fromWrappedBytes(
    source: ByteSource,
    passphrase: string,
    plan: Plan,
    device: Device,
  ): Promise<KeyHolder> {
    requirePlan(plan);
    return KeyHolder.taking(plan, await SecretHolder.fromWrappedBytes(source, passphrase, device, plan.identity));
  }

  /** The same for `toSecretBytes`. @throws as `from`; FormatError */
  static async fromSecretBytes(source: ByteSource, plan: Plan, device: Device): Promise<KeyHolder> {
    requirePlan(plan);
    return KeyHolder.taking(plan, await SecretHolder.fromSecretBytes(source, device));
  }

  private static taking(plan: Plan, holder: SecretHolder): KeyHolder {
    try {
      return KeyHolder.from(plan, holder);
    } catch (error) {
      holder[Symbol.dispose]();
      throw error;
    }
  }

  /** The secret key in the open: see SecretKey.toSecretBytes. */
  async toSecretBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#secret.toSecretBytes();
  }

  /** The secret key under a passphrase, for this plan and no other: see SecretKey.toWrappedBytes. */
  async toWrappedBytes(passphrase: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#secret.toWrappedBytes(passphrase, this.plan.identity);
  }

  /**
   * Whose key a wrapped one is, and the identity of the plan that it is for, by its file, without its passphrase: that both are true
   * is known when `fromWrappedBytes` has opened it. Keys of older files name no plan.
   * @throws FormatError for anything else
   */
  static async wrappedSays(
    source: ByteSource,
  ): Promise<{ readonly fingerprint: string; readonly plan: string | undefined }> {
    const { fingerprint, purpose } = await wrappedKeySays(source);
    return { fingerprint, plan: purpose };
  }

  /** What a server of the plan needs. Made with the key, or when they are first asked for where that came from elsewhere. */
  get evaluationKeys(): EvaluationKeys {
    if (this.#evaluationKeys) return this.#evaluationKeys;
    this.#evaluationKeys = this.#secret.evaluationKeys(this.plan.evaluationKeyRequest);
    return this.#evaluationKeys;
  }

  get publicKey(): PublicKey {
    return this.#secret.publicKey;
  }

  /**
   * Encrypts one image, [channel][row][column] in the network's units; up to as many as the plan takes at once, as a list.
   * @throws TypeError for what is no array of numbers; ParameterError for another number of values, or one that is not finite.
   */
  encrypt(image: ImageValues | readonly ImageValues[]): EncryptedImage {
    return encryptImage(this.plan, image, (values, level) => this.#secret.encrypt(values, { level }));
  }

  /**
   * The logits, rounded to the plan's grid (times the output scale). Many slots hold the same logit: their mean
   * is free of most of the noise, and slots that disagree give a broken result away; its imaginary part gives one away that
   * wrapped around (GUARD). All logits are decrypted and judged before any is refused, and the refusal says no more than that
   * there is one: against a server that deviates even that is a bit about the secret key (SECURITY.md).
   * @throws ParameterError, LevelError for a result that is not of this plan, KeyMismatchError for one under another key,
   *   TypeError for one that was disposed of, before anything is decrypted; ParameterError for one that is no number of this network.
   */
  async decrypt(result: EncryptedResult, options: DecryptOptions = {}): Promise<Float64Array> {
    const [first] = await this.decryptAll(result, options);
    return first;
  }

  /** The logits of each image that the plan takes at once, those that were not given included. @throws as `decrypt` */
  async decryptAll(result: EncryptedResult, options: DecryptOptions = {}): Promise<Float64Array[]> {
    const { plan } = this;
    const { exactUnsafe = false, images: wanted = imagesOf(plan.program) } = options;
    if (!(Number.isInteger(wanted) && wanted >= 1 && wanted <= imagesOf(plan.program))) {
      throw new RangeError(`images: ${wanted} is no number of images up to ${imagesOf(plan.program)}`);
    }
    acceptResult(plan, { ring: this.ring, fingerprint: this.#secret.fingerprint }, result);
    const images = imagesOf(plan.program);
    const logits = new Float64Array(plan.program.classes * images);
    let readable = true;
    for (const [j, ciphertext] of result.ciphertexts.entries()) {
      const slots = await this.#secret.decryptComplex(ciphertext);
      readable = readLogits(plan, j, slots, logits, exactUnsafe, wanted) && readable;
      for (const part of [slots.real, slots.imaginary]) part.fill(0);
    }
    if (readable) {
      const scaled = logits.map((logit) => logit * result.outputScale);
      return Array.from({ length: wanted }, (_, k) => ofImage(scaled, k, images));
    }
    logits.fill(0);
    const headroom = plan.parameters.headroomAt(0) * result.outputScale;
    throw new ParameterError(
      `the logits are not readable: a value left the range of its level (a logit may reach ${headroom.toPrecision(3)})`,
      "the image lies outside what the model was calibrated for; calibrate with images like it, or with a larger margin",
    );
  }

  get #secret(): SecretHolder {
    if (this.#disposed) throw new TypeError("the key holder was used after it was disposed of");
    return this.#holder;
  }

  /** A stored name would be a lost key. @throws FormatError always: see there. */
  toJSON(): never {
    return refuseJson();
  }

  /** Overwrites the secret key and frees the others. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#holder[Symbol.dispose]();
    this.#evaluationKeys?.[Symbol.dispose]();
  }
}
