import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fold } from "../../src/nn/fold/fold.js";
import { interpretFolded } from "../../src/nn/fold/interpret.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { randomImage } from "./random-network.js";

// The trained networks that blindsight ships, folded.

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = existsSync(`${root}models`) ? readdirSync(`${root}models`).filter((name) => name.endsWith(".onnx")) : [];

describe.skipIf(files.length === 0)("models", () => {
  it.each(files.filter((file) => !file.includes("relu")))("fold(%s) = the original to 1e-12", (file) => {
    const bytes = readFileSync(`${root}models/${file}`);
    const network = importOnnx(bytes);
    // Of large networks, which take seconds: no fold, all, and each with and without its neighbour.
    for (const setting of bytes.length > 100_000 ? [0, 5, 10, 15] : Array.from({ length: 16 }, (_, k) => k)) {
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
});
