import fc from "fast-check";
import { expect, it } from "vitest";

it("BLINDSIGHT_SEED is fast-check's seed in files that ask for none", () => {
  expect(fc.readConfigureGlobal().seed).toBe(Number(process.env.BLINDSIGHT_SEED));
});
