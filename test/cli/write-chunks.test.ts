/** Chunks of any lengths reach a file in order, whole; what fails on the way is told. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeChunks } from "../../src/cli/roles/write-chunks.js";

const home = mkdtempSync(join(tmpdir(), "blindsight-"));
afterAll(() => rmSync(home, { recursive: true }));

async function* chunksOf(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0, k = 0; at < bytes.length; at += lengths[k++ % lengths.length]) {
    yield bytes.slice(at, at + lengths[k % lengths.length]); // a chunk may be overwritten once the next is asked for
  }
}

async function* overwritten(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    yield chunk;
    chunk.fill(0);
  }
}

const MEBI = 2 ** 20;
const CASES = [
  { name: "none", bytes: 0, lengths: [1] },
  { name: "small ones", bytes: 100_000, lengths: [1, 30_720, 7] },
  { name: "one buffer exactly", bytes: 4 * MEBI, lengths: [MEBI] },
  { name: "over its end", bytes: 9 * MEBI + 5, lengths: [3 * MEBI, 1, 30_720] },
  { name: "larger than the buffers", bytes: 25 * MEBI, lengths: [11 * MEBI, 0x1001] },
];
test.each(CASES)("$name", async ({ bytes, lengths }) => {
  const whole = Uint8Array.from({ length: bytes }, (_, k) => Math.imul(k, 0x9e3779b1) >>> 24);
  const path = join(home, "chunks");
  const file = await open(path, "w");
  expect(await writeChunks(file, overwritten(chunksOf(whole, lengths)))).toBe(bytes);
  await file.close();
  expect(readFileSync(path).equals(whole)).toBe(true);
});

test("an array is written as it is", async () => {
  const path = join(home, "array");
  const file = await open(path, "w");
  expect(await writeChunks(file, Uint8Array.of(3, 1, 4))).toBe(3);
  await file.close();
  expect([...readFileSync(path)]).toEqual([3, 1, 4]);
});

test("what the chunks throw comes first, and a write that failed is told", async () => {
  async function* failing() {
    yield new Uint8Array(5 * MEBI);
    throw new Error("injected");
  }
  const file = await open(join(home, "failing"), "w");
  await expect(writeChunks(file, failing())).rejects.toThrow("injected");
  await file.close();
  const readOnly = await open(join(home, "failing"), "r");
  const chunks = chunksOf(new Uint8Array(10 * MEBI), [MEBI]);
  await expect(writeChunks(readOnly, chunks)).rejects.toThrow("EBADF");
  await expect(writeChunks(readOnly, new Uint8Array(1))).rejects.toThrow("EBADF");
  await readOnly.close();
});
