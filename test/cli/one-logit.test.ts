/** A network with one logit from file to verdict, image and model encrypted: as the same network with two. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { phantomsNpz } from "../../src/data/phantom-set.js";
import { oneLogit, twoLogits } from "../nn/one-logit.js";
import { blindsight, buildIfStale } from "./blindsight.js";

let folder: string;
beforeAll(() => {
  buildIfStale();
  folder = mkdtempSync(join(tmpdir(), "blindsight-one-"));
  writeFileSync(join(folder, "set.npz"), phantomsNpz(9, { train: 20, val: 5, test: 12 }));
  writeFileSync(join(folder, "one.onnx"), oneLogit());
  writeFileSync(join(folder, "sigmoid.onnx"), oneLogit({ sigmoid: true }));
  writeFileSync(join(folder, "strict.onnx"), oneLogit({ threshold: 0.999999 }));
  writeFileSync(join(folder, "two.onnx"), twoLogits());
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, model: string, ...more: string[]) {
  const { status, stdout, stderr } = blindsight(
    [command, "--model", model, "--dataset", "set.npz", "--device", "cpu", ...more],
    folder,
  );
  expect(status, stderr).toBe(0);
  return { stdout, stderr };
}
const json = (command: string, model: string, ...more: string[]) =>
  JSON.parse(run(command, model, "--json", ...more).stdout);

it.each(["0", "1", "2"])("diagnose --json: label and probabilities of image %s, encrypted", (index) => {
  const two = json("diagnose", "two.onnx", "--index", index);
  for (const model of ["one.onnx", "sigmoid.onnx"]) {
    const one = json("diagnose", model, "--index", index);
    expect(one.label).toBe(two.label);
    expect(one.encrypted).toEqual({ image: true, model: true });
    expect(one.probabilities).toHaveLength(2);
    for (const k of [0, 1]) {
      expect(one.probabilities[k]).toBeCloseTo(two.probabilities[k], 2);
      expect(one.clearProbabilities[k]).toBeCloseTo(two.clearProbabilities[k], 5);
    }
  }
});

it("diagnose for people: both classes, and the threshold of the card", () => {
  const { stdout } = run("diagnose", "one.onnx");
  expect(stdout).toMatch(/\n {2}clear +\d+\.\d % +\d+\.\d %\n {2}lesion +\d+\.\d % +\d+\.\d %\n/);
  expect(stdout).toMatch(/verdict: (clear|lesion); in the clear: (clear|lesion) \("lesion" from \d+\.\d %\)/);
  expect(run("diagnose", "sigmoid.onnx").stderr).toMatch(/sigmoid\.onnx: Sigmoid .* was dropped/);
});

it("evaluate --json: accuracy and area under the curve are those of the network with two logits", () => {
  const [one, two] = [json("evaluate", "one.onnx"), json("evaluate", "two.onnx")];
  expect(one.clearAccuracy).toBe(two.clearAccuracy);
  expect(one.clearAuc).toBeCloseTo(two.clearAuc, 12);
  expect(one.accuracy).toBe(one.clearAccuracy);
  expect(one.auc).toBeGreaterThan(0.5);
  expect(one.aucInterval).toHaveLength(2);
  // Nothing is a lesion to a threshold of one in a million: what is right are the images that have none.
  const strict = json("evaluate", "strict.onnx");
  expect(strict.accuracy).toBeLessThan(one.accuracy);
  expect(strict.auc).toBeCloseTo(one.auc, 2);
});
