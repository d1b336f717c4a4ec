/** What a key holder takes for a result: right ones, however far the image, and none of which a few slots were changed. */
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { Evaluator } from "../../src/ckks/index.js";
import { phantomDataset } from "../../src/data/dataset.js";
import { imageToInput } from "../../src/data/input.js";
import { openDevice } from "../../src/index.js";
import {
  compile,
  EncryptedResult,
  importOnnx,
  KeyHolder,
  ModelOwner,
  type Network,
  predictedErrors,
  Randomness,
  rememberVectors,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import { randomImage, randomNetwork, uniform } from "./random-network.js";

const device = await openDevice("cpu", { threads: 2 });
afterAll(() => device.close());

async function rolesOf(network: Network, model: "encrypted" | "plain", calibration: readonly Float64Array[]) {
  const plan = compile(network, { model });
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(31));
  const server = new Server(plan, device, holder.evaluationKeys);
  const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(32));
  const loaded =
    model === "plain" ? server.loadPlain(network, { calibration }) : owner.encrypt(network, { calibration });
  return { plan, holder, server, model: loaded, weights: weightsFor(plan, network, { calibration }).weights };
}

test.each([
  "encrypted",
  "plain",
] as const)("%s model: a slot in four hundred that is off by ten predicted rms, or two steps of the grid, is refused, one that is off by half a step is not", async (kind) => {
  const network = randomNetwork(
    [1, 8, 8],
    [{ conv: 4, padding: 1 }, "quad", { pool: 2 }, { conv: 4, padding: 1 }, "quad", "flatten", { linear: 2 }],
    11,
  );
  const image = randomImage(network, 1);
  const { plan, holder, server, model } = await rolesOf(network, kind, [image]);
  const he = new Evaluator(device, plan.parameters, holder.evaluationKeys);
  using input = holder.encrypt(image);
  using result = await server.run(model, input);
  const { rms } = predictedErrors(plan).logits;
  const off = Math.max(10 * rms, 2 * plan.logitGrid);
  expect(off).toBeLessThan(0.1 / 16); // the fixed threshold is far above
  const decrypted = async (by: number, every: number) => {
    const change = Float64Array.from({ length: plan.program.slots }, (_, slot) => (slot % every === 0 ? by : 0));
    using changed = he.add(result.ciphertexts[0], change);
    return holder.decrypt(new EncryptedResult(plan.identity, [changed], result.outputScale, result.encrypted));
  };
  const honest = await holder.decrypt(result);
  expect(await decrypted(0, 1)).toEqual(honest);
  expect(await decrypted(plan.logitGrid / 2, 401)).toEqual(honest);
  for (const by of [off, -off]) await expect(decrypted(by, 401)).rejects.toThrow("not readable");
  // What slots of one logit share moves its mean, and nobody can tell.
  await expect(decrypted(off, 1)).resolves.toBeDefined();
  model[Symbol.dispose]();
  holder[Symbol.dispose]();
});

/** Pictures as no scanner gives them, and values beyond what pixels are. */
function extremes(network: Network): Float64Array[] {
  const set = phantomDataset(1, { train: 1, val: 0, test: 4 });
  const random = uniform(5);
  const picture = (of: (i: number) => number) =>
    imageToInput(
      Uint8Array.from({ length: 784 }, (_, i) => of(i)),
      network.card,
    );
  const phantoms = [0, 1, 2, 3].map((i) => imageToInput(set.image("test", i).pixels, network.card));
  return [
    ...phantoms,
    picture(() => 0),
    picture(() => 255),
    picture((i) => (i % 2) * 255),
    ...[1, 2, 3].map(() => picture(() => 256 * random())),
    ...[1, 2, 3].map(() => picture(() => (random() < 0.5 ? 0 : 255))),
    ...[1.5, 2, 2.5, 3].map((factor) => phantoms[0].map((value) => factor * value)),
  ];
}

test.each([
  ["rl1-phantom", "encrypted"],
  ["rl1-phantom", "plain"],
  ["rl3-phantom", "encrypted"],
  ["rl3-phantom", "plain"],
] as const)("%s, %s: every right result is read, and what is refused left its level", async (name, kind) => {
  const network = importOnnx(readFileSync(new URL(`../../models/${name}.onnx`, import.meta.url)));
  const set = phantomDataset(1, { train: 64, val: 0, test: 0 });
  const calibration = Array.from({ length: 64 }, (_, i) => imageToInput(set.image("train", i).pixels, network.card));
  const { plan, holder, server, model, weights } = await rolesOf(network, kind, calibration);
  const bounds = plan.parameters.levels.map((_, level) => plan.parameters.headroomAt(level));
  const remembered = rememberVectors(weights);
  let read = 0;
  for (const image of extremes(network)) {
    using input = holder.encrypt(image);
    using result = await server.run(model, input);
    let expected: Float64Array | undefined;
    try {
      expected = simulate(plan.program, remembered, image, { bounds }).logits;
    } catch {
      await expect(holder.decrypt(result)).rejects.toThrow("not readable");
      continue;
    }
    read++;
    const logits = await holder.decrypt(result);
    const largest = expected.reduce((most, logit) => Math.max(most, Math.abs(logit)), 1);
    for (const [k, logit] of logits.entries())
      expect(Math.abs(logit - expected[k])).toBeLessThan(1e-4 * largest + 1e-3);
  }
  expect(read).toBeGreaterThanOrEqual(13);
  model[Symbol.dispose]();
  holder[Symbol.dispose]();
});
