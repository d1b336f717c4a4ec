import { expect, it } from "vitest";
import { runProgram } from "./random-program.js";

it("20,000 random operations in rings up to N = 2^16 stay within their derived bounds, half of them by less than four bits", async () => {
  const slacks: number[] = [];
  // One in twenty programs may take a large ring.
  for (let stream = 1000; stream < 1800; stream++) {
    slacks.push(...(await runProgram(stream, 25, stream % 20 === 0 ? 16 : 13)));
  }
  expect(slacks).toHaveLength(20_000);
  slacks.sort((a, b) => a - b);
  const at = (share: number) => slacks[Math.floor(share * slacks.length)].toFixed(1);
  console.log(`bits between bound and error: ${[0, 0.1, 0.5, 0.9, 0.99].map(at).join(", ")}`);
  expect(slacks[10_000]).toBeLessThan(4);
});
