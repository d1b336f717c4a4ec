import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blindsight, buildIfStale } from "./blindsight.js";

const windows = process.platform === "win32";
const root = process.getuid?.() === 0;
let folder: string;

beforeAll(() => {
  buildIfStale();
  folder = mkdtempSync(join(tmpdir(), "blindsight-hostile-"));
  const at = (name: string) => join(folder, name);
  writeFileSync(at("empty"), "");
  mkdirSync(at("folder"));
  writeFileSync(at("sparse"), "");
  truncateSync(at("sparse"), 10_000_000_000);
  writeFileSync(at("secret"), "");
  chmodSync(at("secret"), 0);
  if (windows) return;
  symlinkSync("loop", at("loop"));
  symlinkSync("nowhere", at("dangling"));
  execFileSync("mkfifo", [at("pipe")]);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is at the path, the path, and what the line says. */
const paths: [string, string, RegExp, boolean?][] = [
  ["an empty file", "empty", /empty.*(not a PNG|not a zip archive|not an ONNX model)/],
  ["a folder", "folder", /folder is a folder — name a file in it/],
  ["a sparse file of 10 GB", "sparse", /sparse is 10000000000 bytes, at most \d+ are read — /],
  ["a device without an end", "/dev/zero", /zero is a device or a pipe — copy its contents/, windows],
  ["a pipe that nobody writes into", "pipe", /pipe is a device or a pipe — copy its contents/, windows],
  ["a link to itself", "loop", /loop cannot be read \(ELOOP\)/, windows],
  ["a link to nowhere", "dangling", /there is no .*dangling/, windows],
  ["a path behind a file", "empty/more", /there is no .*empty.more/, windows],
  ["a file of somebody else's", "secret", /secret cannot be read \(EACCES\)/, windows || root],
  ["a name longer than names can be", "n".repeat(300), /cannot be read \(ENAMETOOLONG\)/, windows],
];

describe.each([
  ["--image", ["diagnose", "--model", "rl1-phantom"]],
  ["--dataset", ["evaluate", "--model", "rl1-phantom"]],
  ["--model", ["diagnose"]],
])("%s answers in one line, with the way out and exit code 2, to", (option, args) => {
  for (const [what, path, message, skipped = false] of paths) {
    it.skipIf(skipped)(what, () => {
      const { status, stdout, stderr } = blindsight([...args, option, path], folder);
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/^blindsight: [^\n]+ — [^\n]+\n$/);
      expect([status, stdout]).toEqual([2, ""]);
    });
  }
});
