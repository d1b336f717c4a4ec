import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { inputsFor } from "../../src/cli/roles/inputs.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { compile, importOnnx, unlikeTraining } from "../../src/nn/index.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The middle of a column of screenshots is one of them. */
const screenshots = `${root}test/nn/screenshots.png`;

test("encrypt and ask warn of a screenshot by unlikeTraining, with the file's name, and take it all the same", async () => {
  const plan = compile(importOnnx(readFileSync(`${root}models/rl3-pneumoniamnist.onnx`)));
  const warnings: string[] = [];
  const terminal = { warn: (text: string) => warnings.push(text) } as unknown as Terminal;
  const [values] = await inputsFor(plan, { image: [screenshots], split: "test" }, terminal);
  expect(values.length).toBe(784);
  const { text } = unlikeTraining(values, { input: plan.program.input, card: plan.card })!;
  expect(warnings).toEqual([`${screenshots}: ${text}`]);
});
