// Builds the page of web/ into build/web: static files that run under any path, with a list of their SHA-256.
// `--service https://…` builds it for a service, whose origin the policy then names; without it the page works alone only.
// `--serve` serves it on this machine, `--out FOLDER` puts it elsewhere, `--docs PATH` links documentation beside it.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { encode } from "fast-png";
import { build, preview } from "vite";
import { phantomDataset } from "../dist/data/dataset.js";
import { compile, importOnnx } from "../dist/nn/index.js";

const root = fileURLToPath(new URL("..", import.meta.url));
/** What the page brings along to be run alone; the first one is shown first. */
const MODELS = ["rl3-phantom", "rl3-pneumoniamnist", "rl3-breastmnist"];
const SAMPLES = 4;

const { values } = parseArgs({
  options: {
    service: { type: "string" },
    out: { type: "string", default: join(root, "build/web") },
    docs: { type: "string" },
    serve: { type: "boolean", default: false },
    port: { type: "string", default: "8081" },
  },
});
const service = values.service === undefined ? null : originOf(values.service);
const out = resolve(values.out);
if (out === root.replace(/\/$/, "") || `${out}/`.startsWith(join(root, "web/")))
  throw new Error(`--out ${out} is a folder of sources`);
if (values.serve) await requireFree(Number(values.port));
// Whatever the shell says: the same commit gives the same bytes.
process.env.NODE_ENV = "production";
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** `frame-ancestors` only works as a header: deploy/page.nginx.conf has it. */
export const policyFor = (origin) =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    `connect-src 'self'${origin === null ? "" : ` ${origin}`}`,
    "img-src 'self' blob: data:",
    "style-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(join(out, "SHA256SUMS"))) {
  throw new Error(`--out ${out} is not empty, and no page: name another folder`);
}
rmSync(out, { recursive: true, force: true });
const files = new Map([...(await models()), ...samples()]);
const config = {
  service,
  version,
  models: MODELS.map((id) => ({
    id,
    sha256: Object.fromEntries(
      ["onnx", "plan", "calibration.json"].map((end) => [end, sha256(files.get(`models/${id}.${end}`))]),
    ),
  })),
  docs: values.docs ?? null,
  samples: Array.from({ length: SAMPLES }, (_, k) => `phantom-${k + 1}.png`),
};

const dist = (path) => join(root, "dist", path);
await build({
  configFile: false,
  root: join(root, "web"),
  base: "./",
  logLevel: "warn",
  publicDir: "public",
  resolve: {
    alias: [
      { find: /^blindsight$/, replacement: dist("index.js") },
      { find: /^blindsight\/worker(?=\?|$)/, replacement: dist("worker.js") },
      { find: /^blindsight\/(\w+)$/, replacement: dist("$1/index.js") },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: plugins(),
  worker: { format: "es", plugins },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
for (const [path, bytes] of files) {
  mkdirSync(join(out, dirname(path)), { recursive: true });
  writeFileSync(join(out, path), bytes);
}
if (!existsSync(join(out, "index.html"))) throw new Error(`${out} got no index.html`);
const sums = list(out).map((path) => `${sha256(readFileSync(join(out, path)))}  ${path}`);
writeFileSync(join(out, "SHA256SUMS"), `${sums.join("\n")}\n`);
console.log(
  `${relative(process.cwd(), out) || "."}: ${sums.length} files, ${service === null ? "alone" : `with ${service}`}`,
);

if (values.serve) {
  const headers = {
    "Content-Security-Policy": `${policyFor(service)}; frame-ancestors 'none'`,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  };
  const port = Number(values.port);
  const server = await preview({
    configFile: false,
    root,
    logLevel: "warn",
    build: { outDir: out },
    preview: { port, strictPort: port !== 0, headers, host: "127.0.0.1" },
  });
  console.log(`the page is at ${server.resolvedUrls.local[0].replace("127.0.0.1", "localhost")}`);
}

function plugins() {
  return [
    {
      name: "page-config",
      resolveId: (id) => (id === "virtual:page-config" ? "\0page-config" : undefined),
      load: (id) => (id === "\0page-config" ? `export default ${JSON.stringify(config)};` : undefined),
      transformIndexHtml: (html) => html.replace("%CSP%", policyFor(service)),
    },
  ];
}

/** Each model's network, its plan, and what was found when it was calibrated. */
async function models() {
  const found = [];
  for (const id of MODELS) {
    const onnx = readFileSync(join(root, "models", `${id}.onnx`));
    const calibration = readFileSync(join(root, "models", `${id}.calibration.json`));
    const plan = compile(importOnnx(onnx));
    if (JSON.parse(calibration).plan !== plan.identity) {
      throw new Error(`models/${id}.calibration.json is for another plan: run npm run build:calibrations`);
    }
    found.push([`models/${id}.onnx`, onnx]);
    found.push([`models/${id}.plan`, await plan.toBytes()]);
    found.push([`models/${id}.calibration.json`, calibration]);
  }
  return found;
}

/** Drawn pictures to try, half of them with a lesion. */
function samples() {
  const set = phantomDataset(1, { train: 0, val: 0, test: 64 });
  const of = (label) =>
    Array.from({ length: 64 }, (_, k) => set.image("test", k)).filter((each) => each.label === label);
  const [clear, lesion] = [of(0), of(1)];
  return Array.from({ length: SAMPLES }, (_, k) => {
    const { pixels } = (k % 2 === 0 ? lesion : clear)[k >> 1];
    const png = encode({ width: set.width, height: set.height, data: Uint8Array.from(pixels), channels: 1, depth: 8 });
    return [`samples/phantom-${k + 1}.png`, png];
  });
}

/** @returns the origin of a service's address, for the policy */
function originOf(text) {
  const url = new URL(text);
  const local = url.protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== "https:" && !local) throw new Error(`--service ${text}: https:// was expected`);
  if (url.pathname !== "/" || url.search || url.hash)
    throw new Error(`--service ${text}: an origin was expected, without a path`);
  return url.origin;
}

/** Before anything is built. Port 0 is any. */
async function requireFree(port) {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    console.error(`port ${port} is in use: npm run web -- --port ${port + 1}`);
    process.exit(1);
  }
  await new Promise((done) => server.close(done));
}

function list(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).replaceAll("\\", "/"))
    .sort();
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
