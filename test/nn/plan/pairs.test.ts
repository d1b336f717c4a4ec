/** Two diagonals in one product: which are left, what a program says of it, and that what runs is still the network. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KeyHolder as SecretHolder } from "../../../src/ckks/keys/holder.js";
import { ParameterError } from "../../../src/errors.js";
import { fold } from "../../../src/nn/fold/fold.js";
import {
  compile,
  encodeInput,
  interpret,
  KeyHolder,
  ModelOwner,
  type Network,
  type Plan,
  Randomness,
  Server,
  simulate,
  weightsFor,
} from "../../../src/nn/index.js";
import { defaultCosts } from "../../../src/nn/plan/cost.js";
import { requireArchitecture } from "../../../src/nn/plan/match.js";
import { everySecond, halving, paired, splitInPairs } from "../../../src/nn/plan/pairs.js";
import { checkProgram } from "../../../src/nn/program/check.js";
import { levelAfter, levelBefore, rotations } from "../../../src/nn/program/levels.js";
import { imagePair, pairedBy } from "../../../src/nn/program/pairing.js";
import type { LinearStep, Program, Step } from "../../../src/nn/program/program.js";
import { openCpuDevice } from "../../../src/ntt/cpu/device.js";
import type { Device } from "../../../src/ntt/device.js";
import { type Brick, networkOf, RandomLayers, randomImage, randomNetwork, rl3, uniform } from "../random-network.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const MODULUS = 64;
const someDiagonals = fc.uniqueArray(fc.nat(MODULUS - 1), { minLength: 1 });

describe("diagonals", () => {
  test("each is taken once: by itself, or by the one that stands a step before it", () => {
    fc.assert(
      fc.property(someDiagonals, fc.integer({ min: 1 - MODULUS, max: MODULUS - 1 }), (diagonals, step) => {
        fc.pre(step !== 0);
        const left = everySecond({ diagonals, modulus: MODULUS }, step);
        const all = new Set(diagonals);
        const seconds = left.map((d) => (d + step + MODULUS) % MODULUS).filter((d) => all.has(d));
        expect([...left, ...seconds].sort((a, b) => a - b)).toEqual([...diagonals].sort((a, b) => a - b));
        expect(left).toEqual([...left].sort((a, b) => a - b));
      }),
    );
  });

  test("a search's halving says how many are left, and leaves the fewest of all powers of two", () => {
    fc.assert(
      fc.property(fc.array(someDiagonals, { minLength: 1, maxLength: 3 }), (lists) => {
        const sets = lists.map((diagonals, input) => ({ output: 0, input, modulus: MODULUS, diagonals }));
        const count = (step: number) => paired(sets, step).reduce((sum, { diagonals }) => sum + diagonals.length, 0);
        const counts = [32, 16, 8, 4, 2, 1].map(count);
        const found = halving(sets);
        const all = lists.flat().length;
        expect(Math.min(all, ...counts)).toBe(found ? count(found.step) : all);
        if (found) expect(found.left).toEqual(paired(sets, found.step).map(({ diagonals }) => diagonals.length));
      }),
    );
  });

  test("pairs are taken where they are cheaper, their rotation is among those that need keys, and nowhere for logits", () => {
    const sets = [{ output: 0, input: 0, modulus: 256, diagonals: Array.from({ length: 64 }, (_, d) => d) }];
    const split = (rotated: number) => splitInPairs(sets, 256, 3, defaultCosts, { rotated, results: 1 });
    for (const rotated of [0, 1]) {
      const { groups, pair, rotations } = split(rotated);
      expect(groups.flatMap(({ terms }) => terms)).toHaveLength(32);
      if (rotated === 1) expect(rotations).toContain(pair);
    }
    expect(splitInPairs(sets, 256, 3, defaultCosts, undefined).pair).toBeUndefined();
    const single = [{ output: 0, input: 0, modulus: 256, diagonals: [7] }];
    expect(splitInPairs(single, 256, 3, defaultCosts, { rotated: 0, results: 1 }).pair).toBeUndefined();
  });
});

const linear = (program: Program) => program.steps.filter((step): step is LinearStep => step.op === "linear");
const terms = (step: LinearStep) => step.groups.reduce((sum, group) => sum + group.terms.length, 0);

describe("RL-3", () => {
  const { program, evaluationKeyRequest, conjugationLevel } = compile(rl3());
  const [, second, third, last] = linear(program);

  test("takes half of the products in its layers of 72 and 144, and all of the readout's", () => {
    expect([terms(second), terms(third), terms(last)]).toEqual([36, 72, 2]);
    expect([second.pair !== undefined, third.pair !== undefined, last.pair]).toEqual([true, true, undefined]);
  });

  test("has a key for each rotation that pairs, and for conjugation at each level where real parts are taken", () => {
    const keys = rotations(program);
    for (const step of [second, third]) {
      expect(pairedBy(program, step)).toEqual(step.inputs);
      expect(keys.get(step.pair!)).toBeGreaterThanOrEqual(levelBefore(program, step));
    }
    expect(evaluationKeyRequest.conjugate).toEqual([second, third].map((step) => levelBefore(program, step)));
    expect(conjugationLevel).toBe(levelBefore(program, second));
  });

  test("does not run with another pair: not checked, or not of the network", () => {
    const changed = (layer: number, change: (step: LinearStep) => Partial<LinearStep>): Program => ({
      ...program,
      steps: program.steps.map((step): Step => (step === linear(program)[layer] ? { ...step, ...change(step) } : step)),
    });
    for (const pair of [0, program.slots, 0.5, -1]) {
      expect(() => checkProgram(changed(1, () => ({ pair })))).toThrow(ParameterError);
    }
    expect(() => checkProgram(changed(3, () => ({ pair: 1 })))).toThrow(/pairs what it leaves at level 0/);
    expect(levelAfter(program, second)).toBeGreaterThan(0);
    const { folded } = fold(rl3());
    expect(() => requireArchitecture(program, folded)).not.toThrow();
    for (const pair of [second.pair! + 1, program.slots / 2, undefined]) {
      const other = changed(1, () => ({ pair }));
      expect(() => requireArchitecture(other, folded), `${pair}`).toThrow("planned for another network");
    }
  });
});

const BLOCK: Brick[] = [
  { conv: 16, padding: 1 },
  "quad",
  { conv: 16, padding: 1 },
  "quad",
  "gap",
  "flatten",
  { linear: 3 },
];
/** One step takes the image: its holder pairs it. */
const chain = randomNetwork([4, 14, 14], BLOCK, 4);
/** Two do: the server pairs it. */
const branched = (() => {
  const make = new RandomLayers(uniform(8));
  const conv = () => make.conv(4, 16, [3, 3], [1, 1], [1, 1, 1, 1]);
  return networkOf(
    [4, 14, 14],
    [
      conv(),
      make.quad(16),
      { ...conv(), inputs: [0] },
      make.quad(16),
      { op: "add", inputs: [2, 4] },
      { op: "globalAvgPool" },
      { op: "flatten" },
      make.linear(16, 3),
    ],
  );
})();

describe("the image", () => {
  test("is encrypted as x + i·rotate(x, pair) where one step takes it, and as it is where several do", async () => {
    for (const [network, given] of [
      [chain, true],
      [branched, false],
    ] as const) {
      const plan = compile(network);
      const { program } = plan;
      expect(imagePair(program) !== undefined).toBe(given);
      const takers = program.steps.filter(({ inputs }) => inputs.includes(program.inputs[0]));
      expect(takers.map((step) => pairedBy(program, step).length)).toEqual(given ? [0] : [1, 1]);
      const secret = await SecretHolder.create(device, plan.parameters, Randomness.seededUnsafe(1));
      using holder = KeyHolder.from(plan, secret);
      const image = randomImage(network, 9);
      using encrypted = holder.encrypt(image);
      const { real, imaginary } = await secret.decryptComplex(encrypted.ciphertexts[0]);
      const [slots] = encodeInput(program, image);
      const pair = imagePair(program);
      const other = (i: number) => (pair === undefined ? 0 : slots[(i + pair) % slots.length]);
      expect(Math.max(...slots.map((value, i) => Math.abs(value - real[i])))).toBeLessThan(2 ** -20);
      expect(Math.max(...slots.map((_, i) => Math.abs(other(i) - imaginary[i])))).toBeLessThan(2 ** -20);
    }
  });
});

describe.each([
  ["a chain", chain],
  ["an image that two layers take", branched],
] as const)("%s", (_name, network) => {
  test.each(["encrypted", "plain"] as const)("%s weights: encrypted = twin = interpreter", async (model) => {
    const plan = compile(network, { model });
    // Plain weights are too cheap for the server to rotate an image of four channels.
    const pairs = network === chain || model === "encrypted";
    expect(linear(plan.program).some(({ pair }) => pair !== undefined)).toBe(pairs);
    await expectSame(plan, network);
  });
});

async function expectSame(plan: Plan, network: Network): Promise<void> {
  const calibration = [1, 2, 3].map((seed) => randomImage(network, seed));
  using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(3));
  const server = new Server(plan, device, holder.evaluationKeys);
  using model =
    plan.model === "plain"
      ? server.loadPlain(network, { calibration })
      : server.load(new ModelOwner(plan, holder.publicKey).encrypt(network, { calibration }));
  using image = holder.encrypt(calibration[1]);
  using result = await server.run(model, image);
  const logits = await holder.decrypt(result);
  const clear = interpret(network, calibration[1]);
  const { weights } = weightsFor(plan, network, { calibration });
  const twin = simulate(plan.program, weights, calibration[1]).logits;
  for (const [k, logit] of clear.entries()) {
    expect(Math.abs(logit - twin[k])).toBeLessThan(1e-9);
    expect(Math.abs(logit - logits[k])).toBeLessThan(2 ** -8);
  }
}
