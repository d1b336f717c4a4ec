import type { Ciphertext, ScaleState } from "./ciphertext.js";
import { decrypted } from "./noise.js";

/** What a ciphertext is. */
export interface Explanation {
  /** See Ciphertext. */
  readonly level: number;
  /** See Ciphertext. */
  readonly state: ScaleState;
  /** log2 of what values are multiplied by. */
  readonly scaleBits: number;
  /** Largest |z| that a slot may hold: beyond it all of them wrap around. */
  readonly headroom: number;
  /** Largest |z| that a slot does hold, as far as the bounds are true that callers declared. */
  readonly bound: number;
  /** log2 of the error that decryption will show, estimated: over the slots, and more than any of them shows. */
  readonly noise: { readonly rmsBits: number; readonly worstBits: number };
  /** Bits of `bound` above the rms error. */
  readonly precisionBits: number;
  /** Values that it holds. */
  readonly slots: number;
  /** 2, or 3 before it is relinearised. */
  readonly parts: number;
  /** On the wire. */
  readonly bytes: number;
}

/** See `Evaluator.explain`. Costs no operation on the device. */
export function explain(ciphertext: Ciphertext): Explanation {
  const { level, state, slots, parts, noise } = ciphertext;
  const { parameters } = parts[0].ring;
  const scale = parameters.scaleAt(level);
  const unrescaled = state === "product";
  const { rms, worst } = decrypted(noise);
  return {
    level,
    state,
    scaleBits: Math.log2(scale) * (unrescaled ? 2 : 1),
    headroom: parameters.headroomAt(level) / (unrescaled ? scale : 1),
    bound: noise.bound,
    noise: { rmsBits: Math.log2(rms), worstBits: Math.log2(worst) },
    precisionBits: bitsAbove(noise.bound, rms),
    slots,
    parts: parts.length,
    bytes: ciphertext.packedBytes,
  };
}

function bitsAbove(bound: number, rms: number): number {
  if (rms === Infinity) return -Infinity; // whatever the bound is
  return rms === 0 ? Infinity : Math.log2(bound / rms);
}
