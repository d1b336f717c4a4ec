import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeNpz } from "../../src/data/npz-writer.js";
import { drawPhantom } from "../../src/data/phantom.js";
import { phantomsNpz } from "../../src/data/phantom-set.js";
import { blindsight, buildIfStale } from "./blindsight.js";

const models = fileURLToPath(new URL("../../models", import.meta.url));
/** The smallest network: seconds, not minutes. */
const quick = ["--model", "rl1-phantom"];
let folder: string;

const run = (...args: string[]) => blindsight(args, folder);

beforeAll(() => {
  buildIfStale();
  folder = mkdtempSync(join(tmpdir(), "blindsight-cli-"));
  const inFolder = (name: string, bytes: Uint8Array | string) => writeFileSync(join(folder, name), bytes);
  const npz = phantomsNpz(9, { train: 20, val: 5, test: 6 });
  inFolder("six.npz", npz);
  inFolder("truncated.npz", npz.subarray(0, npz.length - 100));
  inFolder("text.onnx", "This is no model.\n");
  const onnx = readFileSync(join(models, "rl1-phantom.onnx"));
  inFolder("cut.onnx", onnx.subarray(0, onnx.length / 2));
  inFolder("text.png", "This is no picture.\n");
  inFolder("chest.png", encode({ width: 28, height: 28, data: drawPhantom(9, 1).pixels, channels: 1, depth: 8 }));
  const one = { shape: [1, 1], data: Uint8Array.of(7) };
  const set = (size: number) => ({ shape: [1, size, size], data: new Uint8Array(size * size) });
  inFolder("large.npz", writeNpz({ test_images: set(32), test_labels: one }));
  inFolder("label7.npz", writeNpz({ test_images: set(28), test_labels: one }));
  mkdirSync(join(folder, "data"));
  inFolder("data/breastmnist.npz", npz.subarray(0, 1000));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("--memory", () => {
  it("keeps keys and weights outside of the device's memory, and changes no bit of the result", () => {
    const args = ["diagnose", ...quick, "--dataset", "six.npz", "--device", "cpu", "--seed", "5", "--json"];
    const [inside, outside] = [[], ["--memory", "1"]].map((memory) => {
      const { status, stdout, stderr } = run(...args, ...memory);
      expect(status, stderr).toBe(0);
      return JSON.parse(stdout);
    });
    expect(outside.probabilities).toEqual(inside.probabilities);
    expect(outside.bytes).toEqual(inside.bytes);
  });
});

describe("devices", () => {
  it("lists the CPU, and says why there is no GPU where there is none", () => {
    const driver = join(folder, "no-driver.json");
    const { status, stdout } = blindsight(["devices", "--json"], folder, { VK_DRIVER_FILES: driver });
    expect(status).toBe(0);
    const [cpu, gpu] = JSON.parse(stdout);
    expect(cpu).toEqual({ kind: "cpu", name: expect.stringMatching(/^CPU/) });
    if (process.platform === "linux")
      expect(gpu).toMatchObject({ kind: "webgpu", fix: expect.stringContaining("cpu") });
  });

  it("--device webgpu without an adapter is one line that says the way out", () => {
    const driver = { VK_DRIVER_FILES: join(folder, "no-driver.json") };
    const { status, stderr } = blindsight(
      ["diagnose", ...quick, "--dataset", "six.npz", "--device", "webgpu"],
      folder,
      driver,
    );
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/blindsight: WebGPU has no adapter — .*use the device "cpu"/);
  });
});

describe("diagnose --json", () => {
  it("prints exactly one object with the agreed fields", () => {
    const { status, stdout, stderr } = run("diagnose", ...quick, "--dataset", "six.npz", "--index", "3", "--json");
    expect(status, stderr).toBe(0);
    const result = JSON.parse(stdout);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    expect(Object.keys(result)).toEqual([
      "label",
      "probabilities",
      "clearProbabilities",
      "maxLogitError",
      "security",
      "encrypted",
      "depth",
      "timingsMs",
      "bytes",
      "peakMemoryBytes",
      "device",
      "threads",
    ]);
    expect(["clear", "lesion"]).toContain(result.label);
    expect(result.security).toMatchObject({ bits: 128, logN: expect.any(Number), logQP: expect.any(Number) });
    expect(result.encrypted).toEqual({ image: true, model: true });
    expect(result.depth).toEqual({ used: 3, withoutFolding: 6 });
    expect(Object.keys(result.timingsMs)).toEqual(["keygen", "encryptModel", "encryptImage", "server", "decrypt"]);
    expect(Object.keys(result.bytes)).toEqual(["evaluationKeys", "model", "input", "result"]);
    for (const value of [...Object.values(result.timingsMs), ...Object.values(result.bytes), result.peakMemoryBytes]) {
      expect(value).toBeGreaterThan(0);
    }
    expect(result.maxLogitError).toBeLessThan(0.01);
    for (const [k, probability] of result.probabilities.entries()) {
      expect(probability).toBeCloseTo(result.clearProbabilities[k], 2);
    }
  });

  it("says that a plain model was not encrypted, and that a seed is unsafe; the same seed gives the same result", () => {
    const args = [...quick, "--dataset", "six.npz", "--plain-model", "--seed", "5", "--json"];
    const [first, second] = [run(...args), run(...args)];
    expect(first.status, first.stderr).toBe(0);
    expect(JSON.parse(first.stdout).encrypted).toEqual({ image: true, model: false });
    expect(first.stderr.match(/UNSAFE/g)).toHaveLength(1);
    expect(JSON.parse(second.stdout).probabilities).toEqual(JSON.parse(first.stdout).probabilities);
  });
});

describe("diagnose for people", () => {
  it("tells who did what on stdout, and shows no progress where nobody watches", () => {
    const { status, stdout, stderr } = run(...quick, "--image", "chest.png", "--dataset", "six.npz");
    expect(status, stderr).toBe(0);
    for (const text of ["key holder", "model owner", "server", "128 bits", "lesion", "largest logit error"]) {
      expect(stdout).toContain(text);
    }
    expect(stdout).toContain("The image and the model were both encrypted");
    expect(stdout).toContain("not a medical device");
    expect(stdout).not.toContain("\x1b");
    expect(stderr).not.toMatch(/█|%|warning/i);
  });

  it("falls back to a phantom only when called without any argument, in one line that says so", () => {
    const bare = run();
    expect(bare.status, bare.stderr).toBe(0);
    expect(bare.stdout).toContain("test image 0 of phantom");
    expect(bare.stderr.split("\n").filter((line) => line.includes("diagnosing a phantom instead"))).toHaveLength(1);
    expectFailure(run("--json"), /pneumoniamnist is not on this machine and cannot be downloaded: .*refuses/);
  }, 120_000);
});

describe("evaluate --json", () => {
  it("prints exactly one object with the agreed fields", () => {
    const { status, stdout, stderr } = run("evaluate", ...quick, "--dataset", "six.npz", "--limit", "4", "--json");
    expect(status, stderr).toBe(0);
    const result = JSON.parse(stdout);
    expect(Object.keys(result)).toEqual([
      "images",
      "accuracy",
      "auc",
      "accuracyInterval",
      "aucInterval",
      "clearAccuracy",
      "clearAuc",
      "reluAccuracy",
      "reluAuc",
      "agreement",
      "undecided",
      "maxLogitError",
      "serverMsPerImage",
    ]);
    expect(result.images).toBe(4);
    expect(result.reluAccuracy).toBeGreaterThanOrEqual(0);
    expect(result.agreement).toBe(1);
    expect(result.undecided).toEqual([]);
    expect(result.accuracy).toBe(result.clearAccuracy);
    expect(result.accuracyInterval[0]).toBeLessThanOrEqual(result.accuracy);
    expect(result.accuracyInterval[1]).toBeGreaterThanOrEqual(result.accuracy);
  });
});

describe("phantoms and depth", () => {
  it("writes the phantoms that the library draws, once", () => {
    const args = ["phantoms", "new.npz", "--seed", "9", "--train", "20", "--val", "5", "--test", "6"];
    const written = run(...args);
    expect(written.status, written.stderr).toBe(0);
    expect(readFileSync(join(folder, "new.npz"))).toEqual(readFileSync(join(folder, "six.npz")));
    expectFailure(run(...args), /new\.npz exists already/);
  });

  it("counts 15 levels for RL-3 without folding, and 7 with it", () => {
    const { stdout } = run("depth", "--json");
    const { withoutFolding, folded, table } = JSON.parse(stdout);
    expect([withoutFolding, folded, table.length]).toEqual([15, 7, 16]);
    expect(run("depth").stdout).toContain("15 → 7");
  });
});

describe("bad input ends with one line on stderr and exit code 2", () => {
  it.each<[string, string[], RegExp]>([
    ["an index out of range", [...quick, "--dataset", "six.npz", "--index", "6"], /index 6 .* — take --index 0 to 5/],
    ["an index that is no number", ["--index", "-1"], /--index -1/],
    ["a truncated npz", [...quick, "--dataset", "truncated.npz"], /truncated\.npz is truncated/],
    ["a data set that is not there", [...quick, "--dataset", "none.npz"], /there is no file none\.npz/],
    ["a data set of an unknown name", ["--dataset", "chestmnist"], /no data set "chestmnist"/],
    ["a data set without a model", ["--dataset", "six.npz"], /no built-in model is made for .* six — name one/],
    ["a label that the model does not know", ["evaluate", ...quick, "--dataset", "label7.npz"], /label 7.* 2 classes/],
    ["a split that is not there", [...quick, "--dataset", "label7.npz", "--split", "val"], /label7 has no val split/],
    ["a split of an unknown name", ["--split", "exam"], /--split.*exam/],
    ["a text file named .onnx", ["--model", "text.onnx"], /text\.onnx/],
    ["a model cut short", ["--model", "cut.onnx"], /cut\.onnx/],
    ["a model that is not there", ["--model", "none.onnx"], /there is no model "none\.onnx"/],
    ["a model with a ReLU", ["--model", "rl1-phantom-relu"], /relu/i],
    [
      "a model of another shape",
      [...quick, "--dataset", "large.npz"],
      /values of 1×28×28, the images of large are 1×32×32/,
    ],
    ["a picture that is none", [...quick, "--image", "text.png"], /text\.png is not a PNG, a JPEG or a DICOM/],
    ["a picture that is not there", [...quick, "--image", "none.png"], /there is no image none\.png/],
    ["a picture and an index", ["--image", "chest.png", "--index", "1"], /--image.*cannot be used with.*--index/],
    ["an unknown flag", ["--fast"], /unknown option '--fast'/],
    [
      "an unknown flag of a command",
      ["evaluate", "--index", "1"],
      /unknown option '--index'.*blindsight evaluate --help/,
    ],
    ["an unknown command", ["diagnoze"], /unknown command "diagnoze" — the commands are diagnose, evaluate/],
    ["a flag without its value", ["--model"], /--model/],
    ["an unknown device", ["--device", "abacus"], /--device.*abacus/],
  ])("%s", (_, args, message) => {
    expectFailure(run(...args), message);
  });

  it("a damaged data set in BLINDSIGHT_DATA, never skipped for the next source, not even by a bare call", () => {
    const env = { BLINDSIGHT_DATA: join(folder, "data") };
    const damaged = /data.breastmnist\.npz is damaged or not the official file/;
    expectFailure(blindsight(["--dataset", "breastmnist"], folder, env), damaged);
    writeFileSync(join(folder, "data", "pneumoniamnist.npz"), "");
    expectFailure(blindsight([], folder, env), /pneumoniamnist\.npz is damaged/);
  });
});

describe("help and version", () => {
  it("go to stdout with exit code 0", () => {
    for (const flag of ["--help", "--version"]) {
      const { status, stdout, stderr } = run(flag);
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/blindsight|\d+\.\d+\.\d+/);
    }
  });
});

function expectFailure({ status, stdout, stderr }: ReturnType<typeof run>, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^blindsight: [^\n]+ — [^\n]+\n$/);
  expect(stdout).toBe("");
  expect(status).toBe(2);
}
