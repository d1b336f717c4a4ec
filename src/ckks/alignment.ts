import { KeyMismatchError, LevelError, ParameterError } from "../errors.js";
import { residue } from "../ntt/modulus.js";
import { drop } from "./basis.js";
import { Ciphertext, Plaintext, requireSlots, stateOf } from "./ciphertext.js";
import { requireInstance } from "./copies.js";
import type { Parameters } from "./parameters.js";
import { copy, type Ring, scale } from "./polynomial.js";
import { requireRing } from "./ring.js";

/** Brings operands to where they meet: whose they are, their levels and their scales. */
export class Alignment {
  constructor(
    private readonly ring: Ring,
    private readonly parameters: Parameters,
    /** Of the evaluation keys. */
    private readonly fingerprint: string,
  ) {}

  /** Throws unless the ciphertext and the evaluation keys belong to one secret key. */
  check(a: Ciphertext): void {
    this.checkRing(a);
    if (a.fingerprint !== this.fingerprint) {
      throw new KeyMismatchError(
        `the ciphertext belongs to key ${a.fingerprint.slice(0, 8)}, the evaluation keys to ${this.fingerprint.slice(0, 8)}`,
        "use ciphertexts and evaluation keys of one key holder",
      );
    }
  }

  /** Throws unless it is a ciphertext of the evaluator's device and parameters. */
  checkRing(a: Ciphertext): void {
    requireInstance(a, Ciphertext, "the operand", "a ciphertext");
    for (const part of a.parts) requireRing(this.ring, part.ring, "the ciphertext");
  }

  /** Throws unless the plaintext is encoded for this place: `level`, its canonical scale, and as many slots as `a` has. */
  checkPlaintext(plain: Plaintext, level: number, a: Ciphertext): void {
    requireInstance(plain, Plaintext, "the operand", "an encoded plaintext");
    requireRing(this.ring, plain.polynomial.ring, "the plaintext");
    requireSlots(a, plain);
    if (plain.level !== level) {
      const message = `a plaintext of level ${plain.level} meets a ciphertext of level ${level}`;
      throw new LevelError(message, "encode it at the ciphertext's level");
    }
    if (plain.scale !== this.parameters.scaleAt(level)) {
      const message = `a plaintext of scale ${plain.scale} meets level ${level} of scale ${this.parameters.scaleAt(level)}`;
      throw new ParameterError(message, "encode it with the evaluator's encoder");
    }
  }

  copy(a: Ciphertext): Ciphertext {
    this.checkRing(a);
    return new Ciphertext(
      a.parts.map((part) => copy(part)),
      { ...stateOf(a), seed: a.seed },
    );
  }

  /** From the square of the scale to the canonical scale one level down. Costs two NTTs for each prime. */
  rescale(a: Ciphertext): Ciphertext {
    this.check(a);
    if (a.state === "canonical") return this.copy(a);
    this.requireLevel(a, 1);
    const parts = drop(a.pair, this.parameters.levels[a.level]);
    return new Ciphertext(parts, { ...stateOf(a), level: a.level - 1, state: "canonical" });
  }

  /**
   * The same values at a lower level, at that level's canonical scale. Costs a rescale, unless nothing changes.
   * @throws LevelError for a higher level.
   */
  toLevel(a: Ciphertext, level: number): Ciphertext {
    this.check(a);
    const highest = a.level - (a.state === "product" ? 1 : 0);
    if (Number.isInteger(level) && level > highest) {
      throw new LevelError(`level ${highest} cannot become ${level}`, "levels only go down");
    }
    this.parameters.requireLevel(level);
    const x = this.canonical(a);
    if (x.level === level) return x;
    using owned = x;
    const primes = this.parameters.primesAt(level + 1);
    const dropped = this.parameters.levels[level + 1].reduce((a, b) => a * b, 1);
    const factor = BigInt(Math.round((this.parameters.scaleAt(level) * dropped) / this.parameters.scaleAt(x.level)));
    const scaled = owned.pair.map((part) => scale(part, (p) => residue(factor, p), primes));
    const parts = drop(scaled, this.parameters.levels[level + 1]);
    for (const part of scaled) part[Symbol.dispose]();
    return new Ciphertext(parts, { ...stateOf(x), level, state: "canonical" });
  }

  /** `a` itself where it is at the level already, else a new ciphertext. */
  reach(a: Ciphertext, level: number): Ciphertext {
    this.check(a);
    return a.level === level && a.state === "canonical" ? a : this.toLevel(a, level);
  }

  /** A copy at the canonical scale. */
  canonical(a: Ciphertext): Ciphertext {
    this.check(a);
    return a.state === "product" ? this.rescale(a) : this.copy(a);
  }

  /** A product takes a level. */
  requireLevel(a: Ciphertext, level: number): void {
    if (a.level < level) {
      throw new LevelError(
        `a product needs a level, this ciphertext is at level ${a.level}`,
        "choose parameters with a larger depth",
      );
    }
  }
}
