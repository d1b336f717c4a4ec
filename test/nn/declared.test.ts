import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { type Ciphertext, Evaluator, Randomness, KeyHolder as SecretHolder } from "../../src/ckks/index.js";
import { phantomDataset } from "../../src/data/dataset.js";
import { imageToInput } from "../../src/data/input.js";
import { openDevice } from "../../src/index.js";
import { declareOutput } from "../../src/nn/declared.js";
import {
  compile,
  EncryptedImage,
  encodeInput,
  importOnnx,
  KeyHolder,
  Model,
  ModelOwner,
  type Network,
  type Plan,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import type { Program, Step } from "../../src/nn/program/program.js";
import { encryptedRun } from "../../src/nn/program/run.js";
import { GUARD } from "../../src/nn/scales.js";
import { randomImage, randomNetwork } from "./random-network.js";

const device = await openDevice("cpu", { threads: 2 });
afterAll(() => device.close());

/** The roles of a plan, and a secret key beside them that reads what is between two steps. */
async function rolesOf(network: Network, model: "encrypted" | "plain", calibration: readonly Float64Array[]) {
  const plan = compile(network, { model });
  const secret = await SecretHolder.create(device, plan.parameters, Randomness.seededUnsafe(31));
  const holder = KeyHolder.from(plan, secret);
  const server = new Server(plan, device, holder.evaluationKeys);
  const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(32));
  const loaded =
    model === "plain" ? server.loadPlain(network, { calibration }) : owner.encrypt(network, { calibration });
  const he = new Evaluator(device, plan.parameters, holder.evaluationKeys);
  const { weights } = weightsFor(plan, network, { calibration });
  return { plan, secret, holder, server, model: loaded, he, weights };
}

type Roles = Awaited<ReturnType<typeof rolesOf>>;

/** What a ciphertext says of its error beside what it is, in bits; and of its values. */
interface Compared {
  readonly estimated: { readonly rms: number; readonly worst: number };
  readonly measured: { readonly rms: number; readonly worst: number };
  readonly values: { readonly bound: number; readonly largest: number; readonly size: number; readonly rms: number };
}

/** The image, and what each step gives: all slots against the clear-text twin's. */
async function compareSteps({ plan, secret, holder, model, he, weights }: Roles, image: Float64Array) {
  const { program, ranges } = plan;
  const compared: Compared[] = [];
  const compare = async (
    ciphertexts: readonly { value: Parameters<typeof secret.decryptComplex>[0]; expected: Float64Array }[],
    guard: number,
  ) => {
    let [squares, worst, count] = [0, 0, 0];
    for (const { value, expected } of ciphertexts) {
      const { real, imaginary } = await secret.decryptComplex(value);
      for (const [i, wanted] of expected.entries()) {
        const error = Math.hypot(real[i] - wanted, imaginary[i] - guard * wanted);
        squares += error ** 2;
        worst = Math.max(worst, error);
        count++;
      }
    }
    const [{ value }] = ciphertexts;
    const { noise } = he.explain(value);
    const all = ciphertexts.flatMap(({ expected }) => [...expected]);
    compared.push({
      estimated: { rms: noise.rmsBits, worst: noise.worstBits },
      measured: { rms: Math.log2(squares / count) / 2, worst: Math.log2(worst) },
      values: {
        bound: value.noise.bound,
        largest: all.reduce((most, each) => Math.max(most, Math.abs(each)), 0),
        size: value.noise.size,
        rms: Math.sqrt(all.reduce((sum, each) => sum + each ** 2, 0) / all.length),
      },
    });
  };
  using input = holder.encrypt(image);
  const encoded = encodeInput(program, image);
  await compare(
    input.ciphertexts.map((value, k) => ({ value, expected: encoded[k] })),
    0,
  );
  // Chains only: every step takes what the one before gave.
  const algebra = encryptedRun(he, program, model.steps);
  let values: readonly Ciphertext[] = input.ciphertexts;
  for (const [index, step] of program.steps.entries()) {
    const apply = algebra[step.op] as (
      step: Step,
      inputs: readonly Ciphertext[],
      index: number,
    ) => readonly Ciphertext[];
    const next = apply(step, values, index).map((each) => declareOutput(each, ranges.steps[index].output));
    for (const value of values) value[Symbol.dispose]();
    values = next;
    const twin = simulate(upTo(program, index), weights, image).results;
    const pairs = values.map((value, j) => ({ value, expected: twin[j] }));
    await compare(pairs, step.op === "linear" && step.guarded ? GUARD : 0);
  }
  const results = values.map(({ noise }) => noise);
  for (const value of values) value[Symbol.dispose]();
  return { compared, results };
}

/** The program's first steps, what the last of them gives being its result. */
function upTo(program: Program, index: number): Program {
  return { ...program, steps: program.steps.slice(0, index + 1), outputs: program.steps[index].outputs };
}

/** Every step but the last fills a ciphertext with independent errors; a logit errs alike in all of its slots. */
function expectEstimates({ program }: Plan, compared: readonly Compared[]): void {
  for (const [i, { estimated, measured, values }] of compared.entries()) {
    const what = i === 0 ? "the image" : `step ${i - 1} (${program.steps[i - 1].op})`;
    expect(measured.worst, `${what}: worst slot`).toBeLessThan(estimated.worst);
    expect(values.largest, `${what}: largest value`).toBeLessThanOrEqual(values.bound);
    if (i < program.steps.length) expect(Math.abs(estimated.rms - measured.rms), `${what}: rms`).toBeLessThan(2);
    else expect(measured.rms, `${what}: rms`).toBeLessThan(estimated.rms + 2);
  }
}

function phantoms(network: Network, split: "train" | "test", count: number): Float64Array[] {
  const set = phantomDataset(1, { train: 64, val: 0, test: 8 });
  return Array.from({ length: count }, (_, i) => imageToInput(set.image(split, i).pixels, network.card));
}

const rl1 = importOnnx(readFileSync(new URL("../../models/rl1-phantom.onnx", import.meta.url)));

test.each([
  "encrypted",
  "plain",
] as const)("RL-1, %s: at every step the estimate is within two bits of the measured rms, and no slot beyond its bound", async (model) => {
  const roles = await rolesOf(rl1, model, phantoms(rl1, "train", 64));
  for (const image of phantoms(rl1, "test", 2)) {
    const { compared, results } = await compareSteps(roles, image);
    expectEstimates(roles.plan, compared);
    using input = roles.holder.encrypt(image);
    using result = await roles.server.run(roles.model, input);
    expect(result.ciphertexts.map(({ noise }) => noise)).toEqual(results);
  }
  roles.model[Symbol.dispose]();
  roles.holder[Symbol.dispose]();
});

test("a network with quadratics and pools: no slot beyond its bound, and an rms at most three bits above the estimate", async () => {
  const network = randomNetwork(
    [1, 8, 8],
    [
      { conv: 4, kernel: 3, padding: 1 },
      "quad",
      { pool: 2 },
      { conv: 4, kernel: 3, padding: 1 },
      "quad",
      "gap",
      "flatten",
      { linear: 3 },
    ],
    11,
  );
  const calibration = Array.from({ length: 16 }, (_, i) => randomImage(network, i));
  const roles = await rolesOf(network, "encrypted", calibration);
  const { compared } = await compareSteps(roles, calibration[0]);
  for (const [i, { estimated, measured }] of compared.entries()) {
    expect(measured.worst, `step ${i - 1}`).toBeLessThan(estimated.worst);
    expect(measured.rms, `step ${i - 1}`).toBeLessThan(estimated.rms + 3);
  }
  roles.model[Symbol.dispose]();
  roles.holder[Symbol.dispose]();
});

test("the estimate follows from the plan alone: the same for other weights, images, keys, and for what was read from files", async () => {
  const shape = [1, 4, 4];
  const [one, other] = [7, 8].map((seed) =>
    randomNetwork(shape, [{ conv: 2, kernel: 3, padding: 1 }, "quad", "flatten", { linear: 2 }], seed),
  );
  const noises = async (network: Network, seed: number, read: boolean) => {
    const images = [randomImage(network, seed)];
    const { plan, holder, server, model } = await rolesOf(network, "encrypted", images);
    using input = holder.encrypt(images[0]);
    const theirs = read ? await Model.fromBytes(await model.toBytes(), plan, device) : model;
    using image = read ? await EncryptedImage.fromBytes(await input.toBytes(), plan, device) : input;
    using result = await server.run(theirs, image);
    const all = [...image.ciphertexts, ...theirs.operands, ...result.ciphertexts].map(({ noise }) => noise);
    for (const each of new Set([model, theirs])) each[Symbol.dispose]();
    holder[Symbol.dispose]();
    expect(all.every(({ rms, worst }) => rms > 0 && rms <= worst && worst < Infinity)).toBe(true);
    return all;
  };
  const expected = await noises(one, 1, false);
  expect(await noises(other, 2, false)).toEqual(expected);
  expect(await noises(one, 3, true)).toEqual(expected);
});

test("a declared bound refuses nothing: an image beyond it is encrypted as before", async () => {
  const network = randomNetwork([1, 4, 4], ["flatten", { linear: 2 }], 6);
  const image = randomImage(network, 1);
  const { plan, holder, secret } = await rolesOf(network, "encrypted", [image]);
  expect(plan.ranges.input.bound).toBe(0.25);
  using far = holder.encrypt(image.map(() => 1000));
  expect((await secret.decrypt(far.ciphertexts[0]))[0]).toBeCloseTo(250, 3);
  holder[Symbol.dispose]();
});
