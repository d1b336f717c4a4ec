import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { buildIfStale } from "./blindsight.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
const node = (...args: string[]) => run(process.execPath, args, { cwd: root });

const data = process.env["BLINDSIGHT_DATA"] ?? join(root, "../shared/data");
const path = join(data, "tabular/wdbc.data");
const present = existsSync(path);
if (!present) console.warn(`examples on a table skipped: no ${path} (set BLINDSIGHT_DATA)`);
const table = present
  ? readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((row) => row.split(","))
  : [];

// They import the package by its name, as a user does.
describe("the examples compile against the published types and run", () => {
  beforeAll(async () => {
    buildIfStale();
    await node("node_modules/typescript/bin/tsc", "-p", "examples");
  });

  test("hello.ts: rotate(x·x, 1) begins with 0.04 and 0.09", async () => {
    const { stdout } = await node("build/examples/hello.js");
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

  test("save-load.ts: three processes, of which the one that computes has no secret; the wrapped key is its user's alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "blindsight-"));
    try {
      const example = (...args: string[]) => node("build/examples/save-load.js", ...args);
      await example("encrypt", folder, "3", "-4.5");
      expect(readdirSync(folder).sort()).toEqual(["evaluation-keys", "numbers", "secret-key"]);
      expect(statSync(join(folder, "secret-key")).mode & 0o777).toBe(0o600);
      const secret = readFileSync(join(folder, "secret-key"));
      rmSync(join(folder, "secret-key"));
      await example("compute", folder);
      writeFileSync(join(folder, "secret-key"), secret);
      const { stdout } = await example("decrypt", folder);
      expect(numberIn(stdout, /squares: (\S+)/)).toBeCloseTo(9 + 4.5 ** 2, 3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("polynomial.ts: the encrypted error is that of noise, within what explain says", async () => {
    const { stdout } = await node("build/examples/polynomial.js");
    expect(numberIn(stdout, /polynomial is off by (\S+)/)).toBeLessThan(1e-9);
    const worst = numberIn(stdout, /encrypted it is off by (\S+)/);
    expect(worst).toBeLessThan(2 ** -12);
    expect(Math.log2(worst)).toBeLessThan(numberIn(stdout, /beyond 2\^(\S+)/));
  });

  describe.skipIf(!present)("of a table of patients", () => {
    test("statistics.ts: means, deviations and correlation are the table's", async () => {
      const [x, y] = [2, 3].map((column) => table.map((row) => Number(row[column])));
      const { stdout } = await node("build/examples/statistics.js", path);
      const [, meanX, deviationX] = /radius: mean (\S+), deviation (\S+)/.exec(stdout)!.map(Number);
      const [, meanY, deviationY] = /texture: mean (\S+), deviation (\S+)/.exec(stdout)!.map(Number);
      for (const [found, wanted] of [
        [meanX, mean(x)],
        [meanY, mean(y)],
        [deviationX, deviation(x)],
        [deviationY, deviation(y)],
      ]) {
        expect(Math.abs(found - wanted)).toBeLessThan(0.01);
      }
      const shared = mean(x.map((value, i) => value * y[i])) - mean(x) * mean(y);
      const correlation = shared / (deviation(x) * deviation(y));
      expect(Math.abs(numberIn(stdout, /correlation (\S+)/) - correlation)).toBeLessThan(0.01);
    });

    test.each([
      ["logistic", 0.95, 0.02],
      ["svm", 0.9, 0.01],
    ])("%s.ts: every patient gets the verdict that the model has in the clear", async (name, least, most) => {
      const { stdout } = await node(`build/examples/${name}.js`, path);
      const [, encrypted, clear] = /accuracy encrypted (\S+), in the clear (\S+)/.exec(stdout)!.map(Number);
      expect(encrypted).toBe(clear);
      expect(encrypted).toBeGreaterThan(least);
      expect(numberIn(stdout, /same verdict (\S+?),?\s/)).toBe(1);
      expect(numberIn(stdout, /largest difference (\S+?),?\s/)).toBeLessThan(most);
    });
  });
});

function numberIn(text: string, pattern: RegExp): number {
  const [, found] = pattern.exec(text) ?? [];
  return Number(found);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b) / values.length;
}

function deviation(values: readonly number[]): number {
  return Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
}
