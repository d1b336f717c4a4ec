import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { strangersProject } from "../apps/stranger.js";
import { bundleByWebpack } from "../apps/webpack.js";
import { visit } from "./chromium.js";
import { type Headers, ISOLATION, type Report, Site } from "./site.js";

const WORKER = "/worker.js";
/** Nothing from anywhere but the page's own files, and WebAssembly. */
const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

const REFUSED = "the page's Content-Security-Policy refuses the CPU device's worker";

let project: string;
/** What the page without a bundler serves: its own files, and the two of the package that `exports` names. */
let folder: string;

beforeAll(async () => {
  project = strangersProject(fileURLToPath(new URL("policy", import.meta.url)));
  folder = join(project, "served");
  const installed = join(project, "node_modules/blindsight");
  const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const file of ["index.html", "page.js", "work.js"]) cpSync(join(project, file), join(folder, file));
  cpSync(join(installed, exports["./bundle"].default), join(folder, "blindsight.js"));
  cpSync(join(installed, exports["./worker"].default), join(folder, WORKER));
  writeFileSync(join(folder, "other-worker.js"), 'self.onmessage = () => self.postMessage("ready");');

  const rollupOptions = { input: join(project, "vite.html") };
  await build({ root: project, configFile: false, logLevel: "error", build: { target: "es2022", rollupOptions } });
  await bundleByWebpack({ context: project, entry: "./webpack.js" });
}, 120_000);
afterAll(() => {
  if (project) rmSync(project, { recursive: true, force: true });
});

interface Visit {
  readonly page?: string;
  readonly kind?: string;
  readonly workerUrl?: string;
  readonly trusted?: boolean;
  readonly isolated?: boolean;
  /** A second policy, which the browser reports on and does not enforce. */
  readonly trial?: string;
  /** Sent with the worker's file; a worker of its own address has a policy of its own. */
  readonly workerHeaders?: Headers;
}

async function under(policy: string | undefined, options: Visit): Promise<Report> {
  const { page = "index", kind = "cpu", workerUrl, trusted = false, isolated = false, trial, workerHeaders } = options;
  const headers = {
    ...(isolated && ISOLATION),
    ...(policy && { "Content-Security-Policy": policy }),
    ...(trial && { "Content-Security-Policy-Report-Only": trial }),
  };
  const site = await Site.open(
    [folder, join(project, "dist"), project],
    "",
    (path) => (path === workerUrl && workerHeaders) || headers,
  );
  const asked = new URLSearchParams({ kind, options: JSON.stringify({ workerUrl }), ...(trusted && { trusted: "1" }) });
  try {
    return await visit(`${site.url}/${page}.html?${asked}`, site.report);
  } finally {
    site.close();
  }
}

function requireProduct(report: Report, device: RegExp): void {
  expect(report.errors).toEqual([]);
  expect(report["device"]).toMatch(device);
  const [a, b] = report["values"] as number[];
  expect(a).toBeCloseTo(0.25, 3);
  expect(b).toBeCloseTo(0.0625, 3);
}

function requireRefusal(report: Report, text: string, fix: string): void {
  expect(report.errors).toHaveLength(1);
  expect(report.errors[0]).toMatchObject({ named: true, text: expect.stringContaining(`DeviceError: ${text}`) });
  expect(report.errors[0]).toMatchObject({ fix: expect.stringContaining(fix) });
}

describe("the library as one file", () => {
  test("needs no import map, and shares memory with its workers on an isolated page", async () => {
    requireProduct(await under(undefined, { isolated: true }), /\d threads?$/);
  });

  test.each([
    true,
    false,
  ])("runs under a strict policy with its worker served as a file, isolated: %s", async (isolated) => {
    requireProduct(await under(STRICT, { workerUrl: WORKER, isolated }), isolated ? /threads?$/ : /one worker$/);
  });

  test("runs under a policy that allows blob: workers and nothing else for them", async () => {
    requireProduct(await under(STRICT.replace("worker-src 'self'", "worker-src blob:"), {}), /one worker$/);
  });

  test("asks nothing of a policy that comes with the worker's file: its modules arrive compiled", async () => {
    const workerHeaders = { "Content-Security-Policy": "default-src 'none'" };
    requireProduct(await under(STRICT, { workerUrl: WORKER, workerHeaders }), /one worker$/);
  });

  test("runs under Trusted Types, with the page's own TrustedScriptURL", async () => {
    const policy = `${STRICT}; require-trusted-types-for 'script'; trusted-types page`;
    requireProduct(await under(policy, { workerUrl: WORKER, trusted: true }), /one worker$/);
  });
});

test.each(["vite", "webpack"])("%s copies the worker's file, for a page under a strict policy", async (page) => {
  requireProduct(await under(STRICT, { page, isolated: true }), /threads?$/);
});

describe("a policy that lacks something is answered with the directive", () => {
  const OWN = '"blindsight/worker"';

  test.each(["cpu", "webgpu"])("'wasm-unsafe-eval' in script-src, on %s", async (kind) => {
    const report = await under(STRICT.replace(" 'wasm-unsafe-eval'", ""), { kind, workerUrl: WORKER });
    const text = "the page's Content-Security-Policy forbids WebAssembly: script-src lacks 'wasm-unsafe-eval'";
    requireRefusal(report, text, "add 'wasm-unsafe-eval'");
  });

  test.each([true, false])("blob: in worker-src, isolated: %s", async (isolated) => {
    requireRefusal(await under(STRICT, { isolated }), `${REFUSED}: worker-src lacks blob:`, OWN);
  });

  test.each(["script-src", "child-src"])("blob: where workers fall back to %s", async (directive) => {
    const policy = `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; child-src 'self'`;
    const report = await under(directive === "child-src" ? policy : policy.replace(/; child-src.*/, ""), {});
    requireRefusal(report, `${REFUSED}: worker-src lacks blob:`, OWN);
  });

  test("the worker's own address in worker-src", async () => {
    const report = await under(STRICT.replace("worker-src 'self'", "worker-src blob:"), { workerUrl: WORKER });
    requireRefusal(report, `${REFUSED}: worker-src lacks ${WORKER}`, "'self'");
  });

  test("Trusted Types", async () => {
    const policy = `${STRICT.replace("worker-src 'self'", "worker-src blob:")}; require-trusted-types-for 'script'`;
    requireRefusal(await under(policy, {}), `${REFUSED}: require-trusted-types-for asks`, "TrustedScriptURL");
  });
});

describe("a worker's file that is none", () => {
  test("is not there, whatever a policy on trial would say of it", async () => {
    const report = await under(STRICT, { workerUrl: "/nowhere.js", trial: "worker-src 'none'" });
    requireRefusal(report, "a worker of the CPU device does not start: Error: /nowhere.js does", "blindsight/worker");
  });

  test("is not there", async () => {
    requireRefusal(
      await under(STRICT, { workerUrl: "/nowhere.js" }),
      "a worker of the CPU device does not start: Error: /nowhere.js does not load",
      "blindsight/worker",
    );
  });

  test("is another version's", async () => {
    const report = await under(STRICT, { workerUrl: "/other-worker.js" });
    requireRefusal(report, "the worker from /other-worker.js is not the one of this version", "blindsight/worker");
  });

  test("lacks the isolated page's Cross-Origin-Embedder-Policy", async () => {
    const report = await under(undefined, { workerUrl: WORKER, isolated: true, workerHeaders: { "X-Nothing": "1" } });
    requireRefusal(report, "a worker of the CPU device does not start", "Cross-Origin-Embedder-Policy");
  });
});
