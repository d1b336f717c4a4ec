// One static folder, build/site: the page alone in the tab, and under docs/ the API reference with the project's pages. It runs under any path.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = process.argv[2] ?? join(root, "build/site");
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
console.log(`${out}: the page, and docs/ beside it`);
