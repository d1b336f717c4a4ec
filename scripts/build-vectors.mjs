// Computes the test vectors of vectors/ by the BigInt reference in scripts/vectors, which shares no code with src.
// `--check` computes again and fails when a committed file differs.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { division, encoding, ntt, sampling } from "./vectors/building-blocks.mjs";
import { large } from "./vectors/large-scheme.mjs";
import { encryption, keySwitching, operations } from "./vectors/small-scheme.mjs";

const folder = new URL("../vectors/", import.meta.url);
const check = process.argv.includes("--check");

const contents = {
  "ntt.json": ntt(),
  "sampling.json": sampling(),
  "encoding.json": encoding(),
  "division.json": division(),
  "encryption.json": encryption(),
  "key-switching.json": keySwitching(),
  "operations.json": operations(),
  "large.json": large(),
};
const texts = Object.entries(contents).map(([name, content]) => [name, `${write({ format: 1, ...content }, "")}\n`]);
const sums = texts.map(([name, text]) => `${createHash("sha256").update(text).digest("hex")}  ${name}\n`);
for (const [name, text] of [...texts, ["SHA256SUMS", sums.join("")]]) deliver(new URL(name, folder), text);
console.log(`vectors: ${texts.length} files, ${texts.reduce((n, [, text]) => n + text.length, 0)} bytes`);

/** JSON with every list of numbers on one line. A BigInt is a number where a double holds it, else a text. */
function write(value, indent) {
  if (typeof value === "bigint") return write(Number.isSafeInteger(Number(value)) ? Number(value) : String(value), "");
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent} `;
  if (!Array.isArray(value)) {
    const entries = Object.entries(value).map(
      ([key, entry]) => `${inner}${JSON.stringify(key)}: ${write(entry, inner)}`,
    );
    return `{\n${entries.join(",\n")}\n${indent}}`;
  }
  if (value.some((entry) => typeof entry === "object")) {
    return `[\n${value.map((entry) => inner + write(entry, inner)).join(",\n")}\n${indent}]`;
  }
  const entries =
    value.some((entry) => !isShort(entry)) && value.some((entry) => typeof entry === "bigint")
      ? value.map((entry) => JSON.stringify(String(entry))) // all of a list are texts if one is
      : value.map((entry) => write(entry, ""));
  return `[${entries.join(",")}]`;
}

function isShort(entry) {
  return typeof entry !== "bigint" || Number.isSafeInteger(Number(entry));
}

function deliver(file, text) {
  if (!check) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    console.error(`${fileURLToPath(file)} is stale: run npm run build:vectors and commit it`);
    process.exit(1);
  }
}
