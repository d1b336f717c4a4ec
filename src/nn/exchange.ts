import { type ByteSource, collect } from "../bytes/stream.js";
import { Ciphertext } from "../ckks/ciphertext.js";
import { COPY, kindOf, requireInstance, THIS_COPY } from "../ckks/copies.js";
import { refuseJson } from "../ckks/storage.js";
import type { Device } from "../ntt/device.js";
import { declareFresh } from "./declared.js";
import { requireIdentity, requireOutputScale } from "./exchange-checks.js";
import { imageBytes, imageChunks, readImage, readResult, resultBytes, resultChunks } from "./formats/exchange.js";
import { planned } from "./formats/head.js";
import { type Plan, requirePlan } from "./plan.js";

/** An image on its way to the server. */
export class EncryptedImage implements Disposable {
  /** @throws TypeError for other arguments than a plan's identity and ciphertexts; RangeError for none of these. */
  constructor(
    /** Of the plan that it was made for. */
    readonly identity: string,
    /** As many as the plan's program takes. */
    readonly ciphertexts: readonly Ciphertext[],
  ) {
    requireIdentity(identity);
    requireCiphertexts(ciphertexts, "ciphertexts");
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  /** Bytes of `toBytes`. */
  get packedBytes(): number {
    return imageBytes(this);
  }

  /** The whole file in one array. @throws FormatError for an image that was made for no plan. */
  async toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return collect(this.chunks());
  }

  /** The same bytes one limb at a time, for streams. @throws FormatError for an image that was made for no plan */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return imageChunks(this);
  }

  /**
   * What `toBytes` wrote, from bytes, a web stream or a Node stream, for a server of the plan.
   * @throws FormatError for anything else; ParameterError for an image of another plan
   */
  static async fromBytes(source: ByteSource, plan: Plan, device: Device): Promise<EncryptedImage> {
    requirePlan(plan);
    const { identity, ciphertexts } = await readImage(source, planned(plan, device));
    return new EncryptedImage(
      identity,
      ciphertexts.map((each) => declareFresh(each, plan.ranges.input)),
    );
  }

  /** @throws FormatError always: see there. */
  toJSON(): never {
    return refuseJson();
  }

  [Symbol.dispose](): void {
    for (const ct of this.ciphertexts) ct[Symbol.dispose]();
  }
}

/** What the server sends back: the logits, as a rule in one ciphertext. */
export class EncryptedResult implements Disposable {
  /**
   * @throws TypeError for arguments of other types; ParameterError for an output scale that `requireOutputScale` refuses.
   *   Whether it is a result of some plan is looked at where it is decrypted.
   */
  constructor(
    /** Of the plan that it was made for. */
    readonly identity: string,
    /** Every slot holds one whole logit, which one says the plan's program. */
    readonly ciphertexts: readonly Ciphertext[],
    /** What decrypted logits are multiplied by. */
    readonly outputScale: number,
    /** Whether the operands that ran were ciphertexts. */
    readonly encrypted: { readonly image: boolean; readonly model: boolean },
  ) {
    requireIdentity(identity);
    requireCiphertexts(ciphertexts, "ciphertexts");
    requireOutputScale(outputScale);
    if (typeof encrypted?.image !== "boolean" || typeof encrypted.model !== "boolean") {
      throw new TypeError("encrypted: { image, model } of two booleans was expected");
    }
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  /** Bytes of `toBytes`. */
  get packedBytes(): number {
    return resultBytes(this);
  }

  /** The whole file in one array. @throws FormatError for a result that was made for no plan. */
  async toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return collect(this.chunks());
  }

  /** The same bytes one limb at a time, for streams. @throws FormatError for a result that was made for no plan */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return resultChunks(this);
  }

  /**
   * What `toBytes` wrote, from bytes, a web stream or a Node stream, for the key holder of the plan.
   * @throws FormatError for anything else; ParameterError for a result of another plan
   */
  static async fromBytes(source: ByteSource, plan: Plan, device: Device): Promise<EncryptedResult> {
    requirePlan(plan);
    const { identity, ciphertexts, outputScale, encrypted } = await readResult(source, planned(plan, device));
    return new EncryptedResult(identity, ciphertexts, outputScale, encrypted);
  }

  /** @throws FormatError always: see there. */
  toJSON(): never {
    return refuseJson();
  }

  [Symbol.dispose](): void {
    for (const ct of this.ciphertexts) ct[Symbol.dispose]();
  }
}

function requireCiphertexts(ciphertexts: readonly Ciphertext[], name: string): void {
  if (!Array.isArray(ciphertexts)) throw new TypeError(`${name}: an array was expected, not ${kindOf(ciphertexts)}`);
  if (ciphertexts.length === 0) throw new RangeError(`${name}: an empty array, where there is one ciphertext at least`);
  for (const [j, each] of ciphertexts.entries()) requireInstance(each, Ciphertext, `${name}[${j}]`, "a ciphertext");
}
