// The table that three examples read: UCI's Breast Cancer Wisconsin (Diagnostic), CC BY 4.0, 569 patients, 30 features.
// https://archive.ics.uci.edu/dataset/17, its file wdbc.data.
import { readFileSync } from "node:fs";

export interface Patient {
  readonly malignant: boolean;
  readonly features: readonly number[];
}

export function readTable(path: string | undefined): Patient[] {
  if (!path) throw new Error("name the file wdbc.data: node build/examples/NAME.js wdbc.data");
  const rows = readFileSync(path, "utf8").trim().split("\n");
  return rows.map((row) => {
    const [, diagnosis, ...features] = row.split(",");
    return { malignant: diagnosis === "M", features: features.map(Number) };
  });
}

/** Four of five to train with, in units of their mean and deviation, at most 3 of them, and the fifth to test with. */
export function split(table: readonly Patient[]): { train: Patient[]; test: Patient[] } {
  const [train, test] = [0, 1].map((part) => table.filter((_, i) => Number(i % 5 === 0) === part));
  const units = train[0].features.map((_, j) => {
    const column = train.map(({ features }) => features[j]);
    const mean = column.reduce((a, b) => a + b) / column.length;
    return { mean, deviation: Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / column.length) };
  });
  const scaled = ({ malignant, features }: Patient): Patient => {
    const inUnits = features.map((x, j) => (x - units[j].mean) / units[j].deviation);
    return { malignant, features: inUnits.map((x) => Math.max(-3, Math.min(3, x))) };
  };
  return { train: train.map(scaled), test: test.map(scaled) };
}
