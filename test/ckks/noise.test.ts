import { expect, it } from "vitest";
import { estimateNoise } from "./noise-programs.js";

it("random programs whose values fill their bounds: rms within half a bit of measured in the mean, no slot beyond its bound", async () => {
  const streams = Array.from({ length: 60 }, (_, i) => 5000 + i);
  const report = await estimateNoise(streams, 20, () => 12);
  expect(report.results).toBeGreaterThan(1100);
  expect(report.mean).toBeLessThan(0.5); // 0.2 as a rule
  expect(report.medianSlack).toBeLessThan(4);
});
