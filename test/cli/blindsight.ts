import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The command's file. */
export const command = join(root, "dist/cli/main.js");

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process, in `folder`, without data of the machine's own and without a network. */
export function blindsight(args: readonly string[], folder: string, env: Record<string, string> = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      XDG_CACHE_HOME: folder,
      LOCALAPPDATA: folder,
      // Nobody listens there.
      BLINDSIGHT_DATA_URL: "http://127.0.0.1:9",
      ...env,
    },
  });
  return { status, stdout, stderr };
}

/** Builds dist/ when it is missing or older than a source. */
export function buildIfStale(): void {
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true });
  const newest = Math.max(
    ...sources.filter((entry) => entry.isFile()).map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
  if (existsSync(command) && statSync(command).mtimeMs > newest) return;
  const options = { cwd: root, stdio: "inherit" } as const;
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], options);
  execFileSync(process.execPath, ["scripts/build-page.mjs"], options);
}
