import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Network } from "../../src/nn/graph/network.js";
import { sizeOf } from "../../src/nn/graph/shapes.js";
import { importOnnx } from "../../src/nn/onnx.js";

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
    const activations = operators(network, "quad") + operators(network, "activation");
    expect(activations).toBeGreaterThan(0);
    expect(operators(network, "batchNorm")).toBe(activations);
    for (const [i, { op }] of network.layers.entries()) {
      if (op === "quad" || op === "activation") expect(network.layers[i - 1].op).toBe("batchNorm");
    }
    expect(network.classes).toBe(2);
    expect(network.card.name).toBe(file.replace(".onnx", ""));
    expect(network.card.labels.every((label) => !label.startsWith("class "))).toBe(true);
    if (network.card.twin) expect(files).toContain(`${network.card.twin}.onnx`);
  });

  it.each(
    files.filter((file) => existsSync(results) && existsSync(`${data}/${load(file).card.dataset}.npz`)),
  )("%s: interpret = PyTorch's logits of the first test images", (file) => {
    const network = load(file);
    const { scale, offset } = network.card.input;
    const expected: number[][] = JSON.parse(readFileSync(results, "utf8"))[network.card.name]?.firstTestLogits ?? [];
    const pixels = testImages(`${data}/${network.card.dataset}.npz`);
    const size = sizeOf(network.input);
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
