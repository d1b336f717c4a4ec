import { beforeAll, describe, expect, it } from "vitest";
import { buildChild, fuzz } from "./fuzz/fuzz.js";

let child: string;
beforeAll(async () => {
  child = await buildChild("short");
});

/** The short form of fuzz.slow.test.ts. */
describe("damaged files end in a named error, or in the values that were written", () => {
  it.each([
    ["npz", 1500],
    ["arrays", 1500],
    ["png", 1500],
    ["scanlines", 1500],
    ["pictures", 3000],
    ["onnx", 1500],
    ["plans", 300],
    ["residues", 1500],
    ["files", 1500],
    ["values", 1500],
    ["deflate", 1500],
    ["containers", 300],
    ["parameters", 300],
    ["public key", 300],
    ["plaintext", 300],
    ["ciphertext", 300],
    ["evaluation keys", 300],
    ["paged keys", 300],
    ["secret key", 300],
    ["wrapped secret key", 300],
    ["encrypted model", 150],
    ["plain model", 150],
    ["paged model", 150],
    ["encrypted image", 150],
    ["encrypted result", 150],
    ["plan files", 1500],
    ["model of numbers", 150],
    ["SEAL parameters", 300],
    ["SEAL plaintext", 300],
    ["SEAL ciphertext", 300],
    ["SEAL values", 300],
    ["SEAL public key", 300],
    ["SEAL secret key", 300],
    ["SEAL relinearisation keys", 150],
    ["SEAL Galois keys", 150],
  ])("%s, %i of them", async (target, count) => {
    const report = await fuzz(child, target, count);
    expect(report.faults).toEqual([]);
    expect(report.inputs).toBe(count);
    expect(report.refused).toBeGreaterThan(50);
    expect(report.peakRss).toBeLessThan(2 ** 30);
  });
});
