import type { Ciphertext } from "../ckks/ciphertext.js";
import { ParameterError } from "../errors.js";
import type { Plan } from "./compile.js";

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

/** @throws ParameterError for what was made for another plan. */
export function expectPlan(plan: Plan, identity: string, what: string): void {
  if (identity !== plan.identity) {
    throw new ParameterError(
      `${what} was made for another plan`,
      "compile once and give the same plan to all three roles",
    );
  }
}
