import { describePicture, LEAST_SIDE, NUMBERS, PARTS } from "./description.js";
import { nativeExtents, type Upsampled } from "./enlarge.js";

/**
 * What a network's training pictures look like, for telling a picture of another kind: mean and spread of a description of 54
 * numbers (`describePicture`: a rough map of brightness, grey values, fine detail, symmetry), and a matrix that takes their
 * correlations away. Fitted by `training/kind.py` on the training split. 5.5 kB of JSON.
 */
export interface PictureKind {
  /** Of the description: 1. */
  readonly version: 1;
  /** Of each number of the description over the training pictures: 54. */
  readonly mean: readonly number[];
  /** Likewise the standard deviation: 54, each above 0. */
  readonly deviation: readonly number[];
  /** What each row of the matrix is multiplied with: 54, each above 0. */
  readonly scales: readonly number[];
  /** The matrix, lower triangle, row after row: 54·55/2 integers from −127 to 127. */
  readonly rows: readonly number[];
  /** A picture whose score is above it is of another kind. */
  readonly threshold: number;
}

/** Entries of the lower triangle. */
export const TRIANGLE = (NUMBERS * (NUMBERS + 1)) / 2;
/** Beyond these no sum of squares would stay finite, or mean anything. */
const MOST = 1e6;
const LEAST = 1e-6;

/** Lists of a `PictureKind`: how long each is, and what its entries are. */
const LISTS = {
  mean: [NUMBERS, "numbers from −10^6 to 10^6", (value: number) => Math.abs(value) <= MOST],
  deviation: [NUMBERS, "numbers from 10^−6 to 10^6", isPositive],
  scales: [NUMBERS, "numbers from 10^−6 to 10^6", isPositive],
  rows: [TRIANGLE, "integers from −127 to 127", (value: number) => Number.isInteger(value) && Math.abs(value) <= 127],
} as const;

function isPositive(value: number): boolean {
  return value >= LEAST && value <= MOST;
}

/** The field of `kind` that is no `PictureKind`'s, and what it must be; undefined where all is well. Lengths are looked at first. */
export function faultOfKind(kind: unknown): readonly [field: string, wanted: string] | undefined {
  if (typeof kind !== "object" || kind === null) return ["", "an object"];
  const fields: Readonly<Record<string, unknown>> = { ...kind };
  if (fields["version"] !== 1) return ["version", "1"];
  for (const [name, [length, wanted, is]] of Object.entries(LISTS)) {
    const list = fields[name];
    const right = Array.isArray(list) && list.length === length && list.every((v) => typeof v === "number" && is(v));
    if (!right) return [name, `a list of ${length} ${wanted}`];
  }
  const { threshold } = fields;
  return typeof threshold === "number" && isPositive(threshold)
    ? undefined
    : ["threshold", "a number from 10^−6 to 10^6"];
}

/** The fields of a `PictureKind` alone. */
export function takenKind({ version, mean, deviation, scales, rows, threshold }: PictureKind): PictureKind {
  return { version, mean, deviation, scales, rows, threshold };
}

/** How far a picture is from the training pictures, and by which of its traits most. */
export interface KindScore {
  /** Root of the mean square of the decorrelated description, in deviations. */
  readonly score: number;
  /** Traits that are three times as far as those of training pictures are on average; the farthest first. */
  readonly traits: readonly string[];
}

/** Of a picture's grey values 0..255, row by row. Deterministic; costs 0.4 ms at 28×28. */
export function scoreOfKind(kind: PictureKind, grey: ArrayLike<number>, height: number, width: number): KindScore {
  const units = describePicture(grey, height, width).map((value, k) => (value - kind.mean[k]) / kind.deviation[k]);
  let squares = 0;
  for (let row = 0, at = 0; row < NUMBERS; row++) {
    let sum = 0;
    for (let column = 0; column <= row; column++) sum += kind.rows[at++] * units[column];
    squares += (kind.scales[row] * sum) ** 2;
  }
  return { score: Math.sqrt(squares / NUMBERS), traits: traitsOf(units) };
}

const FAR = 3;

function traitsOf(units: Float64Array): string[] {
  let at = 0;
  const distances = PARTS.map(([count, name]) => {
    const part = units.subarray(at, (at += count));
    return { name, distance: Math.sqrt(part.reduce((sum, unit) => sum + unit * unit, 0) / count) };
  });
  const far = distances.filter(({ distance }) => distance >= FAR).sort((a, b) => b.distance - a.distance);
  return far.map(({ name }) => name);
}

/** Whether pictures of these extents, before they were enlarged, can be described at all. */
export function canHaveKind(extents: readonly number[], upsampled: Upsampled | undefined): boolean {
  if (extents.length !== 3) return false;
  const [, height, width] = nativeExtents(extents, upsampled);
  return Math.min(height, width) >= LEAST_SIDE;
}
