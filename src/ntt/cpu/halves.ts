import type { ConversionRow, ConversionTarget } from "../kernels.js";
import { multiplyModulo } from "../modulus.js";

/** More sources do not fit a thread's scratch space. */
const MOST_SOURCES = 7;
const HALF = 2 ** 15;

/** Constants of a base conversion as `convertHalves` reads them, see assembly/convert-halves.ts. */
export interface HalvedConversion {
  /** What is taken from the residues of each source. */
  readonly offsets: readonly number[];
  /** For each target: what it begins with, then pairs of low and of high halves. */
  readonly targets: readonly (readonly number[])[];
}

/** By the array of a target's constants, which the scheme makes once: the same conversion comes again and again. */
const known = new WeakMap<readonly number[], Known>();

interface Known {
  readonly fractions: readonly number[];
  readonly prime: number;
  readonly quotientConstant: number;
  readonly halves: readonly number[] | undefined;
}

/** The constants in halves; undefined where a sum of halves might not fit a word. */
export function halve(row: ConversionRow): HalvedConversion | undefined {
  if (row.sources.length > MOST_SOURCES) return undefined;
  // Half of the largest residue: ⌊2^55/f⌉ is at most eight away from q/2.
  const offsets = row.fractions.map((fraction) => Math.round(2 ** 55 / fraction));
  const targets: (readonly number[])[] = [];
  for (const target of row.targets) {
    const halves = remembered(row.fractions, target, offsets);
    if (!halves) return undefined;
    targets.push(halves);
  }
  return { offsets, targets };
}

function remembered(
  fractions: readonly number[],
  target: ConversionTarget,
  offsets: readonly number[],
): readonly number[] | undefined {
  const { prime, constants, quotientConstant } = target;
  const found = known.get(constants);
  if (found?.fractions === fractions && found.prime === prime && found.quotientConstant === quotientConstant) {
    return found.halves;
  }
  const halves = halveTarget(fractions, target, offsets);
  known.set(constants, { fractions, prime, quotientConstant, halves });
  return halves;
}

function halveTarget(
  fractions: readonly number[],
  target: ConversionTarget,
  offsets: readonly number[],
): readonly number[] | undefined {
  const { prime, constants, quotientConstant } = target;
  if (prime % HALF !== 1) return undefined; // the kernel reduces by p = k·2^15 + 1
  // Residues in [0, q), less the offset.
  const largest = fractions.map((fraction, i) => Math.ceil(2 ** 56 / fraction) - offsets[i] + 1);
  const quarter = (x: number) => [0, 1].reduce((y) => (y % 2 === 0 ? y / 2 : (y + prime) / 2), x % prime);
  const centred = (x: number) => (x > prime / 2 ? x - prime : x);
  // The kernel takes 2^−30 away, and the row means 2^−32.
  const scaled = [...constants, quotientConstant].map(quarter);
  const sum = offsets.reduce((total, offset, i) => total + multiplyModulo(offset % prime, scaled[i], prime), 0);
  // The two other sums begin with 2^14·k, p = k·2^15 + 1: times 2^15 and 2^30 that is −2^14 and −2^29.
  const begin = centred((sum + 2 ** 14 + 2 ** 29) % prime);
  const words = scaled.map(centred);
  const high = words.map((word) => Math.round(word / HALF));
  const low = words.map((word, i) => word - HALF * high[i]);
  const bounds = [...largest, fractions.length];
  if (!fits(bounds, low, high, begin, prime)) return undefined;
  const result = [begin];
  for (let i = 0; i < words.length; i += 2) result.push(pair(low[i], low[i + 1]), pair(high[i], high[i + 1]));
  return result;
}

/** Whether every sum that the kernel makes stays within a word, and the result within (−2p, 2p). */
function fits(
  bounds: readonly number[],
  low: readonly number[],
  high: readonly number[],
  begin: number,
  prime: number,
): boolean {
  const xLow = bounds.map((bound) => Math.min(bound, HALF / 2));
  const xHigh = bounds.map((bound) => Math.floor((bound + HALF / 2) / HALF));
  const sum = (x: readonly number[], c: readonly number[]) =>
    x.reduce((total, bound, i) => total + bound * Math.abs(c[i]), 0);
  // A reduction and what the next sum begins with: at most half of 2^15·k, up or down.
  const reduced = (bound: number) => Math.floor(bound / HALF) + 1 + (HALF / 2) * Math.floor(prime / HALF);
  const first = sum(xLow, low) + Math.abs(begin);
  const second = reduced(first) + sum(xLow, high) + sum(xHigh, low);
  const third = reduced(second) + sum(xHigh, high);
  const word = 2 ** 31 - HALF;
  return first < word && second < word && third < 2 * prime && [...xHigh, ...high.map(Math.abs)].every((x) => x < HALF);
}

/** Two signed halves in one word. */
function pair(low: number, high = 0): number {
  return ((low & 0xffff) | (high << 16)) >>> 0;
}
