// Builds the page of web/ into build/web: static files that run under any path, with a list of their SHA-256.
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { encode } from "fast-png";
import { build, preview } from "vite";
import { Mistake, policyFor, run, sha256, writeSums } from "./page-files.mjs";

const USAGE = `npm run web -- [options]; npm run build:web -- [options]

  --service URL    for a service: its origin, https://…, which the page's policy then names (default: alone only)
  --out FOLDER     instead of build/web
  --docs PATH      of documentation beside the page, which it then links
  --serve          serves it on this machine (npm run web does)
  --port N         where (default 8081)`;

const root = fileURLToPath(new URL("..", import.meta.url));
/** What the page brings along to be run alone; the first one is shown first. */
const MODELS = ["rl3-phantom", "rl3-pneumoniamnist", "rl3-breastmnist"];
const SAMPLES = 4;

await run(async () => {
  const options = optionsOf(process.argv.slice(2));
  if (options.serve) await requireFree(options.port);
  // Whatever the shell says: the same commit gives the same bytes.
  process.env.NODE_ENV = "production";
  await buildPage(options);
  if (options.serve) await serve(options);
});

function optionsOf(args) {
  let values;
  try {
    values = parseArgs({
      args,
      options: {
        service: { type: "string" },
        out: { type: "string", default: join(root, "build/web") },
        docs: { type: "string" },
        serve: { type: "boolean", default: false },
        port: { type: "string", default: "8081" },
      },
    }).values;
  } catch (error) {
    throw new Mistake(`${error.message}\n\n${USAGE}`);
  }
  const { docs = null, serve, port } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new Mistake(`--port ${port} is no port: 1 to 65535`);
  const out = resolve(values.out);
  if (`${out}/` === root || `${out}/`.startsWith(join(root, "web/"))) throw new Mistake(`--out ${out} holds sources`);
  if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(join(out, "SHA256SUMS"))) {
    throw new Mistake(`--out ${out} is not empty, and no page: name another folder`);
  }
  return {
    out,
    docs,
    serve,
    port: Number(port),
    service: values.service === undefined ? null : originOf(values.service),
  };
}

/** @returns the origin of a service's address, for the policy */
function originOf(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url?.protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol !== "https:" && !local)
    throw new Mistake(`--service ${text}: a URL that begins with https:// was expected`);
  if (url.pathname !== "/" || url.search || url.hash)
    throw new Mistake(`--service ${text}: an origin was expected, without a path`);
  return url.origin;
}

async function buildPage({ out, docs, service }) {
  const dist = (path) => join(root, "dist", path);
  if (!existsSync(dist("worker.js"))) throw new Mistake("there is no dist: npm run build");
  const files = new Map([...(await models()), ...(await samples())]);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const sums = (id) =>
    ["onnx", "plan", "calibration.json"].map((end) => [end, sha256(files.get(`models/${id}.${end}`))]);
  const config = {
    ...{ service, version, docs },
    models: MODELS.map((id) => ({ id, sha256: Object.fromEntries(sums(id)) })),
    samples: Array.from({ length: SAMPLES }, (_, k) => `phantom-${k + 1}.png`),
  };
  const plugins = () => [
    {
      name: "page-config",
      resolveId: (id) => (id === "virtual:page-config" ? "\0page-config" : undefined),
      load: (id) => (id === "\0page-config" ? `export default ${JSON.stringify(config)};` : undefined),
      transformIndexHtml: (html) => html.replace("%CSP%", policyFor(service)),
    },
  ];
  rmSync(out, { recursive: true, force: true });
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
  const count = writeSums(out);
  const where = relative(process.cwd(), out) || ".";
  console.log(`${where}: ${count} files, ${service === null ? "alone" : `with ${service}`}`);
}

async function serve({ out, service, port }) {
  const headers = {
    "Content-Security-Policy": `${policyFor(service)}; frame-ancestors 'none'`,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  };
  const server = await preview({
    configFile: false,
    root,
    logLevel: "warn",
    build: { outDir: out },
    preview: { port, strictPort: port !== 0, headers, host: "127.0.0.1" },
  });
  console.log(`the page is at ${server.resolvedUrls.local[0].replace("127.0.0.1", "localhost")}`);
}

/** Each model's network, its plan, and what was found when it was calibrated: held to one another, as the page will. */
async function models() {
  const { compile, importOnnx, weightsFor } = await import("../dist/nn/index.js");
  const found = [];
  for (const id of MODELS) {
    const [onnx, calibration] = ["onnx", "calibration.json"].map((end) => read(`models/${id}.${end}`));
    const network = importOnnx(onnx);
    const plan = compile(network);
    try {
      weightsFor(plan, network, { calibration: JSON.parse(calibration) });
    } catch (error) {
      throw new Mistake(`models/${id}.calibration.json: ${error.message}; npm run build:calibrations`);
    }
    found.push([`models/${id}.onnx`, onnx]);
    found.push([`models/${id}.plan`, await plan.toBytes()]);
    found.push([`models/${id}.calibration.json`, calibration]);
  }
  return found;
}

function read(path) {
  if (!existsSync(join(root, path))) throw new Mistake(`there is no ${path}: git checkout ${path}`);
  return readFileSync(join(root, path));
}

/** Drawn pictures to try, half of them with a lesion. */
async function samples() {
  const { phantomDataset } = await import("../dist/data/dataset.js");
  const set = phantomDataset(1, { train: 0, val: 0, test: 64 });
  const images = Array.from({ length: 64 }, (_, k) => set.image("test", k));
  const [clear, lesion] = [0, 1].map((wanted) => images.filter(({ label }) => label === wanted));
  return Array.from({ length: SAMPLES }, (_, k) => {
    const { pixels } = (k % 2 === 0 ? lesion : clear)[k >> 1];
    const png = encode({ width: set.width, height: set.height, data: Uint8Array.from(pixels), channels: 1, depth: 8 });
    return [`samples/phantom-${k + 1}.png`, png];
  });
}

/** Before anything is built. Port 0 is any. */
async function requireFree(port) {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening").catch((error) => {
    throw new Mistake(
      `port ${port} is not to be had (${error.code}): npm run web -- --port ${port === 8082 ? 8083 : 8082}`,
    );
  });
  await new Promise((done) => server.close(done));
}
