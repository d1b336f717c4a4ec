import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fold } from "../../src/ckks/circuits/folds.js";
import { linearTransform } from "../../src/ckks/circuits/linear-transform.js";
import { Evaluator } from "../../src/ckks/evaluator.js";
import { KeyHolder as SecretHolder } from "../../src/ckks/keys/holder.js";
import { Randomness } from "../../src/ckks/randomness.js";
import { compile, KeyHolder, ModelOwner, modelSize, type Network, Server } from "../../src/nn/index.js";
import { babyStep, costsOf, decomposition, foldTime, giantStep, rotationKey } from "../../src/nn/plan/cost.js";
import { countStep, keySwitches } from "../../src/nn/program/counts.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { unsafe } from "../ckks/settings.js";
import { type Brick, randomImage, randomNetwork, rl3 } from "./random-network.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const bricks: Brick[] = [{ conv: 4, padding: 1 }, "bn", "quad", { pool: 2 }, { conv: 6 }, "bn", "quad", "flatten"];
const network = randomNetwork([1, 8, 8], [...bricks, { linear: 3 }], 5);

/** Key switches and limbs of weights as one encrypted run makes and reads them. */
async function measure(of: Network, options: Parameters<typeof compile>[1]) {
  const plan = compile(of, options);
  using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  const server = new Server(plan, device, holder.evaluationKeys);
  const calibration = { calibration: [randomImage(of, 1)] };
  using model =
    plan.model === "plain"
      ? server.loadPlain(of, calibration)
      : server.load(new ModelOwner(plan, holder.publicKey).encrypt(of, calibration));
  const polynomials = model.operands.flatMap((operand) => ("parts" in operand ? operand.parts : [operand.polynomial]));
  using input = holder.encrypt(randomImage(of, 2));
  const launch = device.launch;
  let switches = 0;
  // Only the sum of products with a key has rows modulo a special prime, and one such row for each of them.
  device.launch = ((kernel, logN, rows) => {
    const { special } = plan.parameters;
    if (kernel === "dotProduct") switches += rows.filter((row) => "prime" in row && row.prime === special[0]).length;
    launch.call(device, kernel, logN, rows);
  }) as Device["launch"];
  try {
    (await server.run(model, input))[Symbol.dispose]();
  } finally {
    device.launch = launch;
  }
  return { plan, switches, limbs: polynomials.reduce((sum, { primes }) => sum + primes.length, 0), model };
}

describe("what a plan counts is what a run does", () => {
  for (const model of ["encrypted", "plain"] as const) {
    for (const [name, fold] of [
      ["folded", {}],
      ["with quadratics and batch norms as they are", { square: false, batchNorm: false }],
    ] as const) {
      test(`limbs of the weights and key switches, ${model}, ${name}`, async () => {
        const { plan, switches, limbs, model: made } = await measure(network, { model, fold });
        const planned = modelSize(plan);
        expect(planned).toEqual({ vectors: made.operands.length, limbs });
        const counted = plan.program.steps.reduce(
          (sum, step) => sum + keySwitches(countStep(plan.program, step, model)),
          0,
        );
        // A giant step with a key for products makes both of its switches in one sum.
        const groups = plan.program.steps.flatMap((step) => (step.op === "linear" ? step.groups : []));
        const joint = groups.filter(({ giant }) => plan.productRotations.some(([step]) => step === giant)).length;
        expect(counted).toBe(switches + joint);
        expect(plan.report()).toContain(`${limbs} limbs`);
        expect(plan.report()).toContain(`${counted} key switches`);
      });
    }
  }

  test("RL-3's weights have 2,626 limbs at most: the base has two primes, and so has each encrypted vector parts", () => {
    const plan = compile(rl3());
    expect(modelSize(plan).vectors).toBeLessThanOrEqual(229);
    expect(modelSize(plan).limbs).toBeLessThanOrEqual(2626);
  });
});

// Digits of 2, 2 and 1 primes above a base of two, as networks have it.
describe("the planner's prices without those of products are the NTTs that the evaluator makes", () => {
  const parameters = unsafe(10, [2, 1, 1, 1], { digitPrimes: 2, specials: 3, baseScaleBits: 40 });

  test.each([1, 2, 3])("at level %i", async (level) => {
    const costs = { ...costsOf(parameters, "encrypted"), keyProduct: 0 };
    using holder = await SecretHolder.create(device, parameters, Randomness.seededUnsafe(1));
    const he = new Evaluator(device, parameters, holder.evaluationKeys({ rotations: [1, 2, 3, 4, 6] }));
    const x = holder.encrypt([1], { level });
    const transforms = (work: () => unknown): number => {
      const count = () => device.statistics().rows.ntt + device.statistics().rows.intt;
      const before = count();
      work();
      return count() - before;
    };
    expect(transforms(() => he.rotate(x, 1))).toBe(decomposition(costs, level) + babyStep(costs, level));
    expect(transforms(() => fold(he, x, [1, [2, 4, 6]]))).toBe(foldTime(costs, level, 3));
    const hoisted = transforms(() => he.rotateMany(x, [1, 2, 3]));
    expect(hoisted).toBe(decomposition(costs, level) + 3 * babyStep(costs, level));
    for (const model of ["encrypted", "plain"] as const) {
      const vector = () => (model === "plain" ? he.encoder.encode([2], level) : holder.encrypt([2], { level }));
      const groups = (giants: number[]) => giants.map((giant) => ({ giant, terms: [{ baby: 0, diagonal: vector() }] }));
      const [fewer, more] = [groups([0, 1]), groups([0, 1, 2])].map((each) =>
        transforms(() => linearTransform(he, x, { groups: each })),
      );
      expect(more - fewer).toBe(giantStep({ ...costs, encryptedModel: model === "encrypted" }, level, true));
    }
    const key = holder.evaluationKeys({ relinearize: false, rotations: new Map([[1, level]]) });
    const halves = [...key.galois.values()].flatMap(({ digits }) => digits);
    const limbs = halves.reduce((total, { b }) => total + b.primes.length, 0);
    expect(rotationKey({ ...costs, keyLimb: 1 }, level)).toBe(limbs);
  });
});
