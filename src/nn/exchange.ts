import { Ciphertext } from "../ckks/ciphertext.js";
import { COPY, kindOf, requireInstance, THIS_COPY } from "../ckks/copies.js";
import { isPowerOfTwo } from "../ckks/slots.js";
import { ParameterError } from "../errors.js";

/** An image on its way to the server. */
export class EncryptedImage implements Disposable {
  /** @throws TypeError for other arguments than a plan's identity and a ciphertext. */
  constructor(
    /** Of the plan that it was made for. */
    readonly identity: string,
    readonly ciphertext: Ciphertext,
  ) {
    requireIdentity(identity);
    requireInstance(ciphertext, Ciphertext, "the image", "a ciphertext");
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  get packedBytes(): number {
    return this.ciphertext.packedBytes;
  }

  [Symbol.dispose](): void {
    this.ciphertext[Symbol.dispose]();
  }
}

/** What the server sends back: one ciphertext for each class. */
export class EncryptedResult implements Disposable {
  /**
   * @throws TypeError for arguments of other types; ParameterError for an output scale that `requireOutputScale` refuses.
   *   Whether it is a result of some plan is looked at where it is decrypted.
   */
  constructor(
    /** Of the plan that it was made for. */
    readonly identity: string,
    readonly logits: readonly Ciphertext[],
    /** What decrypted logits are multiplied by. */
    readonly outputScale: number,
    /** Whether the operands that ran were ciphertexts. */
    readonly encrypted: { readonly image: boolean; readonly model: boolean },
  ) {
    requireIdentity(identity);
    if (!Array.isArray(logits)) throw new TypeError(`logits: an array was expected, not ${kindOf(logits)}`);
    for (const [j, logit] of logits.entries()) requireInstance(logit, Ciphertext, `logit ${j}`, "a ciphertext");
    requireOutputScale(outputScale);
    if (typeof encrypted?.image !== "boolean" || typeof encrypted.model !== "boolean") {
      throw new TypeError("encrypted: { image, model } of two booleans was expected");
    }
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  get packedBytes(): number {
    return this.logits.reduce((bytes, ct) => bytes + ct.packedBytes, 0);
  }

  [Symbol.dispose](): void {
    for (const ct of this.logits) ct[Symbol.dispose]();
  }
}

/** Beyond it a logit, below 2^24 before, is no double. */
const MOST_OUTPUT_SCALE = 2 ** 999;

/** @throws ParameterError for what calibration never gives: all but powers of two from 1 on. */
export function requireOutputScale(scale: number): void {
  if (isPowerOfTwo(scale) && scale <= MOST_OUTPUT_SCALE) return;
  throw new ParameterError(
    `outputScale ${typeof scale === "number" ? scale : kindOf(scale)} is not a power of two from 1 to 2^999`,
    "take the one of the model that ran: it comes from its owner's calibration",
  );
}

export function requireIdentity(identity: string): void {
  if (typeof identity !== "string") throw new TypeError(`identity: a plan's was expected, not ${kindOf(identity)}`);
}
