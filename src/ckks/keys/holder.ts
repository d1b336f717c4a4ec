import type { ByteSource } from "../../bytes/stream.js";
import type { Device } from "../../ntt/device.js";
import type { Ciphertext } from "../ciphertext.js";
import { requireInstance } from "../copies.js";
import type { ComplexVector } from "../embedding.js";
import type { SlotValues } from "../encoder.js";
import { Decryptor, type EncryptOptions, SecretEncryptor } from "../encryptor.js";
import type { Parameters } from "../parameters.js";
import { type PrecisionReport, precision } from "../precision.js";
import { Randomness } from "../randomness.js";
import { Ring } from "../ring.js";
import { refuseJson } from "../storage.js";
import type { EvaluationKeys } from "./evaluation-keys.js";
import { type EvaluationKeyRequest, KeyGenerator } from "./generator.js";
import type { PublicKey } from "./public-key.js";
import { SecretKey } from "./secret.js";

/** The one who holds a secret key: makes the other keys, encrypts at half size, decrypts. */
export class KeyHolder implements Disposable {
  private readonly generator: KeyGenerator;
  private readonly encryptor: SecretEncryptor;
  private readonly decryptor: Decryptor;
  readonly #secret: SecretKey;
  readonly #streams: readonly Randomness[];

  private constructor(secret: SecretKey, randomness: Randomness) {
    this.#secret = secret;
    const streams = [randomness.fork(), randomness.fork()];
    this.#streams = streams;
    this.generator = new KeyGenerator(secret, streams[0]);
    this.encryptor = new SecretEncryptor(secret, streams[1]);
    this.decryptor = new Decryptor(secret);
  }

  /** A new secret key from the platform's CSPRNG, or from `randomness` (tests). */
  static async create(device: Device, parameters: Parameters, randomness?: Randomness): Promise<KeyHolder> {
    const ring = Ring.of(device, parameters);
    if (randomness !== undefined) {
      requireInstance(randomness, Randomness, "randomness", "what Randomness.system() gives");
      using secretStream = randomness.fork(); // its key is as good as the secret key
      return new KeyHolder(await SecretKey.generate(ring, secretStream), randomness);
    }
    using system = Randomness.system();
    return await KeyHolder.create(device, parameters, system);
  }

  /**
   * The holder of a key that is there already, from a file of ours or as `seal.readSecretKey` gives one; it is disposed of with
   * the holder. What it draws is the platform's, or from `randomness`.
   */
  static from(secret: SecretKey, randomness?: Randomness): KeyHolder {
    requireInstance(secret, SecretKey, "secret", "a secret key");
    if (randomness) return new KeyHolder(secret, randomness);
    using system = Randomness.system();
    return new KeyHolder(secret, system);
  }

  /** See SecretKey.fromSecretBytes. */
  static async fromSecretBytes(source: ByteSource, device: Device): Promise<KeyHolder> {
    return KeyHolder.from(await SecretKey.fromSecretBytes(source, device));
  }

  /** See SecretKey.fromWrappedBytes. */
  static async fromWrappedBytes(
    source: ByteSource,
    passphrase: string,
    device: Device,
    purpose?: string,
  ): Promise<KeyHolder> {
    return KeyHolder.from(await SecretKey.fromWrappedBytes(source, passphrase, device, purpose));
  }

  get ring(): Ring {
    return this.#secret.ring;
  }

  /** The name of the key: of its public key, see there. */
  get fingerprint(): string {
    return this.#secret.fingerprint;
  }

  get publicKey(): PublicKey {
    return this.#secret.publicKey;
  }

  /** The secret key in the open: see SecretKey.toSecretBytes. */
  toSecretBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#secret.toSecretBytes();
  }

  /** The secret key under a passphrase: see SecretKey.toWrappedBytes. */
  toWrappedBytes(passphrase: string, purpose?: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#secret.toWrappedBytes(passphrase, purpose);
  }

  /** New keys for those who compute: see KeyGenerator.evaluationKeys. */
  evaluationKeys(request: EvaluationKeyRequest = {}): EvaluationKeys {
    return this.generator.evaluationKeys(request);
  }

  /** Encrypts with the secret key, at half the size of public-key encryption: see SecretEncryptor.encrypt. */
  encrypt(values: SlotValues, options: EncryptOptions = {}): Ciphertext {
    return this.encryptor.encrypt(values, options);
  }

  /** The real parts of the first `count` slots. Do not share them with those who made the ciphertext: see SECURITY.md. */
  async decrypt(ciphertext: Ciphertext, count?: number): Promise<Float64Array> {
    const { real, imaginary } = await this.decryptor.decrypt(ciphertext);
    imaginary.fill(0);
    if (count === undefined) return real;
    try {
      if (!(Number.isInteger(count) && count >= 0 && count <= real.length)) {
        throw new RangeError(`count ${count} is not a whole number in 0..${real.length}`);
      }
      return real.slice(0, count);
    } finally {
      real.fill(0);
    }
  }

  /** All slots with their imaginary parts: see `decrypt`. */
  async decryptComplex(ciphertext: Ciphertext): Promise<ComplexVector> {
    return this.decryptor.decrypt(ciphertext);
  }

  /** How far a ciphertext is from the values that it should hold. */
  async precision(ciphertext: Ciphertext, expected: SlotValues): Promise<PrecisionReport> {
    return precision(await this.decryptor.decrypt(ciphertext), expected);
  }

  /** A stored name would be a lost key. @throws FormatError always. */
  toJSON(): never {
    return refuseJson();
  }

  /** Overwrites the secret key, and the streams that the errors were drawn from: before or after the device's `close`. */
  [Symbol.dispose](): void {
    this.#secret[Symbol.dispose]();
    for (const stream of this.#streams) stream.wipe();
  }
}
