/** Processes that do nothing but compute, beside what is measured: what a laptop or a shared server is like. */
import { type ChildProcess, spawn } from "node:child_process";

/** Runs `work` beside so many of them; they end with it, and with this process. */
export async function beside<T>(count: number, work: () => Promise<T>): Promise<T> {
  const processes = Array.from({ length: count }, () =>
    spawn(process.execPath, ["-e", LOOP], { stdio: ["pipe", "pipe", "inherit"] }),
  );
  try {
    await Promise.all(processes.map(started));
    return await work();
  } finally {
    for (const each of processes) each.kill("SIGKILL");
  }
}

/** A worker computes for ever, while the process's own thread waits for us to close its stdin, as our death does. */
const LOOP = `
  new (require("node:worker_threads").Worker)("for (;;);", { eval: true }).on("online", () => console.log("busy"));
  process.stdin.on("end", () => process.exit()).resume();
`;
function started(each: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    each.once("error", reject);
    each.once("exit", (code) => reject(new Error(`a busy process ended with ${code}`)));
    each.stdout!.once("data", () => resolve());
  });
}
