/** The HomomorphicEncryption.org workload: a submission as it is written, its seven steps as processes, on drawn digits. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importOnnx, interpret } from "../../src/nn/index.js";
import { buildIfStale } from "../cli/blindsight.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const model = join(root, "models", "lola-mnist.onnx");
let home: string;
beforeAll(() => {
  buildIfStale();
  home = mkdtempSync(join(tmpdir(), "blindsight-"));
  mkdirSync(join(home, "mnist"));
  for (const name of ["train", "t10k"]) writeDigits(name);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Strokes, in MNIST's files: a hundred of them. */
function digit(k: number): number[] {
  return Array.from({ length: 784 }, (_, at) => {
    const [y, x] = [Math.floor(at / 28) - 14, (at % 28) - 14];
    const [angle, radius] = [Math.atan2(y, x) + k, Math.hypot(x, y)];
    return Math.round(255 * Math.exp(-((radius - 6 - 3 * Math.sin((1 + (k % 4)) * angle)) ** 2) / 4));
  });
}
function writeDigits(name: string): void {
  const pixels = Array.from({ length: 100 }, (_, k) => digit(k)).flat();
  writeFileSync(join(home, "mnist", `${name}-images-idx3-ubyte`), Uint8Array.from([...Array(16).fill(0), ...pixels]));
  writeFileSync(
    join(home, "mnist", `${name}-labels-idx1-ubyte`),
    Uint8Array.from([...Array(8).fill(0), ...Array(100).fill(7)]),
  );
}

function node(script: string, ...args: string[]): string {
  const all = [join(root, "scripts", script), ...args, "--mnist", join(home, "mnist")];
  return execFileSync(process.execPath, all, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

test.each([
  ["plain", "0,1"],
  ["encrypted", "0"],
])("weights %s, sizes %s: predictions are those of the network in the clear", (weights, sizes) => {
  const submission = join(home, weights);
  const folder = join(home, `${weights}-run`);
  node("build-submission.mjs", "--out", submission, "--weights", weights, "--network", model);
  const table = node("run-submission.mjs", "--submission", submission, "--sizes", sizes, "--folder", folder);
  expect(table).toContain("| client_key_generation, s |");
  const network = importOnnx(readFileSync(model));
  const { scale, offset } = network.card.input;
  for (const [name, count] of Object.entries({ single: 1, small: 100 }).slice(0, sizes.split(",").length)) {
    const io = join(folder, "io", name);
    const said = readFileSync(join(io, "encrypted_model_predictions.txt"), "utf8").trim().split("\n").map(Number);
    const clear = Array.from({ length: count }, (_, k) => {
      const logits = interpret(
        network,
        Float64Array.from(digit(k), (v) => v * scale + offset),
      );
      return logits.indexOf(Math.max(...logits));
    });
    expect(said).toEqual(clear);
    // A server finds no secret in what it is sent.
    const secret = readFileSync(join(io, "secret_key", "secret")).subarray(-256, -8);
    for (const sent of ["public_keys", "ciphertexts_upload"]) {
      for (const file of readdirSync(join(io, sent)))
        expect(readFileSync(join(io, sent, file)).includes(secret)).toBe(false);
    }
  }
});
