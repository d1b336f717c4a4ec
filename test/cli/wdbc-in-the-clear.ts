/** The table of the examples and what they compute of it, by other algorithms and in doubles: what they print is held to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Matrix = readonly (readonly number[])[];

/** @param folder what BLINDSIGHT_DATA names */
export function wdbc(folder: string): { rows: Matrix; labels: readonly number[] } {
  const text = readFileSync(join(folder, "tabular/wdbc.data"), "utf8");
  const records = [...text.matchAll(/^\d+,([MB]),(.*)$/gm)];
  return {
    rows: records.map(([, , numbers]) => numbers.split(",").map(Number)),
    labels: records.map(([, label]) => (label === "M" ? 1 : 0)),
  };
}

export function moments(xs: readonly number[], ys: readonly number[] = xs) {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, i) => sum + (x - mx) * (ys[i] - my), 0) / (xs.length - 1);
  return { mean: mx, covariance };
}

export interface Patients {
  readonly rows: Matrix;
  readonly labels: readonly number[];
}

/** Every third is held out; features in deviations of the others, none beyond ±4. */
export function split({ rows, labels }: Patients): { training: Patients; heldOut: Patients } {
  const pick = <T>(list: readonly T[], held: boolean) => list.filter((_, i) => (i % 3 === 2) === held);
  const columns = rows[0].map((_, j) => {
    const known = pick(rows, false).map((row) => row[j]);
    const { mean, covariance } = moments(known);
    return { mean, deviation: Math.sqrt((covariance * (known.length - 1)) / known.length) };
  });
  const scaled = rows.map((row) =>
    row.map((x, j) => Math.min(4, Math.max(-4, (x - columns[j].mean) / columns[j].deviation))),
  );
  const part = (held: boolean) => ({ rows: pick(scaled, held), labels: pick(labels, held) });
  return { training: part(false), heldOut: part(true) };
}

/** Newton's method, weights last the bias: the minimum of the mean log loss + λ/2·|w|². */
export function logisticRegression({ rows, labels }: Patients, lambda: number): (row: readonly number[]) => number {
  const size = rows[0].length + 1;
  const inputs = rows.map((row) => [...row, 1]);
  const weights = new Array<number>(size).fill(0);
  const predict = (input: readonly number[]) => 1 / (1 + Math.exp(-input.reduce((z, x, j) => z + x * weights[j], 0)));
  for (let step = 0; step < 20; step++) {
    const gradient = weights.map((w, j) => (j < size - 1 ? lambda * w : 0));
    const hessian = weights.map((_, j) => weights.map((_, k) => (j === k && j < size - 1 ? lambda : 0)));
    for (const [i, input] of inputs.entries()) {
      const p = predict(input);
      for (let j = 0; j < size; j++) {
        gradient[j] += ((p - labels[i]) * input[j]) / rows.length;
        for (let k = 0; k < size; k++) hessian[j][k] += (p * (1 - p) * input[j] * input[k]) / rows.length;
      }
    }
    solve(hessian, gradient).forEach((change, j) => void (weights[j] -= change));
  }
  return (row) => predict([...row, 1]);
}

/** Gaussian elimination of a positive definite system. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const system = matrix.map((row, i) => [...row, right[i]]);
  for (const [i, pivot] of system.entries()) {
    for (const [k, row] of system.entries()) {
      if (k === i) continue;
      const factor = row[i] / pivot[i];
      for (let j = i; j < row.length; j++) row[j] -= factor * pivot[j];
    }
  }
  return system.map((row, i) => row[row.length - 1] / row[i]);
}

/** Nesterov's projected gradient on the dual of a support vector machine, 0 ≤ α ≤ C, without a bias. */
export function supportVectors(
  { rows, labels }: Patients,
  kernel: (a: readonly number[], b: readonly number[]) => number,
  C: number,
): (row: readonly number[]) => number {
  const signs = labels.map((label) => 2 * label - 1);
  const gram = rows.map((a, i) => rows.map((b, j) => signs[i] * signs[j] * kernel(a, b)));
  const step = 1 / Math.max(...gram.map((row) => row.reduce((sum, x) => sum + Math.abs(x), 0)));
  let alphas = rows.map(() => 0);
  let ahead = alphas;
  for (let t = 1; t <= 2500; t++) {
    const next = ahead.map((alpha, i) => {
      let slope = -1;
      for (let j = 0; j < ahead.length; j++) slope += gram[i][j] * ahead[j];
      return Math.min(C, Math.max(0, alpha - step * slope));
    });
    const before = alphas;
    ahead = next.map((alpha, i) => alpha + ((t - 1) / (t + 2)) * (alpha - before[i]));
    alphas = next;
  }
  return (row) => rows.reduce((sum, a, i) => sum + alphas[i] * signs[i] * kernel(a, row), 0);
}
