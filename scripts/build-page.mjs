// The two files of the package that a page takes as they are, made of what tsc left in dist:
// dist/worker.js, the workers' script, and dist/blindsight.js, the whole library in one module, with everybody's licence.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { workerScript } from "../dist/ntt/cpu/worker.generated.js";

const root = fileURLToPath(new URL("..", import.meta.url));

writeFileSync(join(root, "dist/worker.js"), workerScript);
writeFileSync(join(root, "dist/worker.d.ts"), "// A script for workers; it exports nothing.\nexport {};\n");

const [{ output }] = [
  await build({
    root,
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rollupOptions: {
        input: join(root, "dist/bundle.js"),
        preserveEntrySignatures: "strict",
        output: { codeSplitting: false, comments: false },
      },
    },
  }),
].flat();
if (output.length !== 1) throw new Error(`one file was expected, not ${output.map(({ fileName }) => fileName)}`);
const [{ code, moduleIds }] = output;
/** Files by package. */
const packages = new Map();
for (const id of moduleIds) {
  const name = id.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1];
  if (name) packages.set(name, [...(packages.get(name) ?? []), id]);
}
const file = `${notices()}${code}`;
const bytes = Buffer.byteLength(file);
writeFileSync(join(root, "dist/blindsight.js"), file);
console.log(
  `dist/blindsight.js: ${bytes} bytes, with ${[...packages.keys()].join(" and ")}; dist/worker.js: ${workerScript.length}`,
);

/** A comment that minifiers keep: who wrote what is inside, and on which terms. */
function notices() {
  const parts = [notice(root, []), "It holds parts of:"];
  for (const [name, files] of packages) parts.push(notice(join(root, "node_modules", name), files));
  const text = parts.join("\n\n");
  if (text.includes("*/")) throw new Error("a licence would end the comment that it stands in");
  return `/*!\n${text}\n*/\n`;
}

/** A package's licence, and what its files say of theirs: protobuf has no text of its own, and one file under another. */
function notice(folder, files) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const own = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const texts = new Set(own ? [readFileSync(join(folder, own), "utf8").trim()] : []);
  for (const file of files) {
    const header = readFileSync(file, "utf8").match(/^(\/\/.*\n)+/)?.[0];
    if (header && /copyright/i.test(header)) texts.add(header.replace(/^\/\/ ?/gm, "").trim());
  }
  if (texts.size === 0) throw new Error(`${name} says nothing of its licence`);
  return [`${name} ${version}, ${license}`, ...texts].join("\n\n");
}
