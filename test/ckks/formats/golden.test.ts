import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { openDevice } from "../../../src/index.js";
import { discard, readers, writeAll } from "./stored.js";

const folder = fileURLToPath(new URL("../../golden/format-1/", import.meta.url));
const device = await openDevice("cpu", { threads: 1 });
afterAll(() => device.close());
const files = await writeAll(device);

/**
 * Files that version 0.2 wrote, from seeds. They are read by every later version, and format 1 is written like this for
 * ever. New ones: BLINDSIGHT_GOLDEN=write, in the commit that adds a kind; none is ever written again.
 */
describe.each(Object.keys(files))("golden file of format 1: %s", (name) => {
  const path = `${folder}${name}.blind`;
  if (process.env.BLINDSIGHT_GOLDEN === "write" && !existsSync(path)) writeFileSync(path, files[name]);

  test("is written to the byte", () => {
    expect(Buffer.compare(readFileSync(path), files[name])).toBe(0);
  });

  test("is read", async () => {
    discard(await readers[name](readFileSync(path), device));
  });
});
