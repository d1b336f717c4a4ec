import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bench } from "../../bench/command.js";
import type { BenchRecord } from "../../bench/record.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "blindsight-bench-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]) {
  let stdout = "";
  let stderr = "";
  const status = await bench(args, { out: (text) => (stdout += text), err: (text) => (stderr += text) });
  return { status, stdout, stderr };
}

/** As little time as a row can have: the numbers are not looked at. */
const quick = ["--log-n", "12", "--against", "none", "--time", "1"];

describe("bench", () => {
  it("prints records of GPUs of before there were bytes moved, and of times that no clock tells from none", async () => {
    const gpu = { together: 1, dispatches: 1, submits: 1, bytes: 1e6 };
    const timing = { samples: 6, perSample: 1, minimumMs: 1, p25Ms: 1, medianMs: 1, p75Ms: 1 };
    const subject = { label: "blindsight", threads: 1, parameters: "" };
    const row = { group: "kernel", name: "kernel add", logN: 12, threads: 1 };
    const { machine } = JSON.parse(
      (await run(...quick, "--filter", "kernel add", "--json", "-")).stdout,
    ) as BenchRecord;
    const figures = [
      { kernelMs: 0.5, kernels: { add: 0.5 }, gigabytesPerSecond: 2, shareOfCopy: 0.5 },
      { kernelMs: 0 },
    ];
    for (const figure of figures) {
      const rows = [{ ...row, ours: { subject, ...timing, gpu: { ...gpu, ...figure } } }];
      const path = join(folder, "before.json");
      writeFileSync(path, JSON.stringify({ schema: 1, date: "", machine, versions: {}, command: [], rows, sizes: [] }));
      const { status, stdout, stderr } = await run("--from", path);
      expect(status, stderr).toBe(0);
      expect(stdout).toContain("1.00 MB asked for");
      expect(stdout).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it.each([
    [["--fast"], /unknown option '--fast'/i],
    [["--log-n", "11"], /--log-n 11/],
    [["--log-n", "14,"], /--log-n 14,/],
    [["--log-n", "14x"], /--log-n 14x/],
    [["--log-n"], /--log-n/],
    [["--threads", "0"], /--threads 0/],
    [["--threads", "1.5"], /--threads 1.5/],
    [["--busy", "65"], /--busy 65.*0 to 64/],
    [["--against", "openfhe"], /--against openfhe.*node-seal or none/],
    [["--time", "soon"], /--time soon/],
    [["--queued", "0"], /--queued 0/],
    [["--circuits", "--device", "webgpu"], /--circuits has no rows on a GPU/],
    [["--circuits", "--log-n", "12", "--against", "none", "--filter", "polynomial"], /no levels for these rows/],
    [["--filter", "no such row"], /no row has "no such row"/],
    [["--from", "/nowhere.json"], /nowhere\.json cannot be read/],
    [["rotate"], /rotate/],
  ])("%j is one line on stderr and exit code 2", async (args, message) => {
    const { status, stdout, stderr } = await run(...args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("--help names every option and ends well", async () => {
    const { status, stdout } = await run("--help");
    expect(status).toBe(0);
    for (const option of [
      "--log-n",
      "--threads",
      "--busy",
      "--filter",
      "--against",
      "--json",
      "--plot",
      "--rl3",
      "--circuits",
      "--counts",
    ]) {
      expect(stdout).toContain(option);
    }
  });

  it("--json - writes one record and nothing else: parameters, security, precision, bytes and counts in each row", async () => {
    const { status, stdout, stderr } = await run(...quick, "--filter", "add", "--json", "-");
    expect(status, stderr).toBe(0);
    const record = JSON.parse(stdout) as BenchRecord;
    expect(record.machine.node).toBe(process.version);
    const [row] = record.rows.filter(({ group }) => group === "primitive");
    expect(row).toMatchObject({ name: "add", logN: 12, threads: 1, counts: { bytesUploaded: 0 } });
    expect(row.ours!.subject).toMatchObject({ label: "blindsight", threads: 1, securityBits: 128 });
    expect(row.ours!.subject.logQ).toBeGreaterThan(50);
    expect(row.ours!.precision!.worstBits).toBeGreaterThan(8);
    expect(row.ours!.bytes).toBeGreaterThan(50_000);
    const { minimumMs, p25Ms, medianMs, p75Ms } = row.ours!;
    expect([minimumMs, p25Ms, medianMs, p75Ms]).toEqual([minimumMs, p25Ms, medianMs, p75Ms].sort((a, b) => a - b));
    expect(stderr).toContain("128-bit security");
  });

  it("the peer stands in the same row, with its own parameters, and the ratio is that of the minima", async () => {
    const { stdout } = await run("--log-n", "12", "--time", "1", "--filter", "rotate", "--json", "-");
    const row = (JSON.parse(stdout) as BenchRecord).rows.find(({ name }) => name === "rotate")!;
    expect(row.peer!.subject).toMatchObject({ label: "node-seal 6.0.3", logQ: 60, securityBits: 128 });
    expect(row.peer!.precision!.worstBits).toBeGreaterThan(8);
    expect(row.ratio).toBe(row.peer!.minimumMs / row.ours!.minimumMs);
  });

  it("several threads queue several operations a sample, and every level has a row with --levels", async () => {
    const { stdout, stderr } = await run(...quick, "--threads", "2", "--levels", "--filter", "rotate", "--json", "-");
    const { rows } = JSON.parse(stdout || stderr) as BenchRecord;
    expect(rows.map(({ group, name, level, ours }) => [group, name, level, ours!.perSample])).toEqual([
      ["primitive", "rotate", undefined, 4],
      ["primitive", "rotate, hoisted, each of 8", undefined, 32],
      ["level", "rotate", 1, 4],
    ]);
  });

  it("--busy measures beside processes that compute, which end with the run; threads are held against each other", async () => {
    const args = ["--threads", "1,2", "--busy", "0,1", "--filter", "rotate, hoisted", "--json", "-"];
    const { status, stdout, stderr } = await run(...quick, ...args);
    expect(status, stderr).toBe(0);
    const { rows } = JSON.parse(stdout) as BenchRecord;
    expect(rows.map(({ threads, busy }) => [threads, busy])).toEqual([
      [1, undefined],
      [2, undefined],
      [1, 1],
      [2, 1],
    ]);
    const [one, two] = rows.slice(2).map(({ ours }) => ours!.minimumMs);
    expect(stderr).toContain(`beside 1 busy process: 2 threads take ${(two / one).toFixed(2)} (median `);
    // Of our own: another run of this test may have its busy processes.
    const processes = execFileSync("ps", ["-eo", "ppid,args"], { encoding: "utf8" }).split("\n");
    const own = processes.filter((line) => Number.parseInt(line, 10) === process.pid);
    expect(own.join("\n")).toContain("ps -eo");
    expect(own.join("\n")).not.toContain('console.log("busy")');
  });

  it("--counts says what an operation launches and times nothing", async () => {
    const { stdout } = await run(...quick, "--counts", "--filter", "multiply + relin", "--json", "-");
    const { rows } = JSON.parse(stdout) as BenchRecord;
    expect(rows).toHaveLength(1);
    expect(rows[0].ours).toBeUndefined();
    // One product of two ciphertexts; its kernels' operands are known, so their bytes are.
    expect(rows[0].counts!.rows).toMatchObject({ tensor: 2 });
    expect(rows[0].counts!.rows["ntt"]).toBeGreaterThan(0);
    expect(rows[0].counts!.bytesRead % (4 * 2 ** 12)).toBe(0);
    expect(rows[0].counts!.bytesUploaded).toBe(0);
  });

  it("--from prints the README's table of a record with that record's numbers", async () => {
    const file = join(folder, "run.json");
    const first = await run(...quick, "--filter", "rotate", "--json", file);
    expect(first.status, first.stderr).toBe(0);
    const record = JSON.parse(readFileSync(file, "utf8")) as BenchRecord;
    Object.assign(record.rows[0].ours!, { minimumMs: 1.25, medianMs: 1.5 });
    writeFileSync(file, JSON.stringify(record));
    const { stdout } = await run("--from", file, "--markdown");
    expect(stdout).toMatch(/^\| N = 2\^12 \| blindsight, min \(median\) \| peer/);
    expect(stdout).toContain("| rotate | 1.25 ms (1.50) |");
  });
});
