// Builds the page twice and compares the lists of SHA-256; holds its first load to 500 kB compressed, without models; and looks for
// what its policy forbids or would leak: inline scripts and styles, eval, this machine's paths.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { policyFor } from "./page-files.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const FIRST_LOAD_BYTES = 500_000;
const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), "blindsight-page-")));
const problems = [];
try {
  for (const folder of folders) {
    const args = [join(root, "scripts/build-web.mjs"), "--out", folder, "--service", "https://blindsight.example"];
    execFileSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  }
  const [first, second] = folders.map((folder) => readFileSync(join(folder, "SHA256SUMS"), "utf8"));
  if (first !== second) problems.push("two builds differ: see SHA256SUMS");

  const [folder] = folders;
  const assets = readdirSync(join(folder, "assets")).map((name) => join("assets", name));
  const html = readFileSync(join(folder, "index.html"), "utf8");
  // Decoders of pictures are loaded when one comes; counted all the same.
  const bytes = ["index.html", "icon.svg", ...assets].reduce(
    (sum, path) => sum + gzipSync(readFileSync(join(folder, path))).length,
    0,
  );
  if (bytes > FIRST_LOAD_BYTES)
    problems.push(`the first load has ${bytes} bytes compressed, more than ${FIRST_LOAD_BYTES}`);
  if (/<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/i.test(html)) problems.push("index.html has something inline");
  const policy = policyFor("https://blindsight.example");
  const nginx = readFileSync(join(root, "deploy/page.nginx.conf"), "utf8");
  if (!nginx.includes(`"${policy}; frame-ancestors 'none'"`))
    problems.push("deploy/page.nginx.conf has another policy");
  if (!html.includes(policy)) problems.push("index.html's policy does not name the service");
  for (const path of assets) {
    const text = readFileSync(join(folder, path), "utf8");
    if (text.includes(root.replace(/\/$/, ""))) problems.push(`${path} names this machine's folder`);
    if (/(?<![.\w])eval\(|\bnew Function\(/.test(text)) problems.push(`${path} evaluates text`);
  }
  if (problems.length === 0)
    console.log(
      `page: ${first.trim().split("\n").length} files, twice the same; ${bytes} bytes compressed without models`,
    );
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
