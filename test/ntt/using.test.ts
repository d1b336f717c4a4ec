import { expect, test } from "vitest";
test("using", () => {
  const log: string[] = [];
  { using a = { [Symbol.dispose]() { log.push("d"); } }; log.push(typeof a); }
  expect(log).toEqual(["object", "d"]);
});
