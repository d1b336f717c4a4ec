// What a release would be: the files of `npm pack`, the same bytes from a copy of the sources in another folder, and a bill of
// materials (build/sbom.json) of what comes with it. `--fast` leaves the second build out.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "blindsight-release-"));
const problems = [];

const LONE = ["CHANGELOG.md", "SECURITY.md", "ARCHITECTURE.md", "README.md", "LICENSE", "package.json"];
/** Of dist/ what no source of the same name makes. */
const MADE = new Set(["dist/blindsight.js", "dist/worker.js", "dist/worker.d.ts"]);
const LICENCES = new Set([
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "(Apache-2.0 AND BSD-3-Clause)",
  "0BSD",
]);

function isExpected(path) {
  if (LONE.includes(path) || MADE.has(path)) return true;
  if (/^models\/[\w.-]+\.(onnx|md|calibration\.json)$/.test(path) || path.startsWith("deploy/")) return true;
  const [, name] = /^dist\/(.*?)(?:\.d)?\.(?:js|ts)$/.exec(path) ?? [];
  return name !== undefined && existsSync(join(root, "src", `${name}.ts`));
}

function pack(from) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [{ filename, files, size, unpackedSize }] = JSON.parse(run(from, "npm", args));
  const bytes = readFileSync(join(folder, filename));
  return { files, size, unpackedSize, filename, sha256: createHash("sha256").update(bytes).digest("hex") };
}

try {
  const packed = pack(root);
  for (const { path } of packed.files) if (!isExpected(path)) problems.push(`${path} has no business in the package`);
  if (problems.length > 0) problems.push("rm -r dist && npm run build, where a source was renamed");
  const { filename, files, size, unpackedSize, sha256 } = packed;
  console.log(`${filename}: ${files.length} files, ${size} bytes, ${unpackedSize} unpacked, sha256 ${sha256}`);

  if (!process.argv.includes("--fast")) {
    const copy = join(folder, "elsewhere", "blindsight");
    const sources = run(root, "git", ["ls-files", "-co", "--exclude-standard"]).trim().split("\n");
    for (const name of sources.filter((name) => existsSync(join(root, name)))) {
      mkdirSync(dirname(join(copy, name)), { recursive: true });
      cpSync(join(root, name), join(copy, name));
    }
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    run(copy, "npm", ["run", "build"]);
    const again = pack(copy);
    if (again.sha256 === sha256) console.log("built elsewhere: the same bytes");
    else problems.push(`built in ${copy} it is sha256 ${again.sha256}: not the same bytes`);
  }

  // Of what a stranger gets: in this folder npm leaves out what development needs as well.
  const stranger = join(folder, "stranger");
  mkdirSync(stranger);
  writeFileSync(join(stranger, "package.json"), '{ "name": "stranger", "version": "0.0.0", "private": true }');
  run(stranger, "npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", join(folder, filename)]);
  const bill = JSON.parse(run(stranger, "npm", ["sbom", "--sbom-format", "cyclonedx"]));
  const own = Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies);
  const names = bill.components.map(({ group, name }) => (group ? `${group}/${name}` : name));
  for (const name of own) if (!names.includes(name)) problems.push(`${name} is not in the bill of materials`);
  for (const { name, licenses = [] } of bill.components) {
    const said = licenses.map(({ license, expression }) => license?.id ?? expression).join(" and ");
    if (!LICENCES.has(said)) problems.push(`${name}: ${said || "no licence"}`);
  }
  mkdirSync(join(root, "build"), { recursive: true });
  writeFileSync(join(root, "build/sbom.json"), `${JSON.stringify(bill, undefined, 2)}\n`);
  console.log(`build/sbom.json: ${bill.components.length} packages: ${names.join(", ")}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function run(cwd, file, args) {
  return execFileSync(file, args, { cwd, encoding: "utf8", maxBuffer: 2 ** 28, stdio: ["ignore", "pipe", "inherit"] });
}
