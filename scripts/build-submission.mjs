// Writes the folder `submission` of the HomomorphicEncryption.org ML-inference workload: the seven executables with all that they
// need in one folder, plans, the network, and the write-up. Node and nothing else runs it.
//   npm run submission -- --out submission [--weights encrypted] [--network x.onnx] [--mnist FOLDER]
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compile, importOnnx } from "blindsight/nn";
import { build } from "vite";
import { mnistFolder, readMnist } from "./mnist.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const STEPS = [
  "client_key_generation",
  "server_preprocess_model",
  "client_preprocess_input",
  "client_encode_encrypt_input",
  "server_encrypted_compute",
  "client_decrypt_decode",
  "client_postprocess",
];
/** Images of the training split that the weights are scaled by. */
const CALIBRATION = 64;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "submission" },
    weights: { type: "string", default: "plain" },
    network: { type: "string", default: join(root, "models", "lola-mnist.onnx") },
    mnist: { type: "string" },
  },
});
if (values.weights !== "plain" && values.weights !== "encrypted") {
  refuse(`--weights ${values.weights} is neither plain nor encrypted`);
}
if (!existsSync(values.network)) refuse(`there is no network ${values.network}: name an .onnx file with --network`);
const place = (...names) => join(values.out, ...names);

for (const folder of ["build", "plans", "model"]) mkdirSync(place(folder), { recursive: true });
await build({
  root,
  configFile: false,
  logLevel: "error",
  resolve: { alias: { "#host": join(root, "src/host/node.ts") } },
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir: place("build", "steps"),
    emptyOutDir: true,
    target: "node20",
    minify: false,
    rollupOptions: { input: STEPS.map((name) => join(root, "bench", "he-workload", `${name}.ts`)) },
  },
});
writeFileSync(place("build", "steps", "package.json"), '{ "type": "module" }\n');
for (const name of STEPS) {
  writeFileSync(place("build", name), `#!/bin/sh\nexec node "$(dirname "$0")/steps/${name}.js" "$@"\n`);
  chmodSync(place("build", name), 0o755);
}

const network = importOnnx(readFileSync(values.network));
const plans = { one: { model: values.weights } };
if (values.weights === "plain") plans.many = { model: "plain", optimize: "throughput" };
for (const [name, options] of Object.entries(plans)) {
  writeFileSync(place("plans", `${name}.plan`), await compile(network, options).toBytes());
}
copyFileSync(values.network, place("model", "network.onnx"));
const train = readMnist(mnistFolder(values.mnist, join(root, "build", "mnist")), "train");
const { scale, offset } = network.card.input;
const step = Math.floor(train.count / CALIBRATION);
const images = Array.from({ length: CALIBRATION }, (_, k) =>
  Array.from(train.image(k * step), (v) => v * scale + offset),
);
writeFileSync(place("model", "calibration.f64"), new Uint8Array(Float64Array.from(images.flat()).buffer));
cpSync(join(root, "bench", "he-workload", "README.md"), place("README.md"));
copyFileSync(join(root, "LICENSE"), place("LICENSE"));
console.log(`${values.out}: the seven steps, ${Object.keys(plans).length} plans, weights ${values.weights}`);

/** What the caller can put right: one line, exit code 2. */
function refuse(message) {
  console.error(message);
  process.exit(2);
}
