import { ParameterError } from "../errors.js";
import { choosePrimes, MAX_LOG_N } from "../ntt/primes.js";
import { chunks, logProduct } from "./primelist.js";
import { maxLogQP } from "./security.js";

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
   * Two primes in the base instead of one, for 28 bits of Q: a level 0 that holds |z| < 2^27 instead of 32 (16.5 with
   * smaller primes; `headroomAt(0)` says it). For results whose range nobody knows. High precision always has two.
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
/** More primes than this no ring holds; the pool has them and as many special ones. */
const MOST_PRIMES = Math.floor(maxLogQP(MAX_LOG_N) / SMALL.primeBits);

interface Found {
  readonly logN: number;
  readonly levels: readonly (readonly number[])[];
  readonly special: readonly number[];
  readonly digitPrimes: number;
  readonly baseScaleBits: number;
}

/** The smallest ring at 128 bits that computes `depth` products in a row, with the cheapest key switching that fits. */
export function searchParameters(request: ParameterRequest): Found {
  const { depth, slots = 1, precision = "standard", dnum = 1 } = request;
  if (!Number.isInteger(depth) || depth < 0) throw new RangeError(`depth ${depth} is not a whole number`);
  if (!(Number.isInteger(Math.log2(slots)) && slots >= 1)) throw new RangeError(`slots ${slots} is not a power of two`);
  if (!Number.isInteger(dnum) || dnum < 1) throw new RangeError(`dnum ${dnum} is not a positive integer`);
  if (precision !== "standard" && precision !== "high") {
    throw new TypeError(`precision ${precision} is neither "standard" nor "high"`);
  }
  const found = search(request, depth);
  if (found) return found;
  const deepest = deepestBelow(request, depth);
  throw new ParameterError(
    `no ring up to N = 2^${MAX_LOG_N} holds depth ${depth} with ${slots} slots at 128 bits`,
    deepest === undefined
      ? `take ${2 ** (MAX_LOG_N - 1)} slots or fewer`
      : `take a depth of ${deepest} or less, which is the deepest that fits; high precision and a fixed dnum make it less`,
  );
}

/** What is possible instead of `depth`, by bisection: a shallower request never needs more. */
function deepestBelow(request: ParameterRequest, depth: number): number | undefined {
  if (!search(request, 0)) return undefined;
  let possible = 0;
  let impossible = Math.min(depth, MOST_PRIMES + 1);
  while (impossible - possible > 1) {
    const middle = (possible + impossible) >> 1;
    if (search(request, middle)) possible = middle;
    else impossible = middle;
  }
  return possible;
}

function search(request: ParameterRequest, depth: number): Found | undefined {
  const { slots = 1, precision = "standard" } = request;
  const width = precision === "high" ? 2 : 1;
  const base = request.wideBase ? 2 : width;
  const count = base + depth * width;
  if (count > MOST_PRIMES) return undefined;
  const baseScaleBits = request.baseScaleBits ?? (precision === "high" ? 54 : base === 2 ? 30 : 24);
  const sizes = precision === "standard" && (request.smallerPrimes ?? true) ? [FULL, SMALL] : [FULL];
  const candidates = sizes
    .flatMap((size) => {
      const wide = request.wideBase ? choosePrimes(2, WIDE_BASE_BITS) : [];
      const primes = [...wide, ...choosePrimes(count - wide.length, size.primeBits, wide)];
      return digitSizes(count, request.dnum).map((digitPrimes) => {
        const special = chooseSpecial(primes, digitPrimes, size.marginBits);
        const cost = switchingCost(count, { digitPrimes, special }) / (size === SMALL ? 1 - LEAST_SAVING : 1);
        return { primes, digitPrimes, special, cost, logQP: logProduct([...primes, ...special]) };
      });
    })
    .sort((a, b) => a.cost - b.cost);
  for (let logN = Math.max(12, Math.log2(slots) + 1); logN <= MAX_LOG_N; logN++) {
    const fitting = candidates.find(({ logQP }) => logQP < maxLogQP(logN));
    if (!fitting) continue;
    const { primes, digitPrimes, special } = fitting;
    const levels = [primes.slice(0, base), ...chunks(primes.slice(base), width)];
    return { logN, levels, baseScaleBits, digitPrimes, special };
  }
  return undefined;
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
