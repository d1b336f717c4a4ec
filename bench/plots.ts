import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./failure.js";
import type { BenchRecord, Row } from "./record.js";
import { drawFigure, type Panel, type Series } from "./svg.js";

const NAMES = { againstN: "cost-against-n.svg", againstLevel: "cost-against-level.svg" };

/**
 * Writes the plots that a record has rows for, and says which.
 * @throws BenchError when it has none, or when the folder cannot be written to.
 */
export function writePlots(record: BenchRecord, folder: string): string[] {
  const plots = plotsOf(record);
  if (plots.size === 0) {
    throw new BenchError("there is nothing to plot", "run primitives at two N or more, or with --levels");
  }
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, svg] of plots) writeFileSync(join(folder, name), svg);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new BenchError(`${folder} cannot be written to (${code})`, "name another folder", { cause });
  }
  return [...plots.keys()].map((name) => join(folder, name));
}

/** SVG documents by file name. */
export function plotsOf(record: BenchRecord): Map<string, string> {
  const plots = new Map<string, string>();
  const y = { label: "ms, minimum", base: 10 } as const;
  const primitives = record.rows.filter(({ group, ours }) => group === "primitive" && ours);
  if (new Set(primitives.map(({ logN }) => logN)).size > 1) {
    const panels = panelsOf(primitives, (row) => [2 ** row.logN, 2 ** row.logN]);
    const title = "Cost of each primitive against N, at the log2 Q that each N is benched with";
    plots.set(NAMES.againstN, drawFigure({ title, x: { label: "N", base: 2 }, y, panels, columns: 3 }));
  }
  const levels = record.rows.filter(({ group, ours }) => group === "level" && ours);
  if (levels.length > 0) {
    const panels = panelsOf(levels, ({ ours, peer }) => [ours!.subject.logQ!, peer?.subject.logQ ?? 0]);
    const title = "Cost against level: each of ours a point, from level 1 up";
    const x = { label: "log2 Q of the operands' level" };
    plots.set(NAMES.againstLevel, drawFigure({ title, x, y, panels, columns: 2 }));
  }
  return plots;
}

/** A panel for each name and, where there are several in a level plot, each N. */
function panelsOf(rows: readonly Row[], x: (row: Row) => readonly [ours: number, peer: number]): Panel[] {
  const ringed = rows[0].group === "level" && new Set(rows.map(({ logN }) => logN)).size > 1;
  const titleOf = (row: Row) => (ringed ? `${row.name}, N = 2^${row.logN}` : row.name);
  const titles = [...new Set(rows.map(titleOf))];
  return titles.map((title) => {
    const own = rows.filter((row) => titleOf(row) === title);
    return { title, series: seriesOf(own, x) };
  });
}

/** Ours once for each number of threads, the peer once. */
function seriesOf(rows: readonly Row[], x: (row: Row) => readonly [ours: number, peer: number]): Series[] {
  const threads = [...new Set(rows.map((row) => row.threads))];
  const ours = threads.map((count) => ({
    label: `blindsight, ${count} thread${count > 1 ? "s" : ""}`,
    points: rows.filter((row) => row.threads === count).map((row) => [x(row)[0], row.ours!.minimumMs] as const),
  }));
  const withPeer = rows.filter(({ peer, threads: count }) => peer && count === threads[0]);
  if (withPeer.length === 0) return ours;
  const points = withPeer.map((row) => [x(row)[1], row.peer!.minimumMs] as const);
  return [...ours, { label: `${withPeer[0].peer!.subject.label}, 1 thread`, points }];
}
