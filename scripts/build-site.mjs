// One static folder, build/site: the page alone in the tab, and under docs/ the API reference with the project's pages. It runs under any path.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = resolve(process.argv[2] ?? join(root, "build/site"));
const run = (script, ...args) =>
  execFileSync(process.execPath, [join(root, "scripts", script), ...args], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });

// The page first: it empties the folder.
run("build-web.mjs", "--out", out, "--docs", "docs/index.html");
run("build-docs.mjs", "--site", join(out, "docs"));
for (const path of ["index.html", "docs/index.html", "docs/modules/blindsight_nn.html"]) {
  if (!existsSync(join(out, path))) throw new Error(`the site has no ${path}`);
}
const files = readdirSync(out, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(out, join(entry.parentPath ?? entry.path, entry.name)))
  .filter((path) => path !== "SHA256SUMS")
  .sort();
const sums = files.map(
  (path) =>
    `${createHash("sha256")
      .update(readFileSync(join(out, path)))
      .digest("hex")}  ${path}`,
);
writeFileSync(join(out, "SHA256SUMS"), `${sums.join("\n")}\n`);
console.log(`${out}: the page, and docs/ beside it`);
