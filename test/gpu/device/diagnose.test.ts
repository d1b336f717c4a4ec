import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { phantomsNpz } from "../../../src/data/phantom-set.js";
import { blindsight, buildIfStale, type Outcome } from "../../cli/blindsight.js";

const DRIVER = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "XDG_RUNTIME_DIR"];
const driver = Object.fromEntries(DRIVER.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
let folder: string;

beforeAll(() => {
  buildIfStale();
  folder = mkdtempSync(join(tmpdir(), "blindsight-gpu-"));
  writeFileSync(join(folder, "six.npz"), phantomsNpz(9, { train: 20, val: 5, test: 6 }));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function diagnose(device: string): Outcome {
  const image = ["--model", "rl1-phantom", "--dataset", "six.npz", "--index", "3", "--seed", "7"];
  return blindsight(["diagnose", ...image, "--device", device, "--json"], folder, driver);
}

test("an encrypted diagnosis gives the CPU's probabilities, to the last bit", () => {
  const [cpu, gpu] = ["cpu", "webgpu"].map((device) => {
    const { status, stdout, stderr } = diagnose(device);
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout);
  });
  expect(gpu.device).toMatch(/^WebGPU/);
  expect(gpu.encrypted).toEqual({ image: true, model: true });
  expect(gpu.probabilities).toEqual(cpu.probabilities);
}, 300_000);

test("`devices` names the adapter", () => {
  const { status, stdout } = blindsight(["devices", "--json"], folder, driver);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual([
    { kind: "cpu", name: expect.stringMatching(/^CPU/) },
    { kind: "webgpu", name: expect.stringMatching(/^WebGPU, ./) },
  ]);
});
