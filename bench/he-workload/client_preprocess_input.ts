/** Pixels as text become values in the network's units. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesOf, instanceOf, planOf, write } from "./place.js";

const instance = instanceOf(process.argv[2]);
const { scale, offset } = (await planOf(instance.mode)).card.input;
const rows = readFileSync(instance.pixels, "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line, k) => {
    // Shares of 255, which cards count in.
    const values = line
      .trim()
      .split(/\s+/)
      .map((text) => Number(text) * 255 * scale + offset);
    if (values.length === 784 && values.every(Number.isFinite)) return values;
    throw new Error(`${instance.pixels}: line ${k + 1} is not 784 numbers`);
  });
await write(join(instance.folder("intermediate"), "inputs.f64"), bytesOf(rows));
