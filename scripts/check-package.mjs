// Packs the library and uses it as a stranger would: publint, attw, size, and types under every way to look them up, without
// DOM, Node's types or skipLibCheck. What TypeScript makes of the sample runs, as a module and by require().
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Half of it are the networks of models/, each with its card: weights do not compress. */
const MOST_BYTES = 3.5 * 2 ** 20;
const USE = `
import { DeviceError, openDevice } from "blindsight";
import { type nn } from "blindsight/bundle";
import { HospitalClient } from "blindsight/client";
import { Evaluator, KeyHolder, Parameters } from "blindsight/ckks";
import { compile, importOnnx, type Plan } from "blindsight/nn";
import { primePool } from "blindsight/ntt";
import { readPicture } from "blindsight/picture";
import { chooseParameters, readParameters, writeParameters } from "blindsight/seal";

async function main(): Promise<void> {
  const device = await openDevice("cpu", { threads: 1 });
  const parameters = Parameters.choose({ depth: 1 });
  using alice = await KeyHolder.create(device, parameters);
  using keys = alice.evaluationKeys();
  const he = new Evaluator(device, parameters, keys);
  using x = alice.encrypt([0.5]);
  using y = he.square(x);
  const [value] = await alice.decrypt(y, 1);
  const seals = readParameters(writeParameters(chooseParameters({ depth: 1 }), "zlib"));
  const planned = (plan: Plan & nn.Plan) => plan.report();
  if (Math.abs(value - 0.25) > 0.01 || primePool().length !== 822 || !compile || !importOnnx || !HospitalClient || !readPicture || !planned || seals.maxLevel !== 1) {
    throw new DeviceError("wrong", "mend it");
  }
}
main();
`;

/** The file that is compiled, the one that comes of it, how, and, for what cannot be, TypeScript's number of the error. */
const WAYS = [
  { source: "use.mts", result: "use.mjs", module: "node16", resolution: "node16" },
  { source: "use.mts", result: "use.mjs", module: "nodenext", resolution: "nodenext" },
  { source: "use.cts", result: "use.cjs", module: "nodenext", resolution: "nodenext" },
  { source: "use.cts", result: "use.cjs", module: "commonjs", resolution: "node10" },
  { source: "use.mts", result: "use.mjs", module: "esnext", resolution: "bundler" },
  // Before Node could require() a module. docs/apps.md says "nodenext".
  { source: "use.cts", module: "node16", resolution: "node16", error: "TS1479" },
];
const OPTIONS = "--strict --target es2022 --lib es2022 --skipLibCheck false".split(" ");
const folder = mkdtempSync(join(tmpdir(), "blindsight-package-"));

try {
  run(root, "npx", ["publint", "--strict"]);
  const [{ filename }] = JSON.parse(
    run(root, "npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]),
  );
  const tarball = join(folder, filename);
  const { size } = statSync(tarball);
  if (size > MOST_BYTES) throw new Error(`${filename} has ${size} bytes, more than ${MOST_BYTES}`);
  // ESM only, on purpose: Node requires() it since 20.19, and two copies would break identity. The rest is checked, node10 too.
  run(root, "npx", ["attw", tarball, "--ignore-rules", "cjs-resolves-to-esm"]);

  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  run(folder, "npm", ["install", "--no-audit", "--no-fund", tarball]);
  for (const way of WAYS) use(way);
  console.log(`${filename}: ${size} bytes; ${WAYS.length} ways to import it and its types are as they should be`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function use({ source, result, module, resolution, error }) {
  writeFileSync(join(folder, source), USE);
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const args = [compiler, source, ...OPTIONS, "--module", module, "--moduleResolution", resolution];
  if (!error) {
    run(folder, "node", args);
    run(folder, "node", [result]);
    return;
  }
  try {
    run(folder, "node", args);
  } catch ({ stdout }) {
    if (stdout?.includes(error)) return;
    throw new Error(`${source}, module ${module}: ${error} was expected, not\n${stdout}`);
  }
  throw new Error(`${source}, module ${module}: ${error} was expected, but it compiles: say so in docs/apps.md`);
}

function run(cwd, command, args) {
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  } catch (failure) {
    failure.message += `\n${failure.stdout}`;
    throw failure;
  }
}
