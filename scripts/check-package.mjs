// Packs the library and uses it as a stranger would: publint, size, ESM imports, types under node16 and bundler.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const MOST_BYTES = 2 * 2 ** 20;
const USE = `
import { openDevice } from "blindsight";
import { Evaluator, KeyHolder, Parameters } from "blindsight/ckks";
import { compile, importOnnx, type Plan } from "blindsight/nn";
import { primePool } from "blindsight/ntt";

const device = await openDevice("cpu", { threads: 1 });
const parameters = Parameters.choose({ depth: 1 });
const alice = KeyHolder.create(device, parameters);
const he = new Evaluator(device, parameters, alice.evaluationKeys());
const [value] = await alice.decrypt(he.square(alice.encrypt([0.5])), 1);
const planned = (plan: Plan) => plan.report();
if (Math.abs(value - 0.25) > 0.01 || primePool().length !== 822 || !compile || !importOnnx || !planned) throw new Error("wrong");
await device.close();
`;
const folder = mkdtempSync(join(tmpdir(), "blindsight-package-"));

try {
  run(root, "npx", ["publint", "--strict"]);
  const [{ filename }] = JSON.parse(
    run(root, "npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]),
  );
  const tarball = join(folder, filename);
  const { size } = statSync(tarball);
  if (size > MOST_BYTES) throw new Error(`${filename} has ${size} bytes, more than 2 MB`);

  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  run(folder, "npm", ["install", "--no-audit", "--no-fund", tarball]);
  writeFileSync(join(folder, "use.ts"), USE);
  writeFileSync(join(folder, "use.mjs"), USE.replace(": Plan", "").replace(", type Plan", ""));
  run(folder, "node", ["use.mjs"]);
  const options = "--noEmit --strict --target es2022 --lib es2023,esnext.disposable,dom --skipLibCheck false".split(
    " ",
  );
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  run(folder, "node", [tsc, "use.ts", ...options, "--module", "node16", "--moduleResolution", "node16"]);
  run(folder, "node", [tsc, "use.ts", ...options, "--module", "esnext", "--moduleResolution", "bundler"]);
  console.log(`${filename}: ${size} bytes, imports and types are sound`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(cwd, command, args) {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
