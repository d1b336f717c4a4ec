import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawPhantom } from "../../src/data/phantom.js";
import { phantomOffsets } from "../../src/data/phantom-set.js";
import { importOnnx } from "../../src/nn/index.js";
import { root, strangersProject } from "../apps/stranger.js";
import { bundleByWebpack } from "../apps/webpack.js";
import { visit } from "./chromium.js";
import { ISOLATION, type Report, Site } from "./site.js";

const pages = join(root, "test/browser/page");

interface Diagnosis {
  readonly residues: string;
  readonly probabilities: readonly number[];
  readonly encrypted: object;
  readonly ticks: number;
}

let project: string;
let inputs: string;
let expected: { scheme: { residues: string; values: number[] }; diagnosis: Diagnosis };

beforeAll(async () => {
  // An application of somebody else's: bundled by vite, by webpack, and not at all.
  project = strangersProject(pages);
  const model = [...readFileSync(join(root, "models/rl3-phantom.onnx"))];
  const { input } = importOnnx(Uint8Array.from(model)).card;
  const images = Array.from({ length: 16 }, (_, k) => {
    const { pixels } = drawPhantom(1, phantomOffsets.val + k);
    return Array.from(pixels, (value) => value * input.scale + input.offset);
  });
  inputs = JSON.stringify({ model, images });
  const node = execFileSync(process.execPath, [join(root, "test/browser/expected.mjs")], { input: inputs });
  expected = JSON.parse(node.toString());

  await build({
    root: project,
    configFile: false,
    logLevel: "error",
    build: { target: "es2022" },
    worker: { format: "es" },
  });
  await bundleByWebpack({ context: project, entry: "./main.js" });
}, 300_000);
afterAll(() => {
  if (project) rmSync(project, { recursive: true, force: true });
});

/** Residues to the last bit; of the probabilities all but what Math.exp of another engine may round otherwise. */
function requireExpected({ residues, probabilities, encrypted }: Diagnosis): void {
  expect(encrypted).toEqual({ image: true, model: true });
  expect(residues).toBe(expected.diagnosis.residues);
  probabilities.forEach((p, i) => {
    expect(p).toBeCloseTo(expected.diagnosis.probabilities[i], 12);
  });
}

async function report(page: string, isolated: boolean, asked: string): Promise<Report> {
  const site = await Site.open([join(project, "dist"), project], inputs, () => (isolated ? ISOLATION : undefined));
  try {
    return await visit(`${site.url}/${page}.html?${asked}`, site.report);
  } finally {
    site.close();
  }
}

describe.each([
  ["bundled by vite", "index", true],
  ["bundled by vite", "index", false],
  ["bundled by webpack", "webpack", true],
  ["bundled by webpack", "webpack", false],
  ["a plain module", "plain", true],
  ["a plain module", "plain", false],
])("a page %s, %s.html, cross-origin isolated: %s", (_, page, isolated) => {
  test("computes on ciphertexts and diagnoses, with Node's residues on every device", async () => {
    const found = await report(page, isolated, "scheme=cpu&scheme=webgpu&diagnose=cpu");
    expect(found.errors).toEqual([]);
    expect(found.isolated).toBe(isolated);
    for (const kind of ["cpu", "webgpu"]) {
      expect(found[kind]).toMatchObject({ residues: expected.scheme.residues, values: expected.scheme.values });
    }
    expect(found["cpu"]).toMatchObject({ device: expect.stringMatching(isolated ? /\d threads?$/ : /one worker$/) });
    expect(found["webgpu"]).toMatchObject({ device: expect.stringMatching(/^WebGPU/) });
    const diagnosis = found["cpu diagnosis"] as Diagnosis;
    requireExpected(diagnosis);
    // The page's own thread was free while the server computed.
    expect(diagnosis.ticks).toBeGreaterThan(3);
  }, 300_000);
});

test("a page's worker keeps keys in a file of the page's origin, with Node's residues; the page itself is told where to", async () => {
  const found = await report("index", false, "store");
  expect(found.errors).toEqual([]);
  expect(found["refused"]).toBe("DeviceError: files are read at once in workers only");
  expect(found["store"]).toMatchObject({ residues: expected.scheme.residues, values: expected.scheme.values });
  expect((found["store"] as { kept: number }).kept).toBeGreaterThan(1_000_000);
}, 300_000);

test("a page diagnoses on WebGPU, with Node's residues", async () => {
  const found = await report("index", false, "diagnose=webgpu");
  expect(found.errors).toEqual([]);
  requireExpected(found["webgpu diagnosis"] as Diagnosis);
}, 900_000);
