/** What the estimator predicts of a plan, beside what ciphertexts carry and what is measured. */
import { afterAll, expect, test } from "vitest";
import { Polynomial } from "../../src/ckks/circuits/polynomial.js";
import { type Ciphertext, Evaluator } from "../../src/ckks/index.js";
import { openDevice } from "../../src/index.js";
import { declareOutput } from "../../src/nn/declared.js";
import { fold } from "../../src/nn/fold/fold.js";
import type { Network } from "../../src/nn/graph/network.js";
import {
  compile,
  KeyHolder,
  ModelOwner,
  Plan,
  predictedErrors,
  Randomness,
  rememberVectors,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import { costsOf } from "../../src/nn/plan/cost.js";
import { planProgram } from "../../src/nn/plan/plan.js";
import { encryptedRun } from "../../src/nn/program/run.js";
import { walk } from "../../src/nn/program/walk.js";
import { unsafe } from "../ckks/settings.js";
import { randomGraph } from "./random-graph.js";
import { networkOf, RandomLayers, randomImage, randomNetwork, uniform } from "./random-network.js";

const device = await openDevice("cpu", { threads: 2 });
afterAll(() => device.close());

/** In a ring of 512 slots, which is not secure. */
function planIn512(network: Network, model: "encrypted" | "plain"): Plan {
  const { folded, depth } = fold(network);
  const widths = [2, ...Array<number>(depth).fill(1)];
  const parameters = unsafe(10, widths, { digitPrimes: 2, specials: 3, baseScaleBits: 47 });
  const { slots, maxLevel: levelsLimit } = parameters;
  const program = planProgram(folded, { slots, levelsLimit, costs: costsOf(parameters, model), taps: false });
  const levels = { used: program.depth, withoutFolding: program.depth };
  return new Plan({ program, parameters, model, fold: {}, depth: levels });
}

async function rolesOf(plan: Plan, network: Network, calibration: readonly Float64Array[]) {
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(31));
  const server = new Server(plan, device, holder.evaluationKeys);
  const options = { calibration };
  const model =
    plan.model === "plain"
      ? server.loadPlain(network, options)
      : new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(32)).encrypt(network, options);
  return { holder, server, model };
}

/** What the ciphertexts of each step carry in an encrypted run; the largest of a step's. */
async function carried(plan: Plan, network: Network) {
  const image = randomImage(network, 5);
  const { holder, model } = await rolesOf(plan, network, [image]);
  const he = new Evaluator(device, plan.parameters, holder.evaluationKeys);
  using input = holder.encrypt(image);
  const steps: { rms: number; worst: number }[] = [];
  const largest = (values: readonly Ciphertext[]) => ({
    rms: Math.max(...values.map(({ noise }) => noise.rms)),
    worst: Math.max(...values.map(({ noise }) => noise.worst)),
  });
  const walking = walk(plan.program, encryptedRun(he, plan.program, model.steps), input.ciphertexts, {
    release: (value) => value[Symbol.dispose](),
    made(values, _step, index) {
      const made = values.map((value) => declareOutput(value, plan.ranges.steps[index].output));
      steps.push(largest(made));
      return made;
    },
  });
  let turn = walking.next();
  while (!turn.done) turn = walking.next();
  const logits = largest(turn.value);
  for (const each of [...turn.value, model, holder]) each[Symbol.dispose]();
  return { input: largest(input.ciphertexts), steps, logits };
}

const make = new RandomLayers(uniform(3));
const cubic = networkOf(
  [1, 4, 4],
  [
    make.conv(1, 2, [3, 3], [1, 1], [1, 1, 1, 1]),
    { op: "polynomial", polynomial: Polynomial.chebyshev([0.1, 0.5, 0.2, -0.1, 0.05], [-3, 3]) },
    { op: "flatten" },
    make.linear(32, 3),
  ],
);
const blocks = randomNetwork(
  [1, 8, 8],
  [{ conv: 4, padding: 1 }, "quad", { pool: 2 }, { conv: 4, padding: 1 }, "quad", "gap", "flatten", { linear: 3 }],
  11,
);

test.each([
  ["quadratics and pools", blocks],
  ["a Chebyshev polynomial", cubic],
  ...[1, 2, 3, 4].map((seed) => [`graph ${seed}`, randomGraph(seed)] as const),
] as const)("%s: what is predicted of each step is what its ciphertexts carry", async (_name, network) => {
  for (const model of ["encrypted", "plain"] as const) {
    const plan = planIn512(network, model);
    const { input, steps, logits } = predictedErrors(plan);
    const predicted = { input, steps: steps.map(({ rms, worst }) => ({ rms, worst })), logits };
    expect(predicted, model).toEqual(await carried(plan, network));
  }
});

test("a compiled plan, with keys of rotated products: predicted as its ciphertexts carry", async () => {
  const plan = compile(blocks);
  expect(plan.productRotations.length).toBeGreaterThan(0);
  const { input, steps, logits } = predictedErrors(plan);
  expect({ input, steps: steps.map(({ rms, worst }) => ({ rms, worst })), logits }).toEqual(
    await carried(plan, blocks),
  );
});

test.each([
  "encrypted",
  "plain",
] as const)("%s model: simulated logits spread as those of encrypted runs do, within a factor of four", async (model) => {
  const plan = compile(blocks, { model });
  const calibration = Array.from({ length: 8 }, (_, i) => randomImage(blocks, i));
  const { holder, server, model: loaded } = await rolesOf(plan, blocks, calibration);
  const { weights } = weightsFor(plan, blocks, { calibration });
  const remembered = rememberVectors(weights);
  const noise = predictedErrors(plan);
  const squares = { simulated: 0, measured: 0 };
  const images = calibration.slice(0, 6);
  for (const [seed, image] of images.entries()) {
    const exact = simulate(plan.program, remembered, image).logits;
    const against = (logits: Float64Array) => logits.reduce((sum, logit, k) => sum + (logit - exact[k]) ** 2, 0);
    using input = holder.encrypt(image);
    using result = await server.run(loaded, input);
    squares.measured += against(await holder.decrypt(result, { exactUnsafe: true }));
    const randomness = Randomness.seededUnsafe(seed);
    squares.simulated += against(simulate(plan.program, remembered, image, { noise, randomness }).logits);
  }
  const rms = (sum: number) => Math.log2(sum / (3 * images.length)) / 2;
  expect(Math.abs(rms(squares.simulated) - rms(squares.measured))).toBeLessThan(2);
  loaded[Symbol.dispose]();
  holder[Symbol.dispose]();
});

test("errors are drawn again from a seed, leave a run without them as it was, and are not taken from another plan", () => {
  const plan = compile(blocks);
  const image = randomImage(blocks, 1);
  const { weights } = weightsFor(plan, blocks, { calibration: [image] });
  const noise = predictedErrors(plan);
  const run = (seed: number) =>
    simulate(plan.program, weights, image, { noise, randomness: Randomness.seededUnsafe(seed) }).logits;
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
  const none = { input: { rms: 0 }, steps: noise.steps.map(() => ({ added: { beforeFolds: 0, afterFolds: 0 } })) };
  expect(simulate(plan.program, weights, image, { noise: none }).logits).toEqual(
    simulate(plan.program, weights, image).logits,
  );
  const other = predictedErrors(compile(randomNetwork([1, 4, 4], ["flatten", { linear: 2 }], 1)));
  expect(() => simulate(plan.program, weights, image, { noise: other })).toThrow("errors of 1 steps");
});
