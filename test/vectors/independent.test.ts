import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { wordStream } from "../seed.js";
import { CHECKS } from "./independent-checks.js";
import { readVectors } from "./independent-reader.js";

const FOLDER = fileURLToPath(new URL("../../vectors", import.meta.url));
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

const copy = mkdtempSync(join(tmpdir(), "blindsight-vectors-"));
cpSync(FOLDER, copy, { recursive: true });
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test("SHA256SUMS names every file", () => {
  const sums = readFileSync(join(FOLDER, "SHA256SUMS"), "utf8");
  expect([...sums.matchAll(/^[0-9a-f]{64} {2}(\S+)$/gm)].map(([, name]) => name).sort()).toEqual([...files].sort());
});

test.each(files)("a damaged %s is refused: one bit anywhere", (name) => {
  const bytes = readFileSync(join(FOLDER, name));
  const random = wordStream(1);
  for (let i = 0; i < 50; i++) {
    const damaged = Buffer.from(bytes);
    damaged[random() % bytes.length] ^= 1 << (random() % 8);
    writeFileSync(join(copy, name), damaged);
    expect(() => readVectors(name, copy)).toThrow(`${name} is damaged`);
  }
  writeFileSync(join(copy, name), bytes);
  expect(() => readVectors(name, copy)).not.toThrow();
});

describe.each(
  Object.entries(CHECKS),
)("a reader that shares no code with the library or the generator: %s", (name, check) => {
  test("agrees", () => check(readVectors(name)));

  test("would notice a wrong number, whichever it is", () => {
    const random = wordStream(2);
    for (let i = 0; i < 20; i++) {
      const file = readVectors(name);
      const lists = numberLists(file);
      const list = lists[random() % lists.length];
      const at = random() % list.length;
      list[at] = typeof list[at] === "number" ? list[at] + 1 : String(BigInt(list[at]) + 1n);
      expect(() => check(file), JSON.stringify(list)).toThrow();
    }
  });
});

/** Every list of numbers or decimal texts in a file; but the table that a few draws do not decide: the engine's test does. */
function numberLists(value: unknown): (number | string)[][] {
  if (typeof value !== "object" || value === null) return [];
  const leaf = Array.isArray(value) && value.length > 0 && value.every((x) => typeof x !== "object");
  if (leaf) return [value as (number | string)[]];
  return Object.entries(value).flatMap(([key, inner]) => (key === "thresholds" ? [] : numberLists(inner)));
}
