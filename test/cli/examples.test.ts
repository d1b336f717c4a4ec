import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { buildIfStale } from "./blindsight.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
const node = (...args: string[]) => run(process.execPath, args, { cwd: root });

// They import the package by its name, as a user does.
describe("the examples compile against the published types and run", () => {
  beforeAll(async () => {
    buildIfStale();
    await node("node_modules/typescript/bin/tsc", "-p", "examples");
  });

  test("scheme.ts: rotate(x·x, 1) begins with 0.04 and 0.09", async () => {
    const { stdout } = await node("build/examples/scheme.js");
    const [first, second] = [...stdout.matchAll(/0\.0[3-9]\d*/g)].map(Number);
    expect(first).toBeCloseTo(0.04, 3);
    expect(second).toBeCloseTo(0.09, 3);
    expect(stdout).toContain("128-bit security");
  });

  test("network.ts: probabilities that sum to one, from a model that is encrypted", async () => {
    const { stdout } = await node("build/examples/network.js");
    const [, list] = /probabilities \S* ?\[([^\]]*)\]/.exec(stdout) ?? [];
    const probabilities = list.split(",").map(Number);
    expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    expect(stdout).toContain("weight vectors, encrypted");
  });
});
