import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { output, root, strangersProject } from "./stranger.js";

const text = readFileSync(join(root, "docs/apps.md"), "utf8");
let folder: string;

beforeAll(() => {
  folder = strangersProject(fileURLToPath(new URL("app", import.meta.url)));
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

function block(language: string): string {
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)![1];
}

test("the sample of docs/apps.md compiles and prints the squares that it says", () => {
  const file = join(folder, "sample.mts");
  writeFileSync(file, block("ts"));
  const options = ["--strict", "--target", "es2022", "--module", "nodenext", "--types", "node"];
  const types = ["--typeRoots", join(root, "node_modules/@types")];
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, file, ...options, ...types], { cwd: folder, stdio: "pipe" });
  expect(output(join(folder, "sample.mjs"))).toMatch(/\[\s*1,\s*4,\s*9\s*\]/);
});

test("its import map is the one that the browser tests use", () => {
  const page = readFileSync(join(root, "test/browser/page/plain.html"), "utf8");
  const [, used] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(page)!;
  expect(JSON.parse(block("json"))).toEqual(JSON.parse(used));
});

test("the sizes of the files for pages are those it says, to a tenth", () => {
  for (const name of ["blindsight", "worker"]) {
    const [, kilobytes] = new RegExp(`dist/${name}\\.js\`, (\\d+) kB`).exec(text)!;
    const { size } = statSync(join(folder, `node_modules/blindsight/dist/${name}.js`));
    expect(Math.abs(size / 1000 / Number(kilobytes) - 1)).toBeLessThan(0.1);
  }
});
