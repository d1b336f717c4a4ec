import { sha256 } from "@noble/hashes/sha2.js";
import { FileReader, writeFile } from "../bytes/blocks.js";
import { ByteReader, SEND_AGAIN } from "../bytes/reader.js";
import { type ByteSource, collect } from "../bytes/stream.js";
import { ByteWriter } from "../bytes/writer.js";
import { BlindsightError, FormatError, ParameterError } from "../errors.js";
import { MAX_LOG_N, MIN_LOG_N, primePool } from "../ntt/primes.js";
import { kindOf } from "./copies.js";
import { putParameters, takeParameters } from "./formats/parameters.js";
import { type Gadget, gadgetsOf, largestModulus } from "./gadgets.js";
import type { ParameterLiteral } from "./parameter-literal.js";
import { type ParameterRequest, searchParameters } from "./parameter-search.js";
import { logProduct } from "./primelist.js";
import { checkSecurity, type Security } from "./security.js";

/** The conversion kernel's fraction words ⌊2^56/q⌋ need q > 2^24. */
const SMALLEST_PRIME = 2 ** 24;

/** Checked, immutable parameters of one instance of RNS-CKKS. */
export class Parameters {
  /** log2 of the ring's degree N; there are N/2 slots. */
  readonly logN: number;
  /** N/2: values in a full ciphertext. */
  readonly slots: number;
  /** The primes that each level adds to those below: q of level 0 first. */
  readonly levels: readonly (readonly number[])[];
  /** The primes of P, which key switching works with and drops again. */
  readonly special: readonly number[];
  /** Primes in each digit of key switching at the highest level. */
  readonly digitPrimes: number;
  readonly security: Security;
  /** Equal for parameters that compute alike: all of the content but what is said about security. */
  readonly identity: string;
  private readonly literal: ParameterLiteral;
  private readonly gadgets: readonly Gadget[];
  #digest: Uint8Array | undefined;
  private readonly scales: readonly number[];
  private readonly headrooms: readonly number[];

  private constructor(literal: ParameterLiteral) {
    if (typeof literal !== "object" || literal === null) {
      throw new TypeError(`literal: { logN, levels, … } was expected, not ${kindOf(literal)}`);
    }
    const { logN, levels, special, digitPrimes, gadgets, baseScaleBits, security = 128 } = literal;
    check(
      Number.isInteger(logN) && logN >= MIN_LOG_N && logN <= MAX_LOG_N,
      `logN ${logN} is not one of 10..16`,
      "use 12 to 16",
    );
    check(
      security === 128 || security === "none",
      `security ${security} is neither 128 nor "none"`,
      "leave it out: 128 bits are what the table of security.ts is for",
    );
    check(levels.length > 0, "there is no level 0", "give at least one prime");
    check(
      levels.every((level, l) => level.length >= 1 && level.length <= (l === 0 ? 3 : 2)),
      "a level has one prime or two (the base up to three)",
      "split longer lists into several levels",
    );
    const all = [...levels.flat(), ...special];
    const pool = new Set(primePool());
    for (const p of all) {
      check(
        pool.has(p),
        `${p} is not a prime of the pool`,
        "take primes from choosePrimes(): 1 modulo 2^17, below 2^30",
      );
      check(p > SMALLEST_PRIME, `the prime ${p} is too small`, "take primes above 2^24");
    }
    check(new Set(all).size === all.length, "a prime occurs twice", "give every prime once");
    const baseBits = logProduct(levels[0]);
    check(
      typeof baseScaleBits === "number" && baseScaleBits >= 10 && baseScaleBits <= baseBits - 2,
      `a base scale of 2^${baseScaleBits} does not fit a base of ${baseBits.toFixed(1)} bits`,
      "leave at least two bits of headroom",
    );
    this.logN = logN;
    this.slots = 2 ** (logN - 1);
    this.levels = Object.freeze(levels.map((level) => Object.freeze([...level])));
    this.special = Object.freeze([...special]);
    this.digitPrimes = digitPrimes;
    this.gadgets = gadgetsOf(literal);
    this.security = Object.freeze(checkSecurity(logN, largestModulus(levels, this.gadgets), security));
    this.literal = Object.freeze({
      logN,
      levels: this.levels,
      special: this.special,
      digitPrimes,
      ...(gadgets && { gadgets: Object.freeze(gadgets.map((gadget) => Object.freeze({ ...gadget }))) }),
      baseScaleBits,
      security,
    });
    const own = gadgets ? [this.literal.gadgets] : [];
    this.identity = JSON.stringify([logN, this.levels, this.special, digitPrimes, baseScaleBits, ...own]);
    // The canonical scale of each level: a product at level l, divided by its primes, lands on the scale of level l − 1.
    const scales = [2 ** baseScaleBits];
    for (let l = 1; l < levels.length; l++)
      scales.push(Math.sqrt(scales[l - 1] * levels[l].reduce((a, b) => a * b, 1)));
    this.scales = Object.freeze(scales);
    // Exact until the one rounding to a double: what fits is decided by it.
    let modulus = 1n;
    const headrooms = levels.map((level, l) => {
      for (const p of level) modulus *= BigInt(p);
      return Math.min(Number(modulus / 2n), Number.MAX_VALUE) / scales[l];
    });
    this.headrooms = Object.freeze(headrooms);
    Object.freeze(this);
  }

  /** Parameters chosen by hand, checked. @throws ParameterError, SecurityError */
  static of(literal: ParameterLiteral): Parameters {
    return new Parameters(literal);
  }

  /**
   * The smallest ring at 128 bits that computes `depth` products in a row, with the cheapest key switching that fits, and
   * keys of 512 MiB at most. Results at level 0 may be as large as 2^27; what a slot holds beyond `headroomAt(level)` comes
   * back as another number, without an error: nobody but the key holder could see it.
   * @throws ParameterError when no N up to 2^16 holds them; it says which depth is possible. RangeError for a depth, a
   * number of slots or a dnum that is none.
   */
  static choose(request: ParameterRequest): Parameters {
    return new Parameters(searchParameters(request));
  }

  /** Highest level: products that a fresh ciphertext allows in a row. */
  get maxLevel(): number {
    return this.levels.length - 1;
  }

  /** Digits of key switching at the highest level. */
  get dnum(): number {
    return Math.ceil(this.primesAt(this.maxLevel).length / this.digitPrimes);
  }

  /** Primes of Q at a level, q_0 first. */
  primesAt(level: number): readonly number[] {
    this.requireLevel(level);
    return this.levels.slice(0, level + 1).flat();
  }

  /** How key switching takes polynomials apart with keys that reach this level and none above. */
  gadgetAt(level: number): Gadget {
    this.requireLevel(level);
    return this.gadgets[level];
  }

  /** The canonical scale of a level: what one unit of a slot value is multiplied by. */
  scaleAt(level: number): number {
    this.requireLevel(level);
    return this.scales[level];
  }

  /**
   * Largest |z| that a slot may hold at a level; where Q outgrows the doubles, that a double can say. Beyond it coefficients
   * wrap around Q, as a rule the slots' mean first, which shifts all of them by twice the headroom: with one of 16.5 the
   * squares 0, 1, 4, … 81 come back as −33.1, −32.1, −29.1, …
   */
  headroomAt(level: number): number {
    this.requireLevel(level);
    return this.headrooms[level];
  }

  /** @throws RangeError, which calls it `name`, for a level that these parameters do not have. */
  requireLevel(level: number, name = "level"): void {
    if (!(Number.isInteger(level) && level >= 0 && level < this.levels.length)) {
      throw new RangeError(`${name} ${level} is not a whole number in 0..${this.maxLevel}`);
    }
  }

  /** The literal that `Parameters.of` takes. */
  toJSON(): ParameterLiteral {
    return this.literal;
  }

  /** As a file of their own: some hundred bytes. */
  toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return collect(writeFile("parameters", this.canonicalBytes(), []));
  }

  /** @throws FormatError for anything that `toBytes` did not write, SecurityError never: no file says 128 bits and has less. */
  static async fromBytes(source: ByteSource): Promise<Parameters> {
    using file = await FileReader.open(source, "parameters");
    const reader = new ByteReader(file.header.fields, "the header of these parameters");
    const parameters = Parameters.take(reader);
    reader.end();
    await file.end();
    return parameters;
  }

  /** Equal for equal parameters, in any file: see formats/parameters.ts. */
  canonicalBytes(): Uint8Array<ArrayBuffer> {
    const { logN, special, security } = this;
    const levels = this.levels.map((_, l) => ({ primes: this.primesAt(l), scale: this.scaleAt(l) }));
    const { digitPrimes, gadgets, baseScaleBits } = this.literal;
    const writer = new ByteWriter();
    putParameters(writer, { logN, levels, special, digitPrimes, gadgets, baseScaleBits, securityBits: security.bits });
    return writer.finish();
  }

  /** Their name in files: SHA-256 of the canonical bytes. */
  digest(): Uint8Array {
    this.#digest ??= sha256(this.canonicalBytes()); // each ciphertext's file has it
    return this.#digest.slice();
  }

  /** @throws FormatError for what are no parameters of this library */
  static take(reader: ByteReader): Parameters {
    const { levels: chain, securityBits, ...rest } = takeParameters(reader);
    const levels = chain.map(({ primes }, l) => {
      const below = l === 0 ? [] : chain[l - 1].primes;
      if (below.some((p, i) => primes[i] !== p)) throw reader.error(`has a level ${l} without all of level ${l - 1}`);
      return primes.slice(below.length);
    });
    const parameters = ofFile({ ...rest, levels, security: securityBits === 0 ? "none" : 128 });
    if (parameters.security.bits !== securityBits) throw reader.error(`says ${securityBits} bits of security`);
    for (const [l, { scale }] of chain.entries()) {
      // Two engines' powers of two may differ in their last bit; nothing else may.
      if (!(Math.abs(scale / parameters.scaleAt(l) - 1) < 2 ** -48)) throw reader.error(`has the scale ${scale}`);
    }
    return parameters;
  }

  /** One line: degree, moduli, digits, what level 0 holds, security. */
  describe(): string {
    const { bits, logQP } = this.security;
    const guard = bits > 0 ? `${bits}-bit security` : "NO SECURITY (experiment)";
    const q = this.primesAt(this.maxLevel);
    const { special } = this.gadgetAt(this.maxLevel);
    const lower = Math.max(...this.gadgets.map((gadget) => gadget.special.length));
    const below = lower > special.length ? ` (below that up to ${lower})` : "";
    return (
      `N = 2^${this.logN}, ${this.maxLevel} levels, log2 Q = ${logProduct(q).toFixed(0)} in ${q.length} primes, ` +
      `log2 P = ${logProduct(special).toFixed(0)} in ${special.length}${below}, dnum ${this.dnum}, log2 QP = ${logQP.toFixed(1)}, ` +
      `|z| < ${this.headroomAt(0).toPrecision(3)} at level 0, ${guard}`
    );
  }
}

/** What a file's parameters are refused for is a fault of the file. */
function ofFile(literal: ParameterLiteral): Parameters {
  try {
    return Parameters.of(literal);
  } catch (cause) {
    const problem = cause instanceof BlindsightError ? cause.message : String(cause);
    throw new FormatError(`parameters that cannot be used: ${problem}`, SEND_AGAIN, { cause });
  }
}

function check(condition: boolean, message: string, fix: string): asserts condition {
  if (!condition) throw new ParameterError(message, fix);
}
