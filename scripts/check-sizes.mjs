// What each door of the package costs whoever bundles it for a page: everything that it exports, and one small use, of which a
// bundler keeps what is used; and the files that pages take as they are. Of dist, so after `npm run build`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const all = (door) => `import * as all from "${door}"; console.log(all);`;

/**
 * Kilobytes of 1,000 bytes, minified: about a tenth above what was measured when a door was last made larger on purpose. The
 * GPU device comes when it is opened, in files of its own, which count here, too. nn grew by a fifth when ONNX was read as a graph
 * of any axes, and programs became assignments; by 11 kB with predicted errors and all roles in one object, and
 * by 30 kB, 15 of them in ckks, with throughput mode, keys by level, plans' tables and budgets; by 18 kB
 * with files of plans, which a schema checks (valibot).
 */
const BUDGETS = [
  { what: "blindsight", kilobytes: 240, source: all("blindsight") },
  { what: "blindsight/ntt", kilobytes: 106, source: all("blindsight/ntt") },
  { what: "blindsight/ckks", kilobytes: 195, source: all("blindsight/ckks") },
  { what: "blindsight/nn", kilobytes: 530, source: all("blindsight/nn") },
  { what: "blindsight/seal", kilobytes: 150, source: all("blindsight/seal") },
  {
    what: "encrypt and decrypt",
    kilobytes: 345,
    source: `import { openDevice } from "blindsight"; import { KeyHolder, Parameters } from "blindsight/ckks";
      const alice = await KeyHolder.create(await openDevice("cpu"), Parameters.choose({ depth: 1 }));
      console.log(await alice.decrypt(alice.encrypt([1])));`,
  },
  {
    what: "a polynomial's fit",
    kilobytes: 6.5,
    source: `import { fitPolynomial } from "blindsight/ckks"; console.log(fitPolynomial(Math.exp, { interval: [0, 1], degree: 7 }));`,
  },
  {
    what: "a server of networks", // 12 of them for what checks a plan that comes as a file (valibot), three for kept calibrations and a card's kind and modality
    kilobytes: 259,
    source: `import { Server } from "blindsight/nn"; console.log(Server);`,
  },
  { what: "blindsight/client", kilobytes: 255, source: all("blindsight/client") },
  { what: "blindsight/picture", kilobytes: 68, source: all("blindsight/picture") },
  { what: "blindsight/worker", kilobytes: 7, file: "dist/worker.js" },
  // 16 of them for pictures: what tells one of another kind, and a calibration that is kept
  { what: "blindsight/bundle", kilobytes: 795, file: "dist/blindsight.js" },
];

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** The service is for Node: nobody bundles it for a page. */
const known = ["blindsight/package.json", "blindsight/service", ...BUDGETS.map(({ what }) => what)];
const unknown = Object.keys(exports).filter((door) => !known.includes(door.replace(".", "blindsight")));
if (unknown.length > 0) throw new Error(`no budget for ${unknown}: each door has one in scripts/check-sizes.mjs`);

let failed = false;
for (const { what, kilobytes, source, file } of BUDGETS) {
  const code = file ? readFileSync(join(root, file), "utf8") : await bundled(source);
  const bytes = Buffer.byteLength(code);
  const most = 1000 * kilobytes;
  const verdict = bytes <= most ? "" : " TOO LARGE: find what came in, or raise the budget and say why";
  console.log(`${what}: ${bytes} bytes, ${gzipSync(code).length} gzipped, of ${most}${verdict}`);
  failed ||= bytes > most;
}
if (failed) process.exit(1);

/** All files that a page would load, one behind the other. */
async function bundled(source) {
  const entry = "\0entry.js";
  const result = await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry.js" ? entry : undefined),
        load: (id) => (id === entry ? source : undefined),
      },
    ],
    build: { write: false, target: "es2022", modulePreload: false, rollupOptions: { input: "entry.js" } },
  });
  return [result]
    .flat()
    .flatMap(({ output }) => output.map(({ code = "" }) => code))
    .join("\n");
}
