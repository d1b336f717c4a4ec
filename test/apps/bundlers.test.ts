import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as errors from "../../src/errors.js";
import { output, strangersProject } from "./stranger.js";
import { bundleByWebpack } from "./webpack.js";

let folder: string;

beforeAll(() => {
  folder = strangersProject(fileURLToPath(new URL("app", import.meta.url)), ["webgpu"]);
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function webpackFor(mode: "development" | "production", module: boolean): Promise<string> {
  const filename = `${mode}.${module ? "mjs" : "cjs"}`;
  const path = join(folder, "webpack");
  await bundleByWebpack({
    mode,
    target: "node20",
    context: folder,
    entry: "./main.mjs",
    output: { path, filename, module, chunkFormat: module ? "module" : "commonjs" },
    experiments: { outputModule: module },
  });
  return join(path, filename);
}

async function bundleByVite(): Promise<string> {
  await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true },
    build: { ssr: "main.mjs", outDir: "vite", target: "node20", minify: true },
  });
  return join(folder, "vite/main.mjs");
}

describe.each<[string, () => Promise<string>]>([
  ["webpack", () => webpackFor("development", false)],
  ["webpack, minified", () => webpackFor("production", false)],
  ["webpack, minified, as a module", () => webpackFor("production", true)],
  ["vite, minified", bundleByVite],
])("bundled for Node by %s", (_, bundle) => {
  let file: string;
  beforeAll(async () => {
    file = await bundle();
  });

  test.each([
    ["auto", {}, /^(CPU|WebGPU)/],
    ["cpu", { threads: 1 }, /1 thread$/],
    ["cpu", { threads: 2 }, /2 threads$/],
  ])("a product on %s, %o", (kind, options, device) => {
    const result = JSON.parse(output(file, kind, JSON.stringify(options)));
    expect(result).not.toHaveProperty("error");
    expect(result.device).toMatch(device);
    expect(result.values[0]).toBeCloseTo(0.25, 3);
    expect(result.values[1]).toBeCloseTo(0.0625, 3);
  });

  test("errors keep their names", () => {
    const result = JSON.parse(output(file, "abacus"));
    expect(result.error.name).toBe("DeviceError");
    expect(result.error.text).toBe('DeviceError: there is no device "abacus"');
    expect(result.error.stack).toMatch(/^DeviceError: there is/);
    const wanted = Object.keys(errors).map((name) => [name, `${name}: message`]);
    expect(wanted.length).toBeGreaterThan(8);
    expect(result.errors).toEqual(Object.fromEntries(wanted));
  });

  test("the optional package webgpu stays outside, and is found when it runs", () => {
    expect(readFileSync(file, "utf8")).not.toContain("dawn.node");
    const result = JSON.parse(output(file, "webgpu"));
    if (process.env["BLINDSIGHT_ADAPTER"]) expect(result).toMatchObject({ device: expect.stringMatching(/^WebGPU/) });
    else expect(result).toMatchObject({ error: { text: "DeviceError: WebGPU has no adapter" } });
  });
});
