import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bench } from "../../../bench/command.js";
import type { BenchRecord } from "../../../bench/record.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "blindsight-gpu-bench-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  const quick = ["--device", "webgpu", "--log-n", "12", "--time", "1"];
  const status = await bench([...quick, ...args], { out: (text) => (stdout += text), err: (text) => (stderr += text) });
  return { status, stdout, stderr };
}

test("a kernel and an operation: GPU time, dispatches and bytes, and the CPU device beside them", async () => {
  const { status, stdout, stderr } = await run("--filter", "tensor", "--json", "-", "--results", folder);
  expect(status, stderr).toBe(0);
  const { rows } = JSON.parse(stdout) as BenchRecord;
  expect(rows.map(({ group }) => group)).toEqual(["kernel", "primitive"]);
  for (const { ours, peer, ratio } of rows) {
    expect(ours?.subject.parameters).toMatch(/WebGPU, ./);
    expect(ours?.gpu).toMatchObject({ dispatches: 1, submits: 1, bytes: expect.any(Number) });
    const kernels = Object.values(ours?.gpu?.kernels ?? {}).reduce((a, b) => a + b, 0);
    expect(kernels).toBeCloseTo(ours!.gpu!.kernelMs!, 9);
    expect(ours?.gpu?.kernelMs).toBeGreaterThan(0);
    const { bytesMoved, kernelMs, products, shareOfButterflies } = ours!.gpu!;
    expect(ours?.gpu?.gigabytesPerSecond).toBeCloseTo(bytesMoved! / 1e6 / kernelMs!, 6);
    expect(ours?.gpu?.gigaproductsPerSecond).toBeCloseTo(products! / 1e6 / kernelMs!, 6);
    expect(shareOfButterflies).toBeGreaterThan(0);
    expect(peer?.subject.label).toMatch(/^CPU device, /);
    expect(ratio).toBeCloseTo(peer!.minimumMs / ours!.minimumMs, 6);
  }
  // Of one row: three outputs and four operands, of which the bench gives one twice.
  expect(rows[0].ours?.gpu).toMatchObject({ bytes: 7 * 4 * 4096, bytesMoved: 6 * 4 * 4096, products: 4 * 4096 });
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.json$/)]);
});

test("--counts says what can be counted without a GPU: dispatches and submissions", async () => {
  const { status, stdout } = await run("--filter", "rotate", "--counts");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^rotate .* 4 dispatches in 1 submission, /m);
});
