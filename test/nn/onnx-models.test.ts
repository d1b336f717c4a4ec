import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { fold } from "../../src/nn/fold.js";
import type { Network } from "../../src/nn/graph.js";
import { interpret } from "../../src/nn/interpret.js";
import { interpretFolded } from "../../src/nn/interpret-folded.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { randomImage } from "./random-network.js";

// The trained networks that blindsight ships, as PyTorch exported them.

const root = fileURLToPath(new URL("../../", import.meta.url));
const data = process.env["BLINDSIGHT_DATA"] ?? `${root}../shared/data`;
const files = existsSync(`${root}models`) ? readdirSync(`${root}models`).filter((name) => name.endsWith(".onnx")) : [];
const results = `${root}training/results.json`;

function load(file: string): Network {
  return importOnnx(readFileSync(`${root}models/${file}`));
}

function operators(network: Network, op: string): number {
  return network.layers.filter((layer) => layer.op === op).length;
}

describe.skipIf(files.length === 0)("models", () => {
  it.each(files)("%s keeps its batch norms, one before every activation, and carries its card", (file) => {
    const network = load(file);
    const activations = operators(network, "quad") + operators(network, "relu");
    expect(activations).toBeGreaterThan(0);
    expect(operators(network, "batchNorm2d")).toBe(activations);
    for (const [i, { op }] of network.layers.entries()) {
      if (op === "quad" || op === "relu") expect(network.layers[i - 1].op).toBe("batchNorm2d");
    }
    expect(network.classes).toBe(2);
    expect(network.card.name).toBe(file.replace(".onnx", ""));
    expect(network.card.labels.every((label) => !label.startsWith("class "))).toBe(true);
    if (network.card.twin) expect(files).toContain(`${network.card.twin}.onnx`);
  });

  it.each(files.filter((file) => !file.includes("relu")))("fold(%s) = the original to 1e-12", (file) => {
    const network = load(file);
    for (let setting = 0; setting < 16; setting++) {
      const [batchNorm, square, pooling, linear] = [1, 2, 4, 8].map((bit) => (setting & bit) !== 0);
      const { folded, depth } = fold(network, { batchNorm, square, pooling, linear });
      if (file.startsWith("rl3") && setting === 0) expect(depth).toBe(15);
      if (file.startsWith("rl3") && setting === 15) expect(depth).toBe(7);
      const image = randomImage(network, setting);
      const logits = interpretFolded(folded, image);
      for (const [i, logit] of interpret(network, image).entries()) {
        expect(Math.abs(logits[i] - logit)).toBeLessThan(1e-12 * Math.max(1, Math.abs(logit)));
      }
    }
  });

  it.each(
    files.filter((file) => existsSync(results) && existsSync(`${data}/${load(file).card.dataset}.npz`)),
  )("%s: interpret = PyTorch's logits of the first test images", (file) => {
    const network = load(file);
    const { scale, offset } = network.card.input;
    const expected: number[][] = JSON.parse(readFileSync(results, "utf8"))[network.card.name]?.firstTestLogits ?? [];
    const pixels = testImages(`${data}/${network.card.dataset}.npz`);
    const size = network.input.height * network.input.width;
    for (const [n, logits] of expected.entries()) {
      const image = Float64Array.from(pixels.subarray(n * size, (n + 1) * size), (v) => v * scale + offset);
      for (const [i, logit] of interpret(network, image).entries())
        expect(Math.abs(logit - logits[i])).toBeLessThan(1e-4);
    }
  });
});

/** `test_images` of a MedMNIST file: uint8, after NumPy's header. */
function testImages(path: string): Uint8Array {
  const array = unzipSync(readFileSync(path), { filter: ({ name }) => name === "test_images.npy" })["test_images.npy"];
  return array.subarray(10 + array[8] + 256 * array[9]);
}
