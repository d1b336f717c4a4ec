import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildIfStale } from "../cli/blindsight.js";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * A folder of somebody else's with `files` in it and the packed package among its modules, as npm would lay it out: the
 * files that `npm pack` takes, and what they depend on. `extra` packages of ours are there as well.
 */
export function strangersProject(files: string, extra: readonly string[] = []): string {
  buildIfStale();
  const folder = mkdtempSync(join(tmpdir(), "blindsight-app-"));
  cpSync(files, folder, { recursive: true });
  const installed = join(folder, "node_modules/blindsight");
  mkdirSync(installed, { recursive: true });
  const arguments_ = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [{ filename }] = JSON.parse(execFileSync("npm", arguments_, { cwd: root, encoding: "utf8" }));
  execFileSync("tar", ["-xzf", join(folder, filename), "-C", installed, "--strip-components=1"]);
  const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), ...extra]) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  return folder;
}

/** What a script prints, in a process of its own that must end by itself. */
export function output(file: string, ...args: string[]): string {
  return execFileSync(process.execPath, [file, ...args], { cwd: dirname(file), encoding: "utf8", timeout: 60_000 });
}
