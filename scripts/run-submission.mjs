// Runs a submission's seven steps in order, as the harness does: each a process of its own, timed from outside, sizes of what is
// exchanged. MNIST's test images in the order of the file.
//   npm run submission:run -- --submission submission --sizes 0,1,2 [--folder DIR] [--json FILE]
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mnistFolder, readMnist } from "./mnist.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const SIZES = [
  ["single", 1],
  ["small", 100],
  ["medium", 1000],
  ["large", 10000],
];
const { values } = parseArgs({
  options: {
    submission: { type: "string", default: "submission" },
    sizes: { type: "string", default: "0,1,2" },
    folder: { type: "string" },
    mnist: { type: "string" },
    json: { type: "string" },
  },
});
const sizes = values.sizes.split(",").map(Number);
if (!sizes.every((size) => SIZES[size])) refuse(`--sizes ${values.sizes}: each is 0, 1, 2 or 3`);
if (!existsSync(resolve(values.submission, "build"))) {
  refuse(`there is no submission in ${values.submission}: npm run submission -- --out ${values.submission} writes one`);
}
const folder = values.folder ?? mkdtempSync(join(tmpdir(), "workload-"));
const steps = resolve(values.submission, "build");
const test = readMnist(mnistFolder(values.mnist, join(root, "build", "mnist")), "test");

const records = [];
for (const size of sizes) {
  const [name, count] = SIZES[size];
  const pixels = join(folder, "datasets", name, "intermediate");
  mkdirSync(pixels, { recursive: true });
  const lines = Array.from({ length: count }, (_, k) => Array.from(test.image(k), (v) => v / 255).join(" "));
  writeFileSync(join(pixels, "test_pixels.txt"), `${lines.join("\n")}\n`);
  const seconds = {};
  for (const [step, ...args] of [
    ["client_key_generation", size],
    ["server_preprocess_model"],
    ["client_preprocess_input", size],
    ["client_encode_encrypt_input", size],
    ["server_encrypted_compute", size],
    ["client_decrypt_decode", size],
    ["client_postprocess", size],
  ]) {
    const begin = performance.now();
    const { status } = spawnSync(join(steps, step), args.map(String), { cwd: folder, stdio: "inherit" });
    if (status !== 0) throw new Error(`${step} ended with ${status}`);
    seconds[step] = (performance.now() - begin) / 1000;
  }
  const said = readFileSync(join(folder, "io", name, "encrypted_model_predictions.txt"), "utf8")
    .trim()
    .split("\n")
    .map(Number);
  const right = said.filter((label, k) => label === test.label(k)).length;
  const bytes = Object.fromEntries(
    ["public_keys", "ciphertexts_upload", "ciphertexts_download"].map((each) => [
      each,
      bytesIn(join(folder, "io", name, each)),
    ]),
  );
  const all = Object.values(seconds).reduce((sum, each) => sum + each, 0);
  records.push({
    name,
    images: count,
    predictions: said.length,
    accuracy: right / count,
    seconds: { ...seconds, all },
    bytes,
  });
}
report(records);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ processor: cpus()[0].model, records }, null, 1)}\n`);

function report(all) {
  console.log(
    `| | ${all.map(({ name, images }) => `${name}, ${images}`).join(" | ")} |\n|---|${all.map(() => "---|").join("")}`,
  );
  const row = (title, value) => console.log(`| ${title} | ${all.map(value).join(" | ")} |`);
  for (const step of Object.keys(all[0].seconds)) row(`${step}, s`, ({ seconds }) => seconds[step].toFixed(2));
  for (const each of Object.keys(all[0].bytes)) row(`${each}, MB`, ({ bytes }) => (bytes[each] / 1e6).toFixed(2));
  row("right", ({ accuracy }) => `${(100 * accuracy).toFixed(2)} %`);
}

function bytesIn(path) {
  return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
}

/** What the caller can put right: one line, exit code 2. */
function refuse(message) {
  console.error(message);
  process.exit(2);
}
