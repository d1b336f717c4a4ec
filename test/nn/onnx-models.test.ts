import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Network } from "../../src/nn/graph/network.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { firstTestInputs, patternOf, type Trained } from "./trained-inputs.js";

// The trained networks that blindsight ships, as PyTorch exported them.

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = existsSync(`${root}models`) ? readdirSync(`${root}models`).filter((name) => name.endsWith(".onnx")) : [];
const record = `${root}training/results.json`;
const results: Record<string, Trained | undefined> = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : {};

function load(file: string): Network {
  return importOnnx(readFileSync(`${root}models/${file}`));
}

function trained(file: string): Trained | undefined {
  return results[file.replace(".onnx", "")];
}

describe.skipIf(files.length === 0)("models", () => {
  it.each(files)("%s keeps its batch norms, one before every activation or sum, and carries its card", (file) => {
    const network = load(file);
    const { layers } = network;
    const activations = layers.filter(({ op }) => op === "quad" || op === "activation").length;
    expect(activations).toBeGreaterThan(0);
    for (const [i, { op }] of layers.entries()) {
      if (op === "quad" || op === "activation") expect(["batchNorm", "add"]).toContain(layers[i - 1].op);
      if (op === "conv") expect(layers[i + 1].op).toBe("batchNorm");
    }
    expect(network.card.labels.every((label) => !label.startsWith("class "))).toBe(true);
    expect(network.card.name).toBe(file.replace(".onnx", ""));
    if (network.card.twin) expect(files).toContain(`${network.card.twin}.onnx`);
  });

  it.each(
    files.filter((file) => {
      const entry = trained(file);
      return entry && firstTestInputs(load(file), entry);
    }),
  )("%s: interpret = PyTorch's logits of the first test inputs", (file) => {
    const network = load(file);
    const entry = trained(file) as Trained;
    for (const [n, input] of (firstTestInputs(network, entry) ?? []).entries())
      for (const [i, logit] of interpret(network, input).entries())
        expect(Math.abs(logit - entry.firstTestLogits[n][i])).toBeLessThan(1e-4);
  });

  it.each(
    files.filter((file) => trained(file)?.patternLogits),
  )("%s: interpret = PyTorch's logits of a pattern", (file) => {
    const network = load(file);
    const expected = trained(file)?.patternLogits ?? [];
    // A quadratic network sends what is far from its images far away, in float32.
    const largest = expected.reduce((most, logit) => Math.max(most, Math.abs(logit)), 1);
    for (const [i, logit] of interpret(network, patternOf(network)).entries())
      expect(Math.abs(logit - expected[i])).toBeLessThan(1e-4 * largest);
  });
});
