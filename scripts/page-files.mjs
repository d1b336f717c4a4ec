// What the scripts of the page share: lists of SHA-256, the policy, and errors in one line.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/** A mistake of whoever runs a script, with the way out. */
export class Mistake extends Error {}

/** Runs a script: of a mistake its text is said, and nothing else. */
export async function run(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes the folder's SHA256SUMS, of every other file in it. @returns how many these are */
export function writeSums(folder) {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).replaceAll("\\", "/"))
    .filter((path) => path !== "SHA256SUMS")
    .sort();
  const lines = paths.map((path) => `${sha256(readFileSync(join(folder, path)))}  ${path}\n`);
  writeFileSync(join(folder, "SHA256SUMS"), lines.join(""));
  return paths.length;
}

/**
 * The page's Content-Security-Policy. `frame-ancestors 'none'` works as a header only: deploy/page.nginx.conf has it.
 * @param origin the service's; null for a page that works alone
 */
export function policyFor(origin) {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    `connect-src 'self'${origin === null ? "" : ` ${origin}`}`,
    "img-src 'self' blob: data:",
    "style-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}
