import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** WebGPU on SwiftShader; the last flag spares it clearing memory that every shader writes first. */
const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-dawn-features=disable_workgroup_init",
];

/** Opens an address in a Chromium of its own until `done` settles. */
export async function visit<T>(url: string, done: Promise<T>): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), "blindsight-chromium-"));
  const browser = spawn("chromium", [...FLAGS, `--user-data-dir=${profile}`, url], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let log = "";
  browser.stderr.on("data", (text) => {
    log = (log + text).slice(-4000);
  });
  const ended = new Promise<never>((_, reject) => {
    browser.on("error", reject);
    browser.on("exit", (code) => reject(new Error(`chromium ended with ${code}:\n${log}`)));
  });
  try {
    return await Promise.race([done, ended]);
  } finally {
    ended.catch(() => {});
    await stop(browser.pid);
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** The browser and all of its processes. */
async function stop(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // has ended already
  }
}
