import { beforeAll, describe, expect, it } from "vitest";
import { buildChild, fuzz } from "./fuzz/fuzz.js";

const INPUTS = 100_000;
/** A plan takes a fiftieth of a second. */
const PLANS = 10_000;

let child: string;
beforeAll(async () => {
  child = await buildChild("long");
});

/** What needs a device; a key takes milliseconds. */
const OBJECTS = 20_000;
const KEYS = 10_000;
const SEAL_KEYS = 5_000;
/** Tens of ciphertexts each. */
const EXCHANGED = 5_000;

/**
 * Each input is damaged anew; its reader may take what `targets.ts` states for one input, has a heap of 256 MiB, and its
 * process keeps below 1 GiB. A failure names the seed and the index of the input.
 */
describe("damaged files, thousands for each reader, end in a named error, or in the values that were written", () => {
  it.each([
    ["npz", INPUTS],
    ["arrays", INPUTS],
    ["png", INPUTS],
    ["scanlines", INPUTS],
    ["pictures", INPUTS],
    ["onnx", INPUTS],
    ["plans", PLANS],
    ["residues", INPUTS],
    ["files", INPUTS],
    ["values", INPUTS],
    ["deflate", INPUTS],
    ["containers", OBJECTS],
    ["parameters", OBJECTS],
    ["public key", OBJECTS],
    ["plaintext", OBJECTS],
    ["ciphertext", OBJECTS],
    ["evaluation keys", KEYS],
    ["paged keys", KEYS],
    ["secret key", KEYS],
    ["wrapped secret key", KEYS],
    ["encrypted model", EXCHANGED],
    ["plain model", EXCHANGED],
    ["paged model", EXCHANGED],
    ["encrypted image", EXCHANGED],
    ["encrypted result", EXCHANGED],
    ["plan files", OBJECTS],
    ["model of numbers", EXCHANGED],
    ["SEAL parameters", OBJECTS],
    ["SEAL plaintext", KEYS],
    ["SEAL ciphertext", OBJECTS],
    ["SEAL values", KEYS],
    ["SEAL public key", KEYS],
    ["SEAL secret key", KEYS],
    ["SEAL relinearisation keys", SEAL_KEYS],
    ["SEAL Galois keys", SEAL_KEYS],
  ])("%s", async (target, count) => {
    const { faults, ...report } = await fuzz(child, target, count);
    console.log(`${target}: ${JSON.stringify(report)}`);
    expect(faults).toEqual([]);
    expect(report.inputs).toBe(count);
    expect(report.peakRss).toBeLessThan(2 ** 30);
  });
});
