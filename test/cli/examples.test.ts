import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importOnnx } from "../../src/nn/index.js";
import { buildIfStale } from "./blindsight.js";
import { logisticRegression, moments, split, supportVectors, wdbc } from "./wdbc-in-the-clear.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
let folder: string;

/** What a program prints, in a process of its own, with these variables besides the usual ones. */
async function node(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { PASSPHRASE: _, ...own } = process.env;
  return (await run(process.execPath, args, { cwd: root, env: { ...own, ...env } })).stdout;
}

const example = (name: string, ...args: string[]) => node([`build/examples/${name}.js`, ...args]);

function numbersOf(text: string, pattern: RegExp): number[] {
  const [, ...groups] = pattern.exec(text) ?? [];
  expect(groups, `${pattern} in ${text}`).not.toHaveLength(0);
  return groups.flatMap((group) => group.split(",").map(Number));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "blindsight-examples-"));
  buildIfStale();
  await node(["node_modules/typescript/bin/tsc", "-p", "examples"]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the examples name public doors, Node's modules and each other, and nothing else of the library", () => {
  const files = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".ts"));
  expect(sources.length).toBeGreaterThanOrEqual(10);
  for (const file of sources) {
    const text = readFileSync(join(root, "examples", file), "utf8");
    expect(text.split("\n").length, file).toBeLessThanOrEqual(81);
    for (const [, name] of text.matchAll(/from "([^"]+)"/g)) {
      expect(name, file).toMatch(/^(blindsight(\/(ckks|nn))?|node:[a-z/]+|\.\/[a-z]+\.js)$/);
    }
  }
});

test("hello: x² plus the next x²", async () => {
  const printed = await example("hello");
  const [first, second] = numbersOf(printed, /\[ ([\d.]+, [\d.]+) \]/);
  expect(first).toBeCloseTo(0.1 ** 2 + 0.2 ** 2, 3);
  expect(second).toBeCloseTo(0.2 ** 2 + 0.3 ** 2, 3);
  expect(printed).toContain("128-bit security");
});

test("network: probabilities that sum to one, from a model that is encrypted", async () => {
  const printed = await example("network");
  const probabilities = numbersOf(printed, /probabilities \S* ?\[([^\]]*)\]/);
  expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  expect(printed).toContain("weight vectors, encrypted");
});

test("predict: a ReLU network from its file, fitted, and a label that goes with its probabilities", async () => {
  const printed = await example("predict");
  expect(printed).toMatch(/^ *\d+ +relu .* 2 +1 \(completed square\) +least squares/m);
  expect(printed).toMatch(/of 16 images in the same class/);
  const probabilities = numbersOf(printed, /probabilities \S* ?\[([^\]]*)\]/);
  expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  const { card } = importOnnx(readFileSync(join(root, "models/rl1-phantom-relu.onnx")));
  const [, label] = /^label: (.*)$/m.exec(printed)!;
  const positive = probabilities[card.positive] >= card.threshold;
  expect(label).toBe(card.labels[positive ? card.positive : 1 - card.positive]);
});

describe("save and load: a process with the secret key, one without, and one that decrypts", () => {
  const client = (command: string, passphrase = "correct horse battery staple") => {
    const program = "build/examples/save-load/client.js";
    return node([program, command, join(folder, "private"), join(folder, "shared")], { PASSPHRASE: passphrase });
  };
  beforeAll(() => {
    for (const name of ["private", "shared"]) mkdirSync(join(folder, name));
  });

  test("the sum of squares comes back", async () => {
    await client("encrypt");
    const printed = await example("save-load/server", join(folder, "shared"));
    const [received, sent] = numbersOf(printed, /(\d+) bytes in, (\d+) bytes out/);
    const sizeOf = (name: string) => statSync(join(folder, "shared", name)).size;
    expect([received, sent]).toEqual([sizeOf("temperatures.ct"), sizeOf("result.ct")]);
    const [result] = numbersOf(await client("decrypt"), /sum of squares: ([\d.]+)/);
    expect(result).toBeCloseTo(36.6 ** 2 + 38.2 ** 2 + 37.1 ** 2 + 39.4 ** 2, 0);
  });

  test("the secret key lies in its owner's folder only, wrapped, for nobody else to read, and is not overwritten", async () => {
    expect(readdirSync(join(folder, "private"))).toEqual(["secret.key"]);
    expect(readdirSync(join(folder, "shared")).sort()).toEqual(["evaluation.keys", "result.ct", "temperatures.ct"]);
    const file = join(folder, "private/secret.key");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file).readUInt16LE(10)).toBe(12); // the kind "wrapped secret key"
    await expect(client("encrypt")).rejects.toThrow(/EEXIST/);
    await expect(client("decrypt", "wrong horse")).rejects.toThrow(/SecurityError.*passphrase/);
  });
});

test("polynomial: the fit's error is the least, what was decrypted errs by fit and noise, the estimate covers it", async () => {
  const printed = await example("polynomial");
  const [fitted, least] = numbersOf(printed, /errs by ([\d.e-]+); no other could by less than ([\d.e-]+)/);
  expect(fitted / least).toBeLessThan(1.02);
  const [atZero, atFour] = numbersOf(printed, /softplus\(0\) = ([\d.]+), softplus\(4\) = ([\d.]+)/);
  expect(atZero).toBeCloseTo(Math.log(2), 3);
  expect(atFour).toBeCloseTo(Math.log(1 + Math.exp(4)), 3);
  const [largest, noise] = [/against softplus: ([\d.e-]+)/, /noise alone: ([\d.e-]+)/].map(
    (pattern) => numbersOf(printed, pattern)[0],
  );
  expect(largest).toBeLessThan(1.001 * (fitted + noise));
  const [level, bound, rmsBits, worstBits] = numbersOf(
    printed,
    /level (\d+), \|y\| ≤ ([\d.]+), noise 2\^(-?[\d.]+) \(rms\), 2\^(-?[\d.]+)/,
  );
  expect(level).toBe(0);
  expect(bound).toBeGreaterThan(Math.log(1 + Math.exp(4)));
  expect(noise).toBeLessThan(2 ** worstBits);
  expect(rmsBits).toBeLessThan(worstBits);
});

const data = process.env["BLINDSIGHT_DATA"] ?? "";
const present = data !== "" && existsSync(join(data, "tabular/wdbc.data"));
if (!present) console.warn("examples on real tables skipped: no tabular/wdbc.data (set BLINDSIGHT_DATA)");

test("statistics: without the table they are a phantom's, and say so", async () => {
  const printed = await node(["build/examples/statistics.js"], { BLINDSIGHT_DATA: folder });
  expect(printed).toMatch(/^569 rows of a phantom/);
  const [mean, deviation] = numbersOf(printed, /radius: mean ([\d.]+), standard deviation ([\d.]+)/);
  // 16·(1 + h/10 + n/10) for normal h and n.
  expect(Math.abs(mean - 16)).toBeLessThan(0.4);
  expect(Math.abs(deviation - 1.6 * Math.SQRT2)).toBeLessThan(0.3);
});

describe.skipIf(!present)("on the Wisconsin table", () => {
  const table = present ? wdbc(data) : { rows: [], labels: [] };
  const accuracy = (values: readonly number[], labels: readonly number[], threshold: number) =>
    values.filter((value, i) => value > threshold === (labels[i] === 1)).length / values.length;

  test("statistics: means, deviations and correlations are those of the table", async () => {
    const printed = await example("statistics");
    expect(printed).toMatch(/^569 rows of UCI WDBC/);
    const columns = Object.entries({ radius: 0, texture: 1, smoothness: 4, concavity: 6 });
    const values = (index: number) => table.rows.map((row) => row[index]);
    for (const [i, [name, index]] of columns.entries()) {
      const line = new RegExp(`^${name}: mean ([\\d.]+), standard deviation ([\\d.]+)`, "m");
      const [mean, deviation] = numbersOf(printed, line);
      const exact = moments(values(index));
      expect(Math.abs(mean / exact.mean - 1), name).toBeLessThan(1e-4);
      expect(Math.abs(deviation / Math.sqrt(exact.covariance) - 1), name).toBeLessThan(1e-3);
      for (const [other, otherIndex] of columns.slice(i + 1)) {
        const [correlation] = numbersOf(printed, new RegExp(`^${name} and ${other}: correlation (-?[\\d.]+)`, "m"));
        const { covariance } = moments(values(index), values(otherIndex));
        const scale = Math.sqrt(exact.covariance * moments(values(otherIndex)).covariance);
        expect(Math.abs(correlation - covariance / scale), `${name}, ${other}`).toBeLessThan(1e-3);
      }
    }
  });

  test("logistic regression: encrypted verdicts are those of Newton's minimum, on patients held out", async () => {
    const printed = await example("logistic");
    const { training, heldOut } = split(table);
    const exact = heldOut.rows.map(logisticRegression(training, 0.1));
    const [clear] = numbersOf(printed, /accuracy in the clear (\S+)/);
    const [encrypted, equal, of] = numbersOf(printed, /accuracy encrypted +(\S+), (\d+) of (\d+) verdicts/);
    expect(clear).toBeCloseTo(accuracy(exact, heldOut.labels, 0.5), 4);
    expect([encrypted, equal, of]).toEqual([clear, 189, 189]);
    numbersOf(printed, /first probabilities (.*)/).forEach((p, i) => void expect(p).toBeCloseTo(exact[i], 2));
    const [largest, fit] = numbersOf(printed, /largest error ([\d.]+), .* ([\d.]+)$/m);
    expect(largest).toBeLessThan(fit + 0.001);
  });

  test("support vectors: encrypted decisions are those of the dual's optimum, on patients held out", async () => {
    const printed = await example("svm");
    const { training, heldOut } = split(table);
    const kernel = (a: readonly number[], b: readonly number[]) =>
      ((1 + a.reduce((sum, x, j) => sum + x * b[j], 0)) / 31) ** 3;
    const exact = heldOut.rows.map(supportVectors(training, kernel, 3));
    const [clear] = numbersOf(printed, /accuracy in the clear (\S+)/);
    const [encrypted, equal, of] = numbersOf(printed, /accuracy encrypted +(\S+), (\d+) of (\d+) verdicts/);
    expect(clear).toBeCloseTo(accuracy(exact, heldOut.labels, 0), 4);
    expect([encrypted, equal, of]).toEqual([clear, 189, 189]);
    numbersOf(printed, /first decisions (.*)/).forEach(
      (f, i) => void expect(Math.abs(f - exact[i])).toBeLessThan(0.05),
    );
    const [error] = numbersOf(printed, /largest error (\S+),/);
    expect(error).toBeLessThan(0.01);
  });
});
