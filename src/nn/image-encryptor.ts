import type { Ciphertext } from "../ckks/ciphertext.js";
import { requireInstance } from "../ckks/copies.js";
import type { SlotValues } from "../ckks/encoder.js";
import { Encryptor } from "../ckks/encryptor.js";
import { PublicKey } from "../ckks/keys/public-key.js";
import { Randomness } from "../ckks/randomness.js";
import { Ring, requireRing } from "../ckks/ring.js";
import { declareFresh } from "./declared.js";
import { EncryptedImage } from "./exchange.js";
import type { ImageValues } from "./graph/image.js";
import { type Plan, requirePlan } from "./plan.js";
import { encodeInput, pairInput } from "./program/encode.js";
import { imagePair } from "./program/pairing.js";

/**
 * Encrypts images for somebody else: with the public key, and without a way to decrypt them or anything. What it makes is twice as
 * large as a key holder's, and errs a little more.
 */
export class ImageEncryptor implements Disposable {
  readonly #randomness: Randomness;
  private readonly own: boolean;
  private readonly encryptor: Encryptor;

  /**
   * @param randomness for tests; stays the caller's, to wipe
   * @throws TypeError for a plan or a key that is none; ParameterError for a key of other parameters than the plan's
   */
  constructor(
    readonly plan: Plan,
    readonly publicKey: PublicKey,
    randomness?: Randomness,
  ) {
    requirePlan(plan);
    requireInstance(publicKey, PublicKey, "publicKey", "a public key");
    const { ring } = publicKey;
    requireRing(Ring.of(ring.device, plan.parameters), ring, "the public key");
    this.own = randomness === undefined;
    this.#randomness = randomness ?? Randomness.system();
    this.encryptor = new Encryptor(publicKey, this.#randomness);
  }

  /** As `KeyHolder.encrypt`. @throws as it does; TypeError after this was disposed of */
  encrypt(image: ImageValues | readonly ImageValues[]): EncryptedImage {
    return encryptImage(this.plan, image, (values, level) => this.encryptor.encrypt(values, { level }));
  }

  /** Overwrites the stream of random numbers: whoever had it could read the images. */
  [Symbol.dispose](): void {
    if (this.own) this.#randomness.wipe();
  }
}

/** Lays images into slots and encrypts them; what lay in slots is overwritten. */
export function encryptImage(
  { program, identity, ranges }: Plan,
  image: ImageValues | readonly ImageValues[],
  encrypt: (values: SlotValues, level: number) => Ciphertext,
): EncryptedImage {
  const pair = imagePair(program);
  const ciphertexts = encodeInput(program, image).map((slots) => {
    const values = pairInput(pair, slots);
    try {
      return declareFresh(encrypt(values, program.depth), ranges.input);
    } finally {
      for (const part of "real" in values ? [values.real, values.imaginary] : [values]) part.fill(0);
    }
  });
  return new EncryptedImage(identity, ciphertexts);
}
