/**
 * The page alone in headless Chromium: what a user waits for, RL-3 with everything encrypted in the tab. The page is built and served as
 * `npm run web` does; each figure is the page's own, which it shows with its answer. `npm run bench:web`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { chromium, type Page } from "playwright-core";
import { BenchError, runBench } from "./failure.js";
import { refusedOption, whole } from "./options.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const CHROMIUM = "/usr/bin/chromium";
const USAGE = `npm run bench:web -- [options]

  --tabs N        fresh tabs, one after the other (default 5)
`;
/** Diagnoses in a tab after its first one. */
const REPEATED = 8;

await runBench(main);

async function main(args: readonly string[]): Promise<void> {
  const runs = runsOf(args);
  if (!existsSync(CHROMIUM)) throw new BenchError(`there is no ${CHROMIUM}`, "apt-get install chromium");
  const [server, url] = await start();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const found: Record<string, number[]> = {};
    const note = (name: string, value: number) => (found[name] ??= []).push(value);
    let loaded = 0;
    for (let run = 0; run < runs; run++) {
      // A context of its own: nothing is cached.
      const context = await browser.newContext({ viewport: { width: 1000, height: 1400 } });
      const page = await context.newPage();
      const files = new Set<string>();
      context.on("request", (request) => files.add(new URL(request.url()).pathname));
      const begin = performance.now();
      await page.goto(url);
      await page.locator(".engine", { hasText: "Computes on" }).waitFor();
      note("open until it can be asked", performance.now() - begin);
      loaded = [...files].filter((path) => !path.startsWith("/models/")).reduce((sum, path) => sum + sizeOf(path), 0);
      await page.locator(".samples button").first().click();
      await page.locator(".seen canvas").waitFor();
      note("first diagnosis, from the click", await ask(page));
      const times = await page
        .locator(".identities dl > div")
        .evaluateAll((rows) =>
          rows.map((row) => [row.querySelector("dt")?.textContent ?? "", row.querySelector("dd")?.textContent ?? ""]),
        );
      for (const [name, value] of times) if (/ sec$/.test(value)) note(name, 1000 * Number.parseFloat(value));
      for (let k = 0; k < REPEATED; k++) note("each one after it, from the click", await ask(page));
      await context.close();
    }
    console.log(`Chromium ${browser.version()}, ${runs} tabs; least and median, milliseconds`);
    for (const [name, values] of Object.entries(found)) {
      const sorted = [...values].sort((a, b) => a - b);
      console.log(
        `  ${name.padEnd(36)} ${sorted[0].toFixed(0).padStart(6)} ${sorted[sorted.length >> 1].toFixed(0).padStart(6)}`,
      );
    }
    console.log(`  first load, compressed, without the model: ${loaded} bytes`);
  } finally {
    await browser.close();
    server.kill();
  }
}

function runsOf(args: readonly string[]): number {
  try {
    const { values } = parseArgs({ args: [...args], options: { tabs: { type: "string", default: "5" } } });
    return whole("--tabs", values.tabs, 1, 100);
  } catch (error) {
    throw refusedOption(error, USAGE);
  }
}

async function ask(page: Page): Promise<number> {
  const button = page.locator('button.primary[aria-disabled="false"]');
  await button.waitFor();
  return page.evaluate(async () => {
    const begin = performance.now();
    document.querySelector<HTMLButtonElement>("button.primary")?.click();
    await new Promise(requestAnimationFrame);
    while (!document.querySelector(".verdict")) await new Promise(requestAnimationFrame);
    return performance.now() - begin;
  });
}

function sizeOf(path: string): number {
  return gzipSync(readFileSync(join(root, "build/web", path === "/" ? "index.html" : path))).length;
}

async function start(): Promise<[ChildProcess, string]> {
  const args = [join(root, "scripts/build-web.mjs"), "--serve", "--port", "0"];
  const server = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const data of server.stdout) {
    said += data;
    const [, url] = /the page is at (\S+)/.exec(said) ?? [];
    if (url) return [server, url];
  }
  await once(server, "exit");
  throw new BenchError("the page was not served", "see what its build says above");
}
