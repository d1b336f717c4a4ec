import { fork } from "node:child_process";
import { join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { seed } from "../../seed.js";
import type { Report } from "./child.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Five hundred inputs take a second; two minutes without a word are a hang. */
const SILENCE_MS = 120_000;
/** Objects and strings of the child, in MiB: V8 ends it beyond. */
const HEAP = 256;

/** Bundles a child, which runs outside of vitest: in a process that may die. `name` keeps test files apart. */
export async function buildChild(name: string, entry = "test/data/fuzz/child.ts"): Promise<string> {
  const outDir = join(root, "build", "fuzz", name);
  await build({
    root,
    configFile: false,
    logLevel: "error",
    resolve: { alias: { "#host": join(root, "src/host/node.ts") } },
    build: { ssr: join(root, entry), outDir, emptyOutDir: true, target: "node20" },
  });
  return join(outDir, `${parse(entry).name}.js`);
}

/**
 * Feeds `count` damaged inputs to a reader, in a process of its own with a heap of 256 MiB.
 * @throws Error where that process dies or says nothing for two minutes, with the input to look at.
 */
export function fuzz(child: string, target: string, count: number, first = 0): Promise<Report> {
  return new Promise((resolve, reject) => {
    let last = first;
    const replay = () => `BLINDSIGHT_SEED=${seed}: ${target}, in the 500 inputs from ${last} on`;
    const env = { ...process.env, BLINDSIGHT_SEED: String(seed) };
    const execArgv = [`--max-old-space-size=${HEAP}`];
    const process_ = fork(child, [target, String(count), String(first)], { cwd: root, env, execArgv });
    const timer = setTimeout(() => {
      process_.kill("SIGKILL");
      reject(new Error(`a hang: ${replay()}`));
    }, SILENCE_MS);
    process_.on("message", (message: { index: number } | { report: Report }) => {
      timer.refresh();
      if ("report" in message) resolve(message.report);
      else last = message.index;
    });
    process_.on("exit", (code, signal) => {
      clearTimeout(timer);
      // After a report this changes nothing.
      reject(new Error(`the process ended (${code ?? signal}): ${replay()}`));
    });
  });
}
