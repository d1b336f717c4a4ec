// Measures models/ID.calibration.json, which the page encrypts its models with: ranges over 256 training images, no image.
// With --check it compares instead, as far as the images are there: of MedMNIST in BLINDSIGHT_DATA, phantoms always.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { phantomDataset } from "../dist/data/dataset.js";
import { imageToInput } from "../dist/data/input.js";
import { openDataset } from "../dist/data/open-dataset.js";
import { compile, importOnnx, measureCalibration } from "../dist/nn/index.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const check = process.argv.includes("--check");
const MODELS = ["rl3-phantom", "rl3-pneumoniamnist", "rl3-breastmnist"];
const COUNT = 256;
let wrong = 0;

for (const id of MODELS) {
  const network = importOnnx(readFileSync(join(root, "models", `${id}.onnx`)));
  const set = await setOf(network.card.dataset);
  if (!set) {
    console.log(`${id}: skipped, there is no ${network.card.dataset}.npz in BLINDSIGHT_DATA`);
    continue;
  }
  const total = set.count("train");
  const images = Array.from({ length: COUNT }, (_, k) =>
    imageToInput(set.image("train", Math.floor((k * total) / COUNT)).pixels, network.card),
  );
  const text = `${JSON.stringify(measureCalibration(compile(network), network, images))}\n`;
  const path = join(root, "models", `${id}.calibration.json`);
  if (!check) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text) {
    wrong++;
    console.error(`${id}.calibration.json is not what its images give: run npm run build:calibrations`);
  }
  console.log(`${id}: ${COUNT} images, ${text.length} bytes`);
}
process.exitCode = wrong > 0 ? 1 : 0;

async function setOf(name) {
  if (name === "phantom") return phantomDataset(1, { train: COUNT, val: 0, test: 0 });
  const folder = process.env.BLINDSIGHT_DATA;
  if (!folder || !existsSync(join(folder, `${name}.npz`))) return undefined;
  return openDataset(join(folder, `${name}.npz`));
}
