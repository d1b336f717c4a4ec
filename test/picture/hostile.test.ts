/** Files that were made to hurt, each in a process of its own: one named error, little memory, no hang. Damaged ones: test/data/fuzz. */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPicture } from "../../src/picture/index.js";
import { buildChild } from "../data/fuzz/fuzz.js";
import { greysOf } from "./greys.js";
import type { Answer } from "./hostile-child.js";
import { hostile, swollen } from "./hostile-files.js";
import { kinds } from "./kinds.js";
import { large, largePixels } from "./large-files.js";

const HANG_MS = 120_000;
const MiB = 2 ** 20;
/** 16 MiB that a data set may have besides its pixels, and garbage; a picture's own bytes are beside that. */
const ALLOWED = 160 * MiB;
const folder = mkdtempSync(join(tmpdir(), "blindsight-hostile-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let child: string;
beforeAll(async () => {
  child = await buildChild("hostile", "test/picture/hostile-child.ts");
});

/** What a process says that has read a file like it before, so that the decoder is there. */
function answerTo(bytes: Uint8Array): Promise<Answer> {
  const [path, warm] = [join(folder, "bytes"), join(folder, "warm")];
  writeFileSync(path, bytes);
  const isDeflated = Buffer.from(bytes.subarray(0, 300)).includes("1.2.840.10008.1.2.1.99");
  const first = bytes[0] === 0xff ? "JPEG" : isDeflated ? "deflated" : "DICOM";
  writeFileSync(warm, kinds.find(([name]) => name === first)![1]);
  return new Promise((resolve, reject) => {
    const process_ = fork(child, [path, warm]);
    const timer = setTimeout(() => {
      process_.kill("SIGKILL");
      reject(new Error("it hangs"));
    }, HANG_MS);
    process_.on("message", (answer: Answer) => resolve(answer));
    process_.on("exit", (code, signal) => {
      clearTimeout(timer);
      // After an answer this changes nothing.
      reject(new Error(`the process ended (${code ?? signal})`));
    });
  });
}

it.each(kinds)("%s, whole, is read", async (_, bytes) => {
  const { picture } = await readPicture(bytes, { frame: 1 });
  expect(new Set(greysOf(picture)).size).toBeGreaterThan(5);
});

describe("made to hurt", () => {
  it.each([...hostile, ...swollen])("%s", async (_, make, message) => {
    const { error, took } = await answerTo(make());
    if (message === undefined) expect(error).toBeUndefined();
    else {
      expect(error?.message).toMatch(message);
      expect(error?.isNamed).toBe(true);
      expect(error?.message).not.toContain("cannot be read (");
    }
    expect(took).toBeLessThan(ALLOWED);
  });
});

describe("64 million pixels take no more than four times their bytes", () => {
  it.each(large)("%s", async (_, make) => {
    const { error, pixels, took } = await answerTo(make());
    expect([error, pixels]).toEqual([undefined, largePixels]);
    expect(took).toBeLessThan(4 * largePixels + ALLOWED);
  });
});
