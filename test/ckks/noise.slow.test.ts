import { expect, it } from "vitest";
import { estimateNoise } from "./noise-programs.js";

it("20,000 random operations on values that fill their bounds, in rings up to N = 2^16: rms within two bits in the mean, no slot beyond its bound", async () => {
  const streams = Array.from({ length: 800 }, (_, i) => 6000 + i);
  // One in twenty programs may take a large ring.
  const report = await estimateNoise(streams, 25, (stream) => (stream % 20 === 0 ? 16 : 13));
  console.log(`estimated noise beside measured, in bits: ${JSON.stringify(report)}`);
  expect(report.results).toBeGreaterThan(19_000);
  expect(report.mean).toBeLessThan(2);
});
