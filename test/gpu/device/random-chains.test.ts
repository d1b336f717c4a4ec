import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GpuDevice, openWebGpuDevice } from "../../../src/gpu/device.js";
import { openReferenceDevice } from "../../../src/ntt/reference.js";
import { Runner } from "./program-runner.js";
import { LIMBS, program } from "./random-programs.js";

describe.each([
  [10, Number(process.env.CHAINS ?? 250)],
  [13, Number(process.env.LONG_CHAINS ?? 25)],
])("N = 2^%i", (logN, numRuns) => {
  let gpu: GpuDevice;
  beforeAll(async () => {
    gpu = await openWebGpuDevice({ memoryLimit: LIMBS * 4 * 2 ** logN });
  });
  afterAll(() => gpu.close());

  test(`${numRuns} random chains of launches leave the reference's residues`, async () => {
    const reference = openReferenceDevice();
    const property = fc.asyncProperty(program, async (program) => {
      const runner = new Runner([gpu, reference], logN);
      try {
        await runner.run(program);
      } finally {
        runner.freeAll();
      }
    });
    await fc.assert(property, { numRuns });
    expect(gpu.statistics().bytesInUse).toBe(0);
  });
});
