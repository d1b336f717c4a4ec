/**
 * Remez's exchange: the polynomial with the least largest error on an interval.
 * Source: Remez, "Sur la détermination des polynômes d'approximation de degré donnée", Comm. Soc. Math. Kharkov 10 (1934);
 * multiple exchange as in Powell, "Approximation theory and methods", Cambridge 1981, chapters 8 and 9.
 */
import { valueAt } from "./polynomial.js";

export interface RemezRequest {
  /** Degrees of the Chebyshev polynomials to combine: all, the even ones, or the odd ones. */
  readonly indices: readonly number[];
  /** The interval is [low, 1]: −1, or 0 where the indices are even or odd. */
  readonly low: -1 | 0;
}

interface Peak {
  readonly u: number;
  readonly error: number;
}

const EXCHANGES = 60;
/** Exchanges without a better polynomial: what is left is rounding. */
const STALE = 6;
/** Errors level to this share of themselves are as good as equal. */
const LEVELLED = 1e-3;
/** What doubles leave of a function of size 1. */
const ROUNDING = 2 ** -50;

/**
 * Coefficients by Chebyshev degree, and a lower bound of anybody's error: on points where the error alternates in sign, no
 * polynomial errs by less than its smallest one there (de la Vallée Poussin). Ends when both agree to 0.1 %, when
 * only rounding is left, or after 60 exchanges, or six in vain, with the best polynomial met.
 */
export function remez(
  f: (u: number) => number,
  { indices, low }: RemezRequest,
): { coefficients: number[]; leastError: number } {
  const length = (indices.at(-1) ?? 0) + 1;
  const zero = { coefficients: new Array<number>(length).fill(0), largest: Infinity };
  if (indices.length === 0) return { coefficients: zero.coefficients, leastError: 0 }; // an odd constant
  const grid = Math.max(2048, 32 * length);
  let best = zero;
  let leastError = 0;
  let size = 0;
  let reference = firstReference(indices);
  let stale = 0;
  for (let exchange = 0; exchange < EXCHANGES && stale < STALE; exchange++, stale++) {
    const { coefficients, level } = levelled(f, indices, reference);
    size = Math.max(size, ...reference.map((u) => Math.abs(f(u))));
    const error = (u: number) => valueAt(coefficients, "chebyshev", u) - f(u);
    const { largest, peaks } = largestError(error, low, grid);
    leastError = Math.max(leastError, Math.min(level, largest));
    if (largest < best.largest) [best, stale] = [{ coefficients, largest }, 0];
    if (best.largest - leastError <= LEVELLED * best.largest || best.largest <= ROUNDING * size) break;
    const next = alternating(peaks, reference.length);
    if (!next) break; // rounding has eaten the signs
    leastError = Math.max(leastError, Math.min(...next.map((peak) => Math.abs(peak.error))));
    reference = next.map(({ u }) => u);
  }
  return { coefficients: best.coefficients, leastError };
}

/** The extrema of the first Chebyshev polynomial that is left out: where an error alternates already, about. */
function firstReference(indices: readonly number[]): number[] {
  const [first] = indices;
  const step = indices.length > 1 ? indices[1] - first : first === 1 ? 2 : 1;
  const next = indices[indices.length - 1] + step;
  return Array.from({ length: indices.length + 1 }, (_, i) => Math.cos((i * Math.PI) / next));
}

/** The combination whose error on the reference is ±`level`, with alternating signs: linear equations, one a point. */
function levelled(
  f: (u: number) => number,
  indices: readonly number[],
  reference: readonly number[],
): { coefficients: number[]; level: number } {
  const rows = reference.map((u, i) => {
    const angle = Math.acos(Math.min(1, Math.max(-1, u)));
    return [...indices.map((n) => Math.cos(n * angle)), i % 2 === 0 ? 1 : -1, f(u)];
  });
  const solution = solve(rows);
  const coefficients = new Array<number>(indices[indices.length - 1] + 1).fill(0);
  for (const [i, n] of indices.entries()) coefficients[n] = solution[i];
  return { coefficients, level: Math.abs(solution[indices.length]) };
}

/** Gauss's elimination with the largest pivot of a column; each row ends with its right-hand side. */
function solve(rows: number[][]): number[] {
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) if (Math.abs(rows[i][column]) > Math.abs(rows[pivot][column])) pivot = i;
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    const top = rows[column];
    for (let i = column + 1; i < n; i++) {
      const factor = rows[i][column] / top[column];
      if (factor !== 0) for (let j = column; j <= n; j++) rows[i][j] -= factor * top[j];
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let sum = rows[i][n];
    for (let j = i + 1; j < n; j++) sum -= rows[i][j] * solution[j];
    solution[i] = sum / rows[i][i];
  }
  return solution;
}

/**
 * The largest |error| on [low, 1], and the largest of each run of one sign, from 1 down. Looks at `count` angles, dense at
 * the ends as the peaks are, and between the neighbours of each peak.
 */
export function largestError(
  error: (u: number) => number,
  low: -1 | 0,
  count: number,
): { largest: number; peaks: Peak[] } {
  const last = low === 0 ? Math.PI / 2 : Math.PI;
  const at = (angle: number): Peak => {
    const u = angle === last ? low : Math.cos(angle);
    return { u, error: error(u) };
  };
  const peaks: { angle: number; peak: Peak }[] = [];
  for (let i = 0; i <= count; i++) {
    const angle = i === count ? last : (i * last) / count;
    const peak = at(angle);
    const before = peaks.at(-1);
    if (!before || Math.sign(before.peak.error) !== Math.sign(peak.error)) peaks.push({ angle, peak });
    else if (Math.abs(peak.error) > Math.abs(before.peak.error)) peaks[peaks.length - 1] = { angle, peak };
  }
  const refined = peaks.map(({ angle, peak }) => refine(at, angle, peak, last / count, last));
  return { largest: refined.reduce((max, peak) => Math.max(max, Math.abs(peak.error)), 0), peaks: refined };
}

/** Golden-section search one step to either side; a function with a corner has its peak there, too. */
function refine(at: (angle: number) => Peak, angle: number, found: Peak, step: number, last: number): Peak {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [left, right] = [Math.max(0, angle - step), Math.min(last, angle + step)];
  let best = found;
  for (let i = 0; i < 24; i++) {
    const width = golden * (right - left);
    const [a, b] = [at(right - width), at(left + width)];
    for (const peak of [a, b]) if (Math.abs(peak.error) > Math.abs(best.error)) best = peak;
    if (Math.abs(a.error) > Math.abs(b.error)) right = left + width;
    else left = right - width;
  }
  return best;
}

/** The `count` peaks to go on with: signs alternate, and none of the smallest stays that may go. Undefined for fewer. */
function alternating(peaks: readonly Peak[], count: number): Peak[] | undefined {
  const kept = peaks.filter(({ error }) => error !== 0);
  const size = (i: number) => Math.abs(kept[i].error);
  for (let excess = kept.length - count; excess > 0; excess = kept.length - count) {
    const last = kept.length - 1;
    let smallest = size(0) < size(last) ? 0 : last;
    if (excess > 1) for (let i = 0; i <= last; i++) if (size(i) < size(smallest)) smallest = i;
    if (smallest === 0 || smallest === last) kept.splice(smallest, 1);
    // Its neighbours are of one sign: the smaller one goes, too.
    else kept.splice(size(smallest - 1) < size(smallest + 1) ? smallest - 1 : smallest, 2);
  }
  return kept.length === count ? kept : undefined;
}
