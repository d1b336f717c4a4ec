import { createHash } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { digestOf } from "../../src/bytes/digest.js";

afterEach(() => void vi.unstubAllGlobals());

test.each([
  ["with WebCrypto", true],
  ["without it, as on a page that came by http", false],
])("SHA-256 of runs one behind the other, %s", async (_, subtle) => {
  if (!subtle) vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
  const runs = [3, 0, 100_000].map((length) => Uint8Array.from({ length }, (_, i) => i * 7));
  const expected = createHash("sha256").update(Buffer.concat(runs)).digest("hex");
  expect(Buffer.from(await digestOf(runs)).toString("hex")).toBe(expected);
});
