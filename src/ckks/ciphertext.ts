import { type ByteSource, collect } from "../bytes/stream.js";
import { LevelError, ParameterError } from "../errors.js";
import { COPY, THIS_COPY } from "./copies.js";
import { ciphertextBytes, ciphertextChunks, readCiphertext } from "./formats/ciphertext.js";
import { plaintextBytes, plaintextChunks, readPlaintext } from "./formats/plaintext.js";
import { type Noise, UNKNOWN_NOISE } from "./noise.js";
import { type PagingOptions, type Residency, residencyOf } from "./paging/residency.js";
import type { RnsPolynomial } from "./polynomial.js";
import { ballast } from "./pressure.js";
import { type Ring, requireIsRing } from "./ring.js";

/**
 * "canonical": the scale of the level. "product": its square, as a product leaves it before `rescale`.
 * No other scale exists, so that operands of one level always fit each other.
 */
export type ScaleState = "canonical" | "product";

/** An encoded vector, stored times 2^32 as NTT values. */
export class Plaintext implements Disposable {
  /** For the collector: see pressure.ts. */
  protected ballast: ArrayBuffer | undefined;

  constructor(
    /** Its residues, an operand. */
    readonly polynomial: RnsPolynomial,
    /** Level that it can be multiplied at. */
    readonly level: number,
    /** What its values are multiplied by. */
    readonly scale: number,
    /** Values that it holds. */
    readonly slots: number,
    /** Its rounding, around values of a declared bound. */
    readonly noise: Noise = UNKNOWN_NOISE,
  ) {
    this.ballast = ballast(this.bytes);
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  /** Bytes in the device's memory. */
  get bytes(): number {
    return this.polynomial.bytes;
  }

  /** Bytes of `toBytes`: residues packed to each prime's width, and a header. */
  get packedBytes(): number {
    return plaintextBytes(this);
  }

  /** As a file, which anybody can read: a plaintext is not encrypted. */
  async toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return collect(this.chunks());
  }

  /** The same bytes one limb at a time, for streams. */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return plaintextChunks(this);
  }

  /**
   * What `toBytes` wrote, from bytes, a web stream or a Node stream.
   * @throws FormatError for anything else; ParameterError for one of other parameters than the ring's
   */
  static async fromBytes(source: ByteSource, ring: Ring, options: PagingOptions = {}): Promise<Plaintext> {
    requireIsRing(ring);
    const { polynomial, level, scale, slots } = await readPlaintext(source, ring, residencyOf(options));
    return new Plaintext(polynomial, level, scale, slots);
  }

  /** As `Ciphertext.withNoise`. */
  withNoise(noise: Noise): Plaintext {
    const same = new Plaintext(this.polynomial, this.level, this.scale, this.slots, noise);
    same.ballast ??= this.ballast;
    return same;
  }

  /** The same plaintext outside of the device's memory; this one is disposed of. */
  async page(residency: Residency): Promise<Plaintext> {
    return new Plaintext(await residency.page(this.polynomial), this.level, this.scale, this.slots, this.noise);
  }

  [Symbol.dispose](): void {
    this.polynomial[Symbol.dispose]();
  }
}

export interface CiphertextState {
  readonly level: number;
  readonly state: ScaleState;
  /** Values it holds: a power of two up to N/2. */
  readonly slots: number;
  /** Of the key that it can be decrypted with. */
  readonly fingerprint: string;
  /** Seed of its uniform part, when it is fresh from the secret key: it then travels at half its size. */
  readonly seed?: Uint8Array;
  /** Unknown if absent. */
  readonly noise?: Noise;
}

/**
 * Encrypts `slots` numbers: parts c_0, c_1 (and c_2 between `tensor` and `relinearize`) with c_0 + c_1·s + c_2·s² = message + noise.
 * Immutable; every operation makes a new one.
 */
export class Ciphertext implements Disposable {
  /** Products that are left to it, counted down to 0. */
  readonly level: number;
  /** Whether it waits for `rescale`. */
  readonly state: ScaleState;
  readonly slots: number;
  /** Of the key that it can be decrypted with: a label. */
  readonly fingerprint: string;
  /** Of its uniform part, where the secret key's holder encrypted it: it then travels at half its size. */
  readonly seed?: Uint8Array;
  /** Estimated, from what callers declare: see there. */
  readonly noise: Noise;
  /** For the collector: see pressure.ts. */
  protected ballast: ArrayBuffer | undefined;

  constructor(
    /** c_0, c_1 and, after `tensor`, c_2, by their NTT values. */
    readonly parts: readonly RnsPolynomial[],
    state: CiphertextState,
  ) {
    this.level = state.level;
    this.state = state.state;
    this.slots = state.slots;
    this.fingerprint = state.fingerprint;
    this.seed = state.seed;
    this.noise = state.noise ?? UNKNOWN_NOISE;
    this.ballast = ballast(this.bytes);
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  /** Bytes in the device's memory. */
  get bytes(): number {
    return this.parts.reduce((bytes, part) => bytes + part.bytes, 0);
  }

  /** Bytes of `toBytes`: residues packed to each prime's width, the uniform part as its seed where there is one, a header. */
  get packedBytes(): number {
    return ciphertextBytes(this);
  }

  /** The whole file in one array. @throws FormatError for a label that is no fingerprint. */
  async toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return collect(this.chunks());
  }

  /** The same bytes one limb at a time, for streams. */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return ciphertextChunks(this);
  }

  /**
   * What `toBytes` wrote, from bytes, a web stream or a Node stream. Its fingerprint is what the file says: a label.
   * @throws FormatError for anything else; ParameterError for one of other parameters than the ring's
   */
  static async fromBytes(source: ByteSource, ring: Ring, options: PagingOptions = {}): Promise<Ciphertext> {
    requireIsRing(ring);
    const { parts, ...state } = await readCiphertext(source, ring, residencyOf(options));
    return new Ciphertext(parts, state);
  }

  /** The two parts. @throws LevelError when there are three. */
  get pair(): readonly [RnsPolynomial, RnsPolynomial] {
    if (this.parts.length !== 2) throw new LevelError("a three-part ciphertext was given", "relinearize it first");
    return this.parts as unknown as readonly [RnsPolynomial, RnsPolynomial];
  }

  /**
   * The same ciphertext, whose noise somebody declares who knows what it is made of: it stands for this one, and either disposes
   * of the parts. Changes what `explain` says, and nothing else.
   */
  withNoise(noise: Noise): Ciphertext {
    const same = new Ciphertext(this.parts, { ...stateOf(this), ...(this.seed && { seed: this.seed }), noise });
    same.ballast ??= this.ballast;
    return same;
  }

  /** The same ciphertext outside of the device's memory; this one is disposed of. */
  async page(residency: Residency): Promise<Ciphertext> {
    const parts: RnsPolynomial[] = [];
    for (const part of this.parts) parts.push(await residency.page(part));
    return new Ciphertext(parts, { ...stateOf(this), seed: this.seed });
  }

  [Symbol.dispose](): void {
    for (const part of this.parts) part[Symbol.dispose]();
  }
}

/** Fewer slots repeat at another pace: a plaintext meets a ciphertext of as many slots, or the values would not meet. */
export function requireSlots(...operands: readonly { readonly slots: number }[]): void {
  const [{ slots }] = operands;
  const other = operands.find((operand) => operand.slots !== slots);
  if (!other) return;
  const fix = "encode and encrypt with the same number of slots: encode(values, level, slots)";
  throw new ParameterError(`an operand of ${other.slots} slots meets one of ${slots}`, fix);
}

/** Everything about a ciphertext but its parts and its seed, which no operation keeps. */
export function stateOf(a: Ciphertext): CiphertextState & { readonly noise: Noise } {
  const { level, state, slots, fingerprint, noise } = a;
  return { level, state, slots, fingerprint, noise };
}
