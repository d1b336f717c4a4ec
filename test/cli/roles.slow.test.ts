/** The commands on files, over the whole of BreastMNIST's test split: the verdicts of `evaluate`. Needs BLINDSIGHT_DATA. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inputOf } from "../../src/cli/subject.js";
import { verdictOf } from "../../src/cli/verdict.js";
import { openDataset } from "../../src/data/open-dataset.js";
import { importOnnx, interpret } from "../../src/nn/index.js";
import { blindsight, buildIfStale } from "./blindsight.js";

const BLINDSIGHT_DATA =
  process.env["BLINDSIGHT_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const MODEL = "rl3-breastmnist";
const IMAGES = Number(process.env["IMAGES"] ?? 156);
let home: string;
beforeAll(() => {
  buildIfStale();
  home = mkdtempSync(join(tmpdir(), "blindsight-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function run(args: string, folder = home) {
  const { status, stdout, stderr } = blindsight(`${args} --json`.split(" "), folder, { BLINDSIGHT_DATA });
  expect(`${status}: ${stderr}`).toBe("0: ");
  return JSON.parse(stdout);
}

test(`${IMAGES} images of BreastMNIST, each encrypted, computed and decrypted by processes of their own`, async () => {
  run(`compile ${MODEL} --out net.plan`);
  const { key } = run("keygen --plan net.plan --out keys");
  run(`encrypt-model ${MODEL} --plan net.plan --public keys/public --key-id ${key} --out model.enc`);
  const server = join(home, "server");
  mkdirSync(server);
  for (const name of ["net.plan", "model.enc"]) copyFileSync(join(home, name), join(server, name));
  copyFileSync(join(home, "keys", "evaluation"), join(server, "evaluation"));
  process.env["BLINDSIGHT_DATA"] = BLINDSIGHT_DATA;
  const network = importOnnx(readFileSync(new URL(`../../models/${MODEL}.onnx`, import.meta.url)));
  const dataset = await openDataset("breastmnist");
  const [unequal, hits] = [[] as number[], { files: 0, clear: 0 }];
  for (let index = 0; index < IMAGES; index++) {
    run(`encrypt --plan net.plan --secret keys/secret --dataset breastmnist --index ${index} --out server/x${index}`);
    run(`infer --plan net.plan --evaluation evaluation --model model.enc --input x${index} --out r${index}`, server);
    const { images } = run(`decrypt --plan net.plan --secret keys/secret --input server/r${index}`);
    const { pixels, label } = dataset.image("test", index);
    const clear = verdictOf(interpret(network, inputOf(pixels, network)), network.card).verdict;
    if (images[0].index !== clear) unequal.push(index);
    hits.files += Number(images[0].index === label);
    hits.clear += Number(clear === label);
    for (const name of [`x${index}`, `r${index}`]) rmSync(join(server, name));
  }
  expect(readdirSync(server).sort()).toEqual(["evaluation", "model.enc", "net.plan"]);
  console.log(JSON.stringify({ images: IMAGES, unequal, accuracy: hits.files / IMAGES, clear: hits.clear / IMAGES }));
  expect(unequal).toEqual([]);
});
