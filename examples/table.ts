// The table of three examples: UCI Breast Cancer Wisconsin (Diagnostic), by W. H. Wolberg, W. N. Street and O. L. Mangasarian,
// CC BY 4.0, https://archive.ics.uci.edu/dataset/17. 569 tumours, 30 features of their cells' nuclei, 212 malignant.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Table {
  readonly source: string;
  readonly rows: readonly (readonly number[])[];
  readonly malignant: readonly boolean[];
}

/** $BLINDSIGHT_DATA/tabular/wdbc.data (default ../shared/data); where there is none, numbers that only look like it. */
export function readTable(): Table {
  const path = join(process.env["BLINDSIGHT_DATA"] ?? "../shared/data", "tabular/wdbc.data");
  if (!existsSync(path)) return phantomTable();
  const lines = readFileSync(path, "utf8").trim().split("\n");
  const fields = lines.map((line) => line.split(",")); // id, M or B, 30 numbers
  return {
    source: "UCI WDBC",
    rows: fields.map(([, , ...numbers]) => numbers.map(Number)),
    malignant: fields.map(([, diagnosis]) => diagnosis === "M"),
  };
}

/** One hidden quantity, seen 30 times through noise. */
function phantomTable(): Table {
  let state = 1;
  const uniform = () => (state = (state * 48271) % (2 ** 31 - 1)) / 2 ** 31; // Park and Miller: the same everywhere
  const normal = () => Array.from({ length: 12 }, uniform).reduce((sum, u) => sum + u, -6);
  const hidden = Array.from({ length: 569 }, normal);
  const feature = (h: number, j: number) => (j % 10 < 4 ? 16 : 0.125) * (1 + 0.1 * h * Math.cos(j) + 0.1 * normal());
  const rows = hidden.map((h) => Array.from({ length: 30 }, (_, j) => feature(h, j)));
  return { source: "a phantom: no tabular/wdbc.data in BLINDSIGHT_DATA", rows, malignant: hidden.map((h) => h > 0.3) };
}

/** No standardised feature is larger: an outlier is cut off there. A public bound that every patient keeps. */
export const LARGEST_FEATURE = 4;

export interface Split {
  readonly rows: number[][];
  readonly malignant: boolean[];
}

/** Every third patient is held out. Features in standard deviations from the mean, both of the training set alone. */
export function splitTable({ rows, malignant }: Table): { readonly training: Split; readonly heldOut: Split } {
  const isHeldOut = (_: unknown, i: number) => i % 3 === 2;
  const isTraining = (_: unknown, i: number) => i % 3 !== 2;
  const known = rows.filter(isTraining);
  const scales = rows[0].map((_, j) => {
    const mean = known.reduce((sum, row) => sum + row[j], 0) / known.length;
    return { mean, deviation: Math.sqrt(known.reduce((sum, row) => sum + (row[j] - mean) ** 2, 0) / known.length) };
  });
  const standardise = (row: readonly number[]) =>
    row.map((value, j) => {
      const z = (value - scales[j].mean) / scales[j].deviation;
      return Math.max(-LARGEST_FEATURE, Math.min(LARGEST_FEATURE, z));
    });
  return {
    training: { rows: known.map(standardise), malignant: malignant.filter(isTraining) },
    heldOut: { rows: rows.filter(isHeldOut).map(standardise), malignant: malignant.filter(isHeldOut) },
  };
}
