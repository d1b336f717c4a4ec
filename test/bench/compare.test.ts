import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compare, compareFiles } from "../../bench/compare.js";
import type { BenchRecord, Measurement, Row } from "../../bench/record.js";
import { digits, lineOf, markdownOf, sizeText, timeOf } from "../../bench/tables.js";

const machine = { cpu: "A CPU", processors: 2, memoryGiB: 8, system: "linux 6", node: "v20" };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "blindsight-compare-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function measured(minimumMs: number, label = "blindsight", parameters = "N = 2^14"): Measurement {
  const subject = { label, threads: 1, parameters, logQ: 300, securityBits: 128 };
  const times = { minimumMs, p25Ms: minimumMs, medianMs: 1.1 * minimumMs, p75Ms: 1.2 * minimumMs };
  return { subject, samples: 10, perSample: 1, ...times, precision: { worstBits: 17.25, meanBits: 20 }, bytes: 1.2e6 };
}

function rowOf(name: string, minimumMs: number, peerMs?: number): Row {
  const ours = measured(minimumMs);
  const row: Row = { group: "primitive", name, logN: 14, threads: 1, ours };
  return peerMs === undefined
    ? row
    : { ...row, peer: measured(peerMs, "node-seal 6.0.3", "60, 40"), ratio: peerMs / minimumMs };
}

function recordOf(rows: readonly Row[], others: Partial<BenchRecord> = {}): BenchRecord {
  return { schema: 1, date: "2026-01-01", machine, versions: {}, command: [], rows, sizes: [], ...others };
}

describe("compare", () => {
  it("gives the ratio of the minima, and the peer's as the machine's share", () => {
    const text = compare(recordOf([rowOf("rotate", 4, 40)]), recordOf([rowOf("rotate", 2, 30)]));
    const [, line] = text.split("\n");
    expect(line).toMatch(/rotate .* 4\.00 ms \(4\.40\) +2\.00 ms \(2\.20\) +2\.00× +1\.33× {2}quicker$/);
    expect(text).not.toContain("warning");
  });

  it("calls nothing quicker or slower that noise explains", () => {
    const text = compare(
      recordOf([rowOf("rotate", 4), rowOf("add", 1)]),
      recordOf([rowOf("rotate", 4.1), rowOf("add", 1.3)]),
    );
    expect(text.split("\n")[1]).not.toMatch(/quicker|slower/);
    expect(text.split("\n")[2]).toMatch(/slower$/);
  });

  it("warns of another machine and of other parameters, names rows of one side only, and sizes that changed", () => {
    const before = recordOf([rowOf("rotate", 4), rowOf("add", 1)], {
      sizes: [{ name: "bytes of ciphertext", logN: 14, bytes: 100 }],
    });
    const after = recordOf(
      [{ ...rowOf("rotate", 4), ours: measured(4, "blindsight", "N = 2^14, other primes") }, rowOf("encode", 1)],
      {
        machine: { ...machine, cpu: "Another CPU" },
        sizes: [{ name: "bytes of ciphertext", logN: 14, bytes: 90 }],
      },
    );
    const text = compare(before, after);
    expect(text).toMatch(/^warning: other machines: A CPU.* → Another CPU/);
    expect(text).toMatch(/warning: other parameters: N = 2\^14 → N = 2\^14, other primes/);
    expect(text).toContain("bytes of ciphertext, N = 2^14: 100 → 90 bytes");
    expect(text).toMatch(/only before: .*add/);
    expect(text).toMatch(/only after: .*encode/);
  });

  it("refuses files that it cannot compare, in one sentence", () => {
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const record = write("a.json", JSON.stringify(recordOf([rowOf("rotate", 4)])));
    const other = write("b.json", JSON.stringify(recordOf([rowOf("add", 4)])));
    expect(compareFiles([record, record])).toContain("rotate");
    expect(() => compareFiles([record])).toThrow("two files were expected");
    expect(() => compareFiles([record, other])).toThrow("no row in common");
    expect(() => compareFiles([record, join(folder, "none.json")])).toThrow(/none\.json cannot be read \(ENOENT\)/);
    for (const text of ["{", "[]", "null", '{"schema":2}']) {
      expect(() => compareFiles([record, write("c.json", text)])).toThrow(/c\.json is no record/);
    }
  });
});

describe("tables", () => {
  it("a row of the README's table has both sides' times, bits and bytes", () => {
    const sizes = [
      { name: "bytes of public key", logN: 14, bytes: 5e5, peerBytes: 1e6, peerCompressedBytes: 8e5, ratio: 0.5 },
    ];
    const text = markdownOf(recordOf([rowOf("rotate", 4, 40)], { sizes }));
    expect(text).toContain("| rotate | 4.00 ms (4.40) | 40.0 ms (44.0) | 10.0× | 17.3 / 17.3 | 1.20 MB / 1.20 MB |");
    expect(text).toContain("| bytes of public key | 500 kB | 1.00 MB (zstd 800 kB) | 0.50 | | |");
    expect(text).toContain("A CPU, 2 processors");
  });

  it("a line says how many operations a sample has, and units fit the numbers", () => {
    const row = rowOf("rotate", 4);
    expect(lineOf({ ...row, threads: 2, ours: { ...row.ours!, perSample: 4 } })).toMatch(/2 threads .*4 a sample/);
    expect(timeOf({ minimumMs: 0.0123, medianMs: 0.02 })).toBe("12.3 µs (20.0)");
    expect(timeOf({ minimumMs: 12_300, medianMs: 20_000 })).toBe("12.3 s (20.0)");
    expect([0.5, 12.34, 123.4].map(digits)).toEqual(["0.500", "12.3", "123"]);
    expect([12, 1234, 999_499, 1_234_567, 2.5e9].map(sizeText)).toEqual([
      "12 B",
      "1.23 kB",
      "999 kB",
      "1.23 MB",
      "2.50 GB",
    ]);
  });
});
