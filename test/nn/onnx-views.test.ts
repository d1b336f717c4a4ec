import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { importOnnx } from "../../src/nn/onnx.js";
import { viewsOf } from "../data/views.js";

it("a network is the same, whatever its bytes are a view of", () => {
  const bytes = readFileSync(new URL("../../models/rl1-phantom.onnx", import.meta.url));
  const expected = importOnnx(new Uint8Array(bytes));
  for (const [where, view] of viewsOf(bytes)) expect(importOnnx(view), where).toEqual(expected);
});
