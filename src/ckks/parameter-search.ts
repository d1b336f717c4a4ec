import { ParameterError } from "../errors.js";
import { choosePrimes, MAX_LOG_N } from "../ntt/primes.js";
import { kindOf } from "./copies.js";
import { largestDigit } from "./gadgets.js";
import type { GadgetLiteral } from "./parameter-literal.js";
import { chunks, logProduct } from "./primelist.js";
import { maxLogQP } from "./security.js";
import { isPowerOfTwo } from "./slots.js";

/** What parameters are to be good for; `depth` is all that must be said. */
export interface ParameterRequest {
  /** Multiplications in a row. */
  readonly depth: number;
  /** Values in a ciphertext: a power of two; more than asked for if security needs a larger ring. Default: all there are. */
  readonly slots?: number;
  /**
   * "standard": one prime a level. "high": two. Measured bits after the point with |z| = 1 in every slot, mean and worst:
   *
   *     standard, N = 2^14   fresh 21.2, 18.8   at level 0: lowered 19.0, 15.8   after 9 products 16.1, 12.6
   *     standard, N = 2^16         20.0, 17.5               17.1, 13.6                 54         12.6, 9.2
   *     high, N = 2^15             51.2, 48.5               44.1, 40.5                  9         43.9, 40.4
   *
   * without a wide base at level 0 only 13.1, 9.7 (N = 2^14) and 10.9, 7.3 after 55 products (N = 2^16). The scale of level
   * 0 is the smallest: the rescale of a product that is to be decrypted costs two bits, four and a half without a wide base
   * or with high precision. `relinearize(tensor(x, y))` keeps them.
   */
  readonly precision?: "standard" | "high";
  /**
   * Number of digits in key switching. If absent, chosen by cost, in a ring where a key has at most 512 MiB; if given, a
   * key may be of any size.
   */
  readonly dnum?: number;
  /** log2 of the scale at level 0: default 30, with high precision 56; without a wide base 24 and 54. */
  readonly baseScaleBits?: number;
  /**
   * Default true: one prime more in the base, for 28 bits of Q, so that a result at level 0 holds |z| < 2^27, with high
   * precision 2^30. `false` is for whoever knows the range: |z| < 32 then (16.5 with smaller primes; `headroomAt(0)` says
   * it), and what lies outside comes back as another number, without an error: 36 as −28. The wide base doubles N at
   * depth 1, 4, 12 and 27, with high precision nowhere; key switching at depth 9 costs 93 units instead of 72.
   */
  readonly wideBase?: boolean;
  /**
   * Whether the primes may be as small as 2^29 where key switching then needs a digit less: products and rotations take
   * a sixth less time, and lose 1 to 1.6 bits of precision (depth 9 at N = 2^14). Default true.
   */
  readonly smallerPrimes?: boolean;
  /**
   * "same" (default): all keys have the digits and the P of the highest level. "byLevel": those that reach a lower level only have
   * what is cheapest there, where that saves a twentieth: a larger P and fewer digits, or a smaller one. For programs whose steps are at
   * known levels, with keys made for them: `evaluationKeys({ rotations: [[step, level], …] })`.
   */
  readonly gadgets?: "same" | "byLevel";
}

/** A key-switching key may take this much: relinearisation and six rotations within the 4 GiB of a device. */
const MOST_KEY_BYTES = 2 ** 29;
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
  readonly gadgets?: readonly GadgetLiteral[];
  readonly baseScaleBits: number;
}

/** The smallest ring at 128 bits that computes `depth` products in a row, with the cheapest key switching that fits. */
export function searchParameters(request: ParameterRequest): Found {
  if (typeof request !== "object" || request === null) {
    throw new TypeError(`request: { depth } was expected, not ${kindOf(request)}`);
  }
  const { depth, slots = 1, precision = "standard", dnum = 1, gadgets = "same" } = request;
  if (gadgets !== "same" && gadgets !== "byLevel") {
    throw new TypeError(`gadgets ${gadgets} is neither "same" nor "byLevel"`);
  }
  if (!Number.isInteger(depth) || depth < 0) throw new RangeError(`depth ${depth} is not 0 or a positive integer`);
  if (!isPowerOfTwo(slots)) throw new RangeError(`slots ${slots} is not a power of two`);
  if (!Number.isInteger(dnum) || dnum < 1) throw new RangeError(`dnum ${dnum} is not a positive integer`);
  for (const name of ["wideBase", "smallerPrimes"] as const) {
    const { [name]: chosen = true } = request;
    if (typeof chosen !== "boolean") throw new TypeError(`${name} ${chosen} is neither true nor false`);
  }
  if (precision !== "standard" && precision !== "high") {
    throw new TypeError(`precision ${precision} is neither "standard" nor "high"`);
  }
  const found = search(request, depth);
  if (found) return found;
  const deepest = deepestBelow(request, depth);
  const shallower = `take a depth of ${deepest} or less, which is the deepest that fits`;
  const large = search(request, depth, Infinity);
  if (large) {
    const count = large.levels.flat().length;
    const digits = Math.ceil(count / large.digitPrimes);
    const mebibytes = (keyBytes(count, large) / 2 ** 20).toFixed(0);
    throw new ParameterError(
      `depth ${depth} leaves key switching so little room that each key would take ${mebibytes} MiB`,
      `${shallower}; or write dnum: ${digits} where there is memory for such keys`,
    );
  }
  throw new ParameterError(
    `no ring up to N = 2^${MAX_LOG_N} holds depth ${depth} with ${slots} slots at 128 bits`,
    deepest === undefined
      ? `take ${2 ** (MAX_LOG_N - 1)} slots or fewer`
      : `${shallower}; high precision, a wide base and a fixed dnum make it less`,
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

function search(request: ParameterRequest, depth: number, mostKeyBytes?: number): Found | undefined {
  const { slots = 1, precision = "standard", wideBase = true, dnum } = request;
  const most = mostKeyBytes ?? (dnum === undefined ? MOST_KEY_BYTES : Infinity);
  const width = precision === "high" ? 2 : 1;
  const base = wideBase ? width + 1 : width;
  const count = base + depth * width;
  if (count > MOST_PRIMES) return undefined;
  const baseScaleBits = request.baseScaleBits ?? (precision === "high" ? (wideBase ? 56 : 54) : wideBase ? 30 : 24);
  const sizes = precision === "standard" && (request.smallerPrimes ?? true) ? [FULL, SMALL] : [FULL];
  const candidates = sizes
    .flatMap((size) => {
      const wide = wideBase ? choosePrimes(base, WIDE_BASE_BITS) : [];
      const primes = [...wide, ...choosePrimes(count - wide.length, size.primeBits, wide)];
      return digitSizes(count, dnum).map((digitPrimes) => {
        const special = chooseSpecial(primes, digitPrimes, size.marginBits);
        const cost = switchingCost(count, { digitPrimes, special }) / (size === SMALL ? 1 - LEAST_SAVING : 1);
        const { marginBits } = size;
        return { primes, digitPrimes, special, cost, marginBits, logQP: logProduct([...primes, ...special]) };
      });
    })
    .sort((a, b) => a.cost - b.cost);
  for (let logN = Math.max(12, Math.log2(slots) + 1); logN <= MAX_LOG_N; logN++) {
    const fitting = candidates.find(
      (candidate) => candidate.logQP < maxLogQP(logN) && keyBytes(count, { ...candidate, logN }) <= most,
    );
    if (!fitting) continue;
    const { primes, digitPrimes, special } = fitting;
    const levels = [primes.slice(0, base), ...chunks(primes.slice(base), width)];
    const found = { logN, levels, baseScaleBits, digitPrimes, special };
    return request.gadgets === "byLevel" ? withGadgets(found, fitting.marginBits) : found;
  }
  return undefined;
}

/** What a gadget must save of the cost of the one above to be one of its own: keys that differ cannot serve both levels. */
const LEAST_GADGET_SAVING = 0.05;

/** Each level's own gadget, from the highest down. P is the first of the special primes, and those that lower levels need more of. */
function withGadgets(found: Found, marginBits: number): Found {
  const { logN, levels, special, digitPrimes } = found;
  const all = levels.flat();
  const specials = [...special, ...choosePrimes(all.length, 30, [...all, ...special])];
  const gadgets: GadgetLiteral[] = [];
  let current: GadgetLiteral = { specialPrimes: special.length, digitPrimes };
  for (let level = levels.length - 1; level >= 0; level--) {
    const primes = levels.slice(0, level + 1).flat();
    const cost = (gadget: GadgetLiteral) =>
      switchingCost(primes.length, { ...gadget, special: specials.slice(0, gadget.specialPrimes) });
    const cheapest = digitSizes(primes.length, undefined)
      .flatMap((each): GadgetLiteral[] => {
        const bits = largestDigit(primes, each) + marginBits;
        const specialPrimes = 1 + specials.findIndex((_, k) => logProduct(specials.slice(0, k + 1)) >= bits);
        const logQP = logProduct([...primes, ...specials.slice(0, specialPrimes)]);
        return specialPrimes > 0 && logQP < maxLogQP(logN) ? [{ specialPrimes, digitPrimes: each }] : [];
      })
      .reduce((best, gadget) => (cost(gadget) < cost(best) ? gadget : best), current);
    const highest = level === levels.length - 1;
    if (!highest && cost(cheapest) < (1 - LEAST_GADGET_SAVING) * cost(current)) current = cheapest;
    gadgets[level] = current;
  }
  const most = Math.max(...gadgets.map(({ specialPrimes }) => specialPrimes));
  return { ...found, special: specials.slice(0, most), gadgets };
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

/** Bytes of one key in a device's memory: two halves of dnum digits, over the primes of Q and P. */
function keyBytes(
  primes: number,
  { logN, digitPrimes, special }: Pick<Found, "logN" | "digitPrimes" | "special">,
): number {
  return 2 * Math.ceil(primes / digitPrimes) * (primes + special.length) * 4 * 2 ** logN;
}
