import { beforeAll, describe, expect, it } from "vitest";
import { buildChild, fuzz } from "./fuzz/fuzz.js";

let child: string;
beforeAll(async () => {
  child = await buildChild("short");
});

/** The short form of fuzz.slow.test.ts. */
describe("damaged files end in a named error, or in the values that were written", () => {
  it.each(["npz", "arrays", "png", "scanlines", "onnx", "residues"])("%s, 1500 of them", async (target) => {
    const report = await fuzz(child, target, 1500);
    expect(report.faults).toEqual([]);
    expect(report.inputs).toBe(1500);
    expect(report.refused).toBeGreaterThan(100);
    expect(report.peakRss).toBeLessThan(2 ** 30);
  });
});
