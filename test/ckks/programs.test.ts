import { expect, it } from "vitest";
import { runProgram } from "./random-program.js";

it("random programs on random parameters stay within their derived bounds, half of them by less than four bits", async () => {
  const slacks: number[] = [];
  for (let stream = 0; stream < 60; stream++) slacks.push(...(await runProgram(stream, 20, 12)));
  expect(slacks).toHaveLength(1200);
  expect(slacks.sort((a, b) => a - b)[600]).toBeLessThan(4);
});
