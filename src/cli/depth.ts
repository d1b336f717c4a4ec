import { depthTable, type FoldOptions } from "../nn/index.js";
import { loadModel } from "./models.js";
import { openTerminal } from "./terminal.js";

export interface DepthOptions {
  readonly model: string;
  readonly json?: boolean;
}

const folds: readonly (readonly [keyof FoldOptions, string])[] = [
  ["batchNorm", "batch norm"],
  ["square", "square"],
  ["pooling", "pooling"],
  ["linear", "linear"],
];

/** `blindsight depth`: the levels that a network takes with each of the four folds on and off. */
export async function depth(options: DepthOptions): Promise<void> {
  const terminal = openTerminal(options);
  const { network, name } = await loadModel(options.model, terminal);
  const table = depthTable(network);
  const deepest = Math.max(...table.map((entry) => entry.depth));
  const shallowest = Math.min(...table.map((entry) => entry.depth));
  if (terminal.json) {
    const rows = table.map((entry) => ({ ...entry.options, depth: entry.depth }));
    return terminal.object({ model: name, withoutFolding: deepest, folded: shallowest, table: rows });
  }
  terminal.say(`\nLevels of ${network.card.name} with each fold on (×) and off\n`);
  terminal.say(`  ${folds.map(([, title]) => title.padEnd(12)).join("")}levels`);
  for (const entry of table) {
    const marks = folds.map(([key]) => (entry.options[key] ? "×" : "·").padEnd(12)).join("");
    terminal.say(`  ${marks}${String(entry.depth).padStart(6)}`);
  }
  terminal.say(`\n  ${deepest} → ${shallowest}`);
}
