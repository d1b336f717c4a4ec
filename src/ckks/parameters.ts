import { ParameterError } from "../errors.js";
import { choosePrimes, MAX_LOG_N, MIN_LOG_N, primePool } from "../ntt/primes.js";
import { checkSecurity, maxLogQP, type Security } from "./security.js";

/** Plain data: what `Parameters.of` takes and `toJSON` gives back. */
export interface ParameterLiteral {
  readonly logN: number;
  /** Primes of Q by level, the base first: every level has one prime, or two for high precision. */
  readonly levels: readonly (readonly number[])[];
  /** Primes of P, for key switching. */
  readonly special: readonly number[];
  /** Primes in a digit of the key-switching decomposition; dnum = ⌈primes of Q / digitPrimes⌉. */
  readonly digitPrimes: number;
  /** log2 of the scale at level 0; values z there need |z|·2^baseScaleBits < q_0/2. */
  readonly baseScaleBits: number;
  /** 128 refuses what the security table does not allow. "none" is for experiments and is printed everywhere. */
  readonly security?: 128 | "none";
}

export interface ParameterRequest {
  /** Multiplications in a row. */
  readonly depth: number;
  /** Values in a ciphertext: a power of two; more than asked for if security needs a larger ring. Default: all there are. */
  readonly slots?: number;
  /** "standard": one prime a level, about 17 bits after the point. "high": two primes, about 40. */
  readonly precision?: "standard" | "high";
  /** Number of digits in key switching; chosen by cost if absent. */
  readonly dnum?: number;
  /** log2 of the scale at level 0: default 24 with one prime in the base, 30 with two, 54 with high precision. */
  readonly baseScaleBits?: number;
  /**
   * Two primes in the base instead of one: a level 0 that holds |z| < 2^27 instead of 32, for 28 bits of Q.
   * For results whose range nobody knows. High precision always has two.
   */
  readonly wideBase?: boolean;
  /**
   * Whether the primes may be as small as 2^29 where key switching then needs a digit less: products and rotations take
   * a sixth less time, and lose 1 to 1.6 bits of precision (depth 9 at N = 2^14). Default true.
   */
  readonly smallerPrimes?: boolean;
}

/** Each prime of a wide base: a bit less than the others', which every ciphertext saves twice in each slot's bytes. */
const WIDE_BASE_BITS = 29;
/** Size of a level's primes, and how many bits P exceeds the largest digit by: with less a rotation loses precision. */
const FULL = { primeBits: 30, marginBits: 6 };
/** What `smallerPrimes` allows, where it saves this share. */
const SMALL = { primeBits: 29.05, marginBits: 2 };
const LEAST_SAVING = 0.1;
/** The conversion kernel's fraction words ⌊2^56/q⌋ need q > 2^24. */
const SMALLEST_PRIME = 2 ** 24;

/** Checked, immutable parameters of one instance of RNS-CKKS. */
export class Parameters {
  readonly logN: number;
  /** N/2: values in a full ciphertext. */
  readonly slots: number;
  readonly levels: readonly (readonly number[])[];
  readonly special: readonly number[];
  readonly digitPrimes: number;
  readonly security: Security;
  /** Equal for parameters that compute alike: all of the content but what is said about security. */
  readonly identity: string;
  private readonly literal: ParameterLiteral;
  private readonly scales: readonly number[];

  private constructor(literal: ParameterLiteral) {
    const { logN, levels, special, digitPrimes, baseScaleBits, security = 128 } = literal;
    check(
      Number.isInteger(logN) && logN >= MIN_LOG_N && logN <= MAX_LOG_N,
      `logN ${logN} is not one of 10..16`,
      "use 12 to 16",
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
    check(
      Number.isInteger(digitPrimes) && digitPrimes >= 1,
      `digitPrimes ${digitPrimes} is not a positive integer`,
      "use 1 or more",
    );
    const digitBits = Math.max(...chunks(levels.flat(), digitPrimes).map(logProduct));
    check(
      logProduct(special) >= digitBits,
      `P has ${logProduct(special).toFixed(1)} bits, a digit ${digitBits.toFixed(1)}: key switching would drown in noise`,
      "add special primes or make the digits smaller",
    );
    const baseBits = logProduct(levels[0]);
    check(
      baseScaleBits >= 10 && baseScaleBits <= baseBits - 2,
      `a base scale of 2^${baseScaleBits} does not fit a base of ${baseBits.toFixed(1)} bits`,
      "leave at least two bits of headroom",
    );
    this.logN = logN;
    this.slots = 2 ** (logN - 1);
    this.levels = Object.freeze(levels.map((level) => Object.freeze([...level])));
    this.special = Object.freeze([...special]);
    this.digitPrimes = digitPrimes;
    this.security = Object.freeze(checkSecurity(logN, logProduct(all), security));
    this.literal = Object.freeze({
      logN,
      levels: this.levels,
      special: this.special,
      digitPrimes,
      baseScaleBits,
      security,
    });
    this.identity = JSON.stringify([logN, this.levels, this.special, digitPrimes, baseScaleBits]);
    // The canonical scale of each level: a product at level l, divided by its primes, lands on the scale of level l − 1.
    const scales = [2 ** baseScaleBits];
    for (let l = 1; l < levels.length; l++)
      scales.push(Math.sqrt(scales[l - 1] * levels[l].reduce((a, b) => a * b, 1)));
    this.scales = Object.freeze(scales);
    Object.freeze(this);
  }

  /** Parameters chosen by hand, checked. @throws ParameterError, SecurityError */
  static of(literal: ParameterLiteral): Parameters {
    return new Parameters(literal);
  }

  /**
   * The smallest ring at 128 bits that computes `depth` products in a row, with the cheapest key switching that fits.
   * @throws ParameterError when no N up to 2^16 holds them.
   */
  static choose(request: ParameterRequest): Parameters {
    const { depth, slots = 1, precision = "standard" } = request;
    if (!Number.isInteger(depth) || depth < 0) throw new RangeError(`depth ${depth} is not a whole number`);
    if (!(Number.isInteger(Math.log2(slots)) && slots >= 1))
      throw new RangeError(`slots ${slots} is not a power of two`);
    const width = precision === "high" ? 2 : 1;
    const base = request.wideBase ? 2 : width;
    const count = base + depth * width;
    const baseScaleBits = request.baseScaleBits ?? (precision === "high" ? 54 : base === 2 ? 30 : 24);
    const sizes = precision === "standard" && (request.smallerPrimes ?? true) ? [FULL, SMALL] : [FULL];
    for (let logN = Math.max(12, Math.log2(slots) + 1); logN <= MAX_LOG_N; logN++) {
      const candidates = sizes
        .flatMap((size) => {
          const wide = request.wideBase ? choosePrimes(2, WIDE_BASE_BITS) : [];
          const primes = [...wide, ...choosePrimes(count - wide.length, size.primeBits, wide)];
          return digitSizes(count, request.dnum).map((digitPrimes) => {
            const special = chooseSpecial(primes, digitPrimes, size.marginBits);
            const cost = switchingCost(count, { digitPrimes, special }) / (size === SMALL ? 1 - LEAST_SAVING : 1);
            return { primes, digitPrimes, special, cost };
          });
        })
        .filter(({ primes, special }) => logProduct([...primes, ...special]) < maxLogQP(logN))
        .sort((a, b) => a.cost - b.cost);
      if (candidates.length === 0) continue;
      const [{ primes, digitPrimes, special }] = candidates;
      const levels = [primes.slice(0, base), ...chunks(primes.slice(base), width)];
      return new Parameters({ logN, levels, baseScaleBits, digitPrimes, special });
    }
    throw new ParameterError(
      `no ring up to N = 2^${MAX_LOG_N} holds depth ${depth} with ${slots} slots at 128 bits`,
      "reduce the depth or the slots, or use standard precision",
    );
  }

  /** Highest level: products that a fresh ciphertext allows in a row. */
  get maxLevel(): number {
    return this.levels.length - 1;
  }

  get dnum(): number {
    return Math.ceil(this.primesAt(this.maxLevel).length / this.digitPrimes);
  }

  /** Primes of Q at a level, q_0 first. */
  primesAt(level: number): readonly number[] {
    if (!(Number.isInteger(level) && level >= 0 && level < this.levels.length)) {
      throw new RangeError(`level ${level} is outside 0..${this.levels.length - 1}`);
    }
    return this.levels.slice(0, level + 1).flat();
  }

  /** The canonical scale of a level: what one unit of a slot value is multiplied by. */
  scaleAt(level: number): number {
    if (!(level in this.scales)) throw new RangeError(`level ${level} is outside 0..${this.maxLevel}`);
    return this.scales[level];
  }

  /** Largest |z| that a slot may hold at a level before it wraps around Q. */
  headroomAt(level: number): number {
    return 2 ** (logProduct(this.primesAt(level)) - 1) / this.scaleAt(level);
  }

  toJSON(): ParameterLiteral {
    return this.literal;
  }

  /** One line: degree, moduli, digits, security. */
  describe(): string {
    const { bits, logQP } = this.security;
    const guard = bits > 0 ? `${bits}-bit security` : "NO SECURITY (experiment)";
    const q = this.primesAt(this.maxLevel);
    return (
      `N = 2^${this.logN}, ${this.maxLevel} levels, log2 Q = ${logProduct(q).toFixed(0)} in ${q.length} primes, ` +
      `log2 P = ${logProduct(this.special).toFixed(0)} in ${this.special.length}, dnum ${this.dnum}, log2 QP = ${logQP.toFixed(1)}, ${guard}`
    );
  }
}

/** log2 of a product of primes. */
export function logProduct(primes: readonly number[]): number {
  return primes.reduce((bits, p) => bits + Math.log2(p), 0);
}

/** `items` in runs of `size`, the last one shorter if need be: the digits of the decomposition. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function digitSizes(count: number, dnum: number | undefined): number[] {
  if (dnum !== undefined) return [Math.ceil(count / dnum)];
  return [...new Set(Array.from({ length: count }, (_, i) => Math.ceil(count / (i + 1))))];
}

/** As few primes as hold the largest digit and the margin, each as small as that allows: bits saved are security. */
function chooseSpecial(primes: readonly number[], digitPrimes: number, marginBits: number): number[] {
  const bits = Math.max(...chunks(primes, digitPrimes).map(logProduct)) + marginBits;
  const count = Math.ceil(bits / 29.8);
  for (let each = Math.ceil((10 * bits) / count) / 10; each <= 30; each += 0.1) {
    const special = choosePrimes(count, Math.max(each, 25), primes);
    if (logProduct(special) >= bits) return special;
  }
  return choosePrimes(count + 1, 30, primes);
}

/** NTTs of one key switch, and its inner products at about 0.4 NTT a limb and key half. */
function switchingCost(primes: number, { digitPrimes, special }: { digitPrimes: number; special: number[] }): number {
  const dnum = Math.ceil(primes / digitPrimes);
  return dnum * (primes + special.length) * 1.4 + 2 * special.length + 2 * primes;
}

function check(condition: boolean, message: string, fix: string): asserts condition {
  if (!condition) throw new ParameterError(message, fix);
}
