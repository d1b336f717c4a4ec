import { expect, test } from "vitest";
import { Rows } from "../../src/gpu/rows.js";
import type { Limb } from "../../src/ntt/kernels.js";

const SECRET = 0xdeadbeef;

function fill(rows: Rows, count: number): void {
  for (let i = 0; i < count; i++) {
    rows.begin("sampleGaussian", 10);
    for (let word = 0; word < 51; word++) rows.word(SECRET);
    rows.writes(i as Limb);
  }
}

test("words may be seeds of secrets: none is left, neither where they were nor where they had been", () => {
  const rows = new Rows();
  const before = rows.words;
  fill(rows, 2000);
  expect(rows.words.length).toBeGreaterThan(before.length);
  expect(before.includes(SECRET)).toBe(false);
  rows.clear();
  expect(rows.words.includes(SECRET)).toBe(false);
});

test("rows that were begun may be taken back, but not after the others have run", () => {
  const rows = new Rows();
  fill(rows, 3);
  const mark = rows.mark();
  fill(rows, 2);
  rows.restore(mark);
  expect([rows.count, rows.wordCount, rows.operandCount]).toEqual([3, 3 * 51, 3]);
  rows.clear();
  expect(() => rows.restore(mark)).toThrow("have run");
  expect(rows.count).toBe(0);
});
