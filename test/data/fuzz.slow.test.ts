import { beforeAll, describe, expect, it } from "vitest";
import { buildChild, fuzz } from "./fuzz/fuzz.js";

const INPUTS = 100_000;
/** A plan takes a fiftieth of a second. */
const PLANS = 10_000;

let child: string;
beforeAll(async () => {
  child = await buildChild("long");
});

/**
 * Each input is damaged anew; its reader may take what `targets.ts` states for one input, has a heap of 256 MiB, and its
 * process keeps below 1 GiB. A failure names the seed and the index of the input.
 */
describe(`${INPUTS} damaged files a reader end in a named error, or in the values that were written`, () => {
  it.each([
    ["npz", INPUTS],
    ["arrays", INPUTS],
    ["png", INPUTS],
    ["scanlines", INPUTS],
    ["onnx", INPUTS],
    ["plans", PLANS],
    ["residues", INPUTS],
    ["files", INPUTS],
    ["values", INPUTS],
  ])("%s", async (target, count) => {
    const { faults, ...report } = await fuzz(child, target, count);
    console.log(`${target}: ${JSON.stringify(report)}`);
    expect(faults).toEqual([]);
    expect(report.inputs).toBe(count);
    expect(report.peakRss).toBeLessThan(2 ** 30);
  });
});
