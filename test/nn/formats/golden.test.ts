import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { openDevice } from "../../../src/index.js";
import { exchangedReaders, writeExchanged } from "./exchanged.js";

const folder = fileURLToPath(new URL("../../golden/format-1/", import.meta.url));
const device = await openDevice("cpu", { threads: 1 });
afterAll(() => device.close());
const files = await writeExchanged(device);

/** As test/ckks/formats/golden.test.ts: read by every later version, written like this for ever, never written again. */
describe.each(Object.keys(files))("golden file of format 1: %s", (name) => {
  const path = `${folder}${name}.blind`;
  if (process.env.BLINDSIGHT_GOLDEN === "write" && !existsSync(path)) writeFileSync(path, files[name]);

  test("is written to the byte", () => {
    expect(Buffer.compare(readFileSync(path), files[name])).toBe(0);
  });

  test("is read, and says what was put into it", async () => {
    const bytes = readFileSync(path);
    using read = await exchangedReaders[name](bytes, device);
    expect(Buffer.compare(await read.toBytes(), bytes)).toBe(0);
    const { identity, ...content } = read.content;
    expect(identity).toBe("0123456789abcdef".repeat(4));
    if ("outputScale" in content) {
      const scale = { "model-encrypted": 4, "model-plain": 1, "encrypted-result": 2 }[name];
      expect(content.outputScale).toBe(scale);
    }
    if ("encrypted" in content) expect(content.encrypted).toEqual({ image: true, model: false });
  });
});
