// One static folder, build/site: the page alone in the tab, and under docs/ the API reference with the project's pages. It runs under any path.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Mistake, run, writeSums } from "./page-files.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

await run(() => {
  const out = resolve(process.argv[2] ?? join(root, "build/site"));
  // The page first: it empties the folder.
  script("build-web.mjs", "--out", out, "--docs", "docs/index.html");
  script("build-docs.mjs", "--site", join(out, "docs"));
  for (const path of ["index.html", "docs/index.html", "docs/modules/blindsight_nn.html"]) {
    if (!existsSync(join(out, path))) throw new Mistake(`the site has no ${path}`);
  }
  console.log(`${out}: the page, and docs/ beside it, ${writeSums(out)} files`);
});

function script(name, ...args) {
  const options = { cwd: root, stdio: ["ignore", "ignore", "inherit"] };
  const { status } = spawnSync(process.execPath, [join(root, "scripts", name), ...args], options);
  if (status !== 0) throw new Mistake(`scripts/${name} ended with ${status}`);
}
