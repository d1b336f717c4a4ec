import { KeyMismatchError, LevelError, ParameterError } from "../errors.js";
import { residue } from "../ntt/modulus.js";
import { drop } from "./basis.js";
import { Ciphertext, Plaintext, requireSlots, stateOf } from "./ciphertext.js";
import { requireInstance } from "./copies.js";
import { declared, relative } from "./noise.js";
import type { Parameters } from "./parameters.js";
import { copy, scale } from "./polynomial.js";
import { type Ring, requireRing } from "./ring.js";

/** What `toLevel` multiplies by is rounded to a whole number: from here on by less than 2^−41 of itself. */
const LEAST_FACTOR = 2 ** 40;

/** Brings operands to where they meet: whose they are, their levels and their scales. */
export class Alignment {
  constructor(
    private readonly ring: Ring,
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
    if (plain.scale !== this.ring.parameters.scaleAt(level)) {
      const message = `a plaintext of scale ${plain.scale} meets level ${level} of scale ${this.ring.parameters.scaleAt(level)}`;
      throw new ParameterError(message, "encode it with the evaluator's encoder");
    }
  }

  /** See `Evaluator.copy`. */
  copy(a: Ciphertext, bound?: number): Ciphertext {
    this.checkRing(a);
    const noise = bound === undefined ? a.noise : declared(a.noise, bound);
    return new Ciphertext(
      a.parts.map((part) => copy(part)),
      { ...stateOf(a), seed: a.seed, noise },
    );
  }

  /** See `Evaluator.rescale`. */
  rescale(a: Ciphertext): Ciphertext {
    this.check(a);
    if (a.state === "canonical") return this.copy(a);
    this.requireLevel(a, 1);
    const parts = drop(a.pair, this.ring.parameters.levels[a.level]);
    const lowered = { ...stateOf(a), level: a.level - 1, state: "canonical" } as const;
    return new Ciphertext(parts, this.ring.noise.dropped(lowered));
  }

  /** See `Evaluator.toLevel`. @throws LevelError for a higher level. */
  toLevel(a: Ciphertext, level: number): Ciphertext {
    this.check(a);
    const highest = a.level - (a.state === "product" ? 1 : 0);
    if (Number.isInteger(level) && level > highest) {
      throw new LevelError(`level ${highest} cannot become ${level}`, "levels only go down");
    }
    this.ring.parameters.requireLevel(level);
    const x = a.state === "product" ? this.rescale(a) : a;
    if (x.level === level) return x === a ? this.copy(a) : x;
    using _rescaled = x === a ? undefined : x;
    const { primes, dropped, factor, rounding } = descent(this.ring.parameters, x.level, level);
    const scaled = x.pair.map((part) => scale(part, (p) => residue(factor, p), primes));
    const state = { ...stateOf(x), level, noise: relative(x.noise, rounding) };
    if (dropped.length === 0) return new Ciphertext(scaled, state);
    const parts = drop(scaled, dropped);
    for (const part of scaled) part[Symbol.dispose]();
    return new Ciphertext(parts, this.ring.noise.dropped(state));
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
  requireLevel(a: { readonly level: number }, level: number): void {
    if (a.level < level) {
      throw new LevelError(
        `a product needs a level, this ciphertext is at level ${a.level}`,
        "choose parameters with a larger depth",
      );
    }
  }
}

/**
 * How values go down from one canonical scale to another: times the whole number `factor`, which is Δ_to·D/Δ_from but
 * for its rounding, then without the product D of the primes `dropped`: so many of those above the target that the
 * factor is large. Two scales may differ by 2^60, up or down: with one level's primes the factor could be 5, or 0.
 * `rounding`: of the factor, as a share of it.
 */
export function descent(parameters: Parameters, from: number, to: number) {
  const { levels } = parameters;
  let factor = parameters.scaleAt(to) / parameters.scaleAt(from);
  let top = to;
  while (top < from && factor < LEAST_FACTOR) factor = levels[++top].reduce((product, p) => product * p, factor);
  const dropped = levels.slice(to + 1, top + 1).flat();
  const rounded = Math.round(factor);
  const rounding = Math.abs(rounded / factor - 1);
  return { primes: parameters.primesAt(top), dropped, factor: BigInt(rounded), rounding };
}
