import { shares } from "./resample.js";

/** Parts of a description, in their order: how many numbers each has, and what people call it. */
export const PARTS: readonly (readonly [count: number, name: string])[] = [
  [25, "where it is bright and where dark"],
  [7, "its grey values"],
  [7, "its fine detail"],
  [8, "the steps between its neighbouring pixels"],
  [3, "its symmetry"],
  [4, "its stripes"],
];

/** Numbers of a description: the sum of the counts. */
export const NUMBERS = 54;

/** Rows, and columns, that a picture must have at least. */
export const LEAST_SIDE = 8;

const GRID = 5;
const GREYS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99];
const STEPS = [0.25, 0.5, 0.75, 0.95];
/** Keep logarithms finite: about a grey value, and less of energies. */
const STEP_FLOOR = 0.004;
const ENERGY_FLOOR = 0.003;
const VARIANCE_FLOOR = 1e-4;

/**
 * A picture in 54 numbers, from its grey values 0..255, row by row. With p = grey value / 255: means of p over 5×5 areas; seven
 * quantiles of p; logarithms of the root mean square of differences (to the right, down, their differences in turn, diagonally,
 * two to the right, two down); logarithms of four quantiles of |differences| to the right, and four down; correlations with the
 * picture mirrored, upside down, and both; the energies of the first and second differences of the means of rows, and of columns.
 * `training/kind.py` computes the same.
 */
export function describePicture(grey: ArrayLike<number>, height: number, width: number): Float64Array {
  const p = Float64Array.from({ length: height * width }, (_, k) => grey[k] / 255);
  const right = difference(p, height, width, 0, 1);
  const down = difference(p, height, width, 1, 0);
  const rows = Float64Array.from({ length: height }, (_, y) => mean(p.subarray(y * width, (y + 1) * width)));
  const columns = Float64Array.from({ length: width }, (_, x) => {
    return mean(Float64Array.from({ length: height }, (_, y) => p[y * width + x]));
  });
  const next = (line: Float64Array) => difference(line, 1, line.length, 0, 1);
  const detail = [
    right,
    down,
    difference(right, height, width - 1, 0, 1),
    difference(down, height - 1, width, 1, 0),
    difference(right, height, width - 1, 1, 0),
    difference(p, height, width, 0, 2),
    difference(p, height, width, 2, 0),
  ];
  const profiles = [next(rows), next(columns), next(next(rows)), next(next(columns))];
  return Float64Array.from([
    ...areaMeans(p, height, width),
    ...quantiles(p, GREYS),
    ...detail.map(energy),
    ...[right, down].flatMap((steps) => quantiles(steps.map(Math.abs), STEPS).map((q) => Math.log(q + STEP_FLOOR))),
    ...symmetry(p, height, width),
    ...profiles.map(energy),
  ]);
}

/** p(y + rows, x + columns) − p(y, x), wherever both are. */
function difference(p: Float64Array, height: number, width: number, rows: number, columns: number): Float64Array {
  const [high, wide] = [height - rows, width - columns];
  const result = new Float64Array(high * wide);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) result[y * wide + x] = p[(y + rows) * width + x + columns] - p[y * width + x];
  }
  return result;
}

function areaMeans(p: Float64Array, height: number, width: number): Float64Array {
  const [down, across] = [shares(height, GRID), shares(width, GRID)];
  const result = new Float64Array(GRID * GRID);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const row of down[y]) {
        for (const column of across[x]) {
          result[row.target * GRID + column.target] += row.weight * column.weight * p[y * width + x];
        }
      }
    }
  }
  return result;
}

function quantiles(values: Float64Array, at: readonly number[]): number[] {
  const sorted = values.slice().sort();
  return at.map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
}

function energy(values: Float64Array): number {
  return Math.log(Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length) + ENERGY_FLOOR);
}

function symmetry(p: Float64Array, height: number, width: number): number[] {
  const middle = mean(p);
  const sums = [0, 0, 0];
  let squares = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const here = p[y * width + x] - middle;
      const [below, beside] = [height - 1 - y, width - 1 - x];
      squares += here * here;
      sums[0] += here * (p[y * width + beside] - middle);
      sums[1] += here * (p[below * width + x] - middle);
      sums[2] += here * (p[below * width + beside] - middle);
    }
  }
  const variance = squares / p.length + VARIANCE_FLOOR;
  return sums.map((sum) => sum / p.length / variance);
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
