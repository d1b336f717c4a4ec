import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packedLimbBytes } from "../../src/ckks/polynomial.js";
import { LevelError, ParameterError, UnsupportedLayerError } from "../../src/errors.js";
import { compile } from "../../src/nn/compile.js";
import { fold } from "../../src/nn/fold/fold.js";
import { defaultCosts } from "../../src/nn/plan/cost.js";
import { chooseSlots, planProgram, programDepth } from "../../src/nn/plan/plan.js";
import { split } from "../../src/nn/plan/split.js";
import { countStep, describe as print } from "../../src/nn/program/counts.js";
import { levelBefore, operandLevels, rotations } from "../../src/nn/program/levels.js";
import { pairedBy } from "../../src/nn/program/pairing.js";
import type { DiagonalGroup, Program } from "../../src/nn/program/program.js";
import { type Brick, randomNetwork, rl3 } from "./random-network.js";

const image = (channels: number, height: number, width = height) => [channels, height, width];
const diagonals = (program: Program) =>
  program.steps.filter(({ op }) => op === "linear").map((step) => countStep(program, step, "encrypted").weights);
const babiesOf = (groups: readonly DiagonalGroup[]) =>
  groups.flatMap(({ giant, terms }) => terms.map(({ baby }) => (giant + baby) % 256));

describe("plan of RL-3 on 8,192 slots", () => {
  const program = planProgram(fold(rl3()).folded);

  test("has at most the diagonals that were counted by hand", () => {
    expect(program.slots).toBe(8192);
    expect(program.depth).toBe(7);
    for (const [k, most] of [7, 72, 144, 2].entries()) expect(diagonals(program)[k]).toBeLessThanOrEqual(most);
    expect(program.steps.map(({ op }) => op)).toEqual([
      "linear",
      "square",
      "linear",
      "square",
      "linear",
      "square",
      "linear",
    ]);
    expect(program.steps.map((step) => levelBefore(program, step))).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  test("an encrypted model has at most 162 MB, its evaluation keys 50 MB, and fewer than 50 are rotations", () => {
    const { parameters, relinearizationLevel, ...plan } = compile(rl3());
    const bytes = (primes: readonly number[]) =>
      primes.reduce((sum, prime) => sum + packedLimbBytes(prime, parameters.logN), 0);
    const vectors = plan.program.steps
      .flatMap((step) => operandLevels(plan.program, step))
      .map((level) => 2 * bytes(parameters.primesAt(level)));
    expect(vectors.reduce((a, b) => a + b)).toBeLessThanOrEqual(162e6);
    const keys = [...rotations(plan.program).values(), relinearizationLevel as number].map((level) => {
      const primes = parameters.primesAt(level);
      return Math.ceil(primes.length / parameters.digitPrimes) * bytes([...primes, ...parameters.special]);
    });
    expect(keys.reduce((a, b) => a + b)).toBeLessThanOrEqual(50e6);
    expect(keys.length).toBeLessThan(50);
  });

  test("the pool is rotations before the square's drop, and the matrix at the end folds all but the classes", () => {
    const [, , , pooled, , , last] = program.steps;
    expect(pooled).toMatchObject({ op: "square", folds: [[1, 16, 17]], pools: [[2, 2]] });
    expect(last).toMatchObject({
      op: "linear",
      guarded: true,
      folded: 8190,
      folds: expect.arrayContaining([[2048, 4096, 6144]]),
    });
  });

  test("does not depend on any weight", () => {
    expect(planProgram(fold(rl3(2)).folded)).toEqual(program);
  });

  test("survives JSON and prints a line for each step", () => {
    expect(JSON.parse(JSON.stringify(program))).toEqual(program);
    const { parameters, model } = compile(rl3());
    const lines = print({ program, parameters, model }).split("\n");
    expect(lines).toHaveLength(program.steps.length + 2);
    expect(lines[5]).toContain(`${diagonals(program)[2]} pairs of diagonals`);
  });

  test("every rotation that a step makes has a key for its level", () => {
    const keys = rotations(program);
    for (const step of program.steps) {
      const groups = step.op === "linear" ? step.groups : [];
      const steps = groups.flatMap(({ giant, terms }) => [giant, ...terms.map(({ baby }) => baby)]);
      const pairs = step.op === "linear" && pairedBy(program, step).length > 0 ? [step.pair!] : [];
      for (const by of [...steps, ...pairs, ...("folds" in step ? step.folds.flat() : [])].filter((by) => by !== 0)) {
        expect(by).toBeGreaterThan(0);
        expect(by).toBeLessThan(program.slots);
        expect(keys.get(by)).toBeGreaterThanOrEqual(levelBefore(program, step));
      }
    }
  });

  test("without any fold of layers it has 15 levels", () => {
    const off = { batchNorm: false, square: false, pooling: false, linear: false };
    expect(planProgram(fold(rl3(), off).folded).depth).toBe(15);
  });
});

describe("split", () => {
  test("covers each diagonal exactly once, at any level and price", () => {
    const set = fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(set, fc.integer({ min: 1, max: 12 }), fc.boolean(), (wanted, level, encryptedModel) => {
        const sets = [{ output: 0, input: 0, modulus: 256, diagonals: wanted }];
        const { groups, rotations } = split(sets, 256, level, { ...defaultCosts, encryptedModel });
        expect(babiesOf(groups).sort((a, b) => a - b)).toEqual([...wanted].sort((a, b) => a - b));
        const used = new Set(groups.flatMap(({ giant, terms }) => [giant, ...terms.map(({ baby }) => baby)]));
        used.delete(0);
        expect(new Set(rotations)).toEqual(used);
      }),
    );
  });

  test("dearer giants, as encrypted weights make them, never lead to more of them", () => {
    const square = Array.from({ length: 169 }, (_, i) => (32 * Math.floor(i / 13) + (i % 13) + 8192 - 231) % 8192);
    const giants = (encryptedModel: boolean) =>
      split([{ output: 0, input: 0, modulus: 8192, diagonals: square }], 8192, 3, { ...defaultCosts, encryptedModel })
        .groups.length;
    expect(giants(true)).toBeLessThanOrEqual(giants(false));
  });
});

describe("fit", () => {
  const network = (bricks: Brick[], input = image(1, 28)) => fold(randomNetwork(input, bricks, 5)).folded;
  const end: Brick[] = ["quad", "gap", "flatten", { linear: 2 }];

  test("chooseSlots takes the fewest slots that hold every map", () => {
    const small = network([{ conv: 4, padding: 1 }, ...end], image(3, 8));
    expect(chooseSlots(small, 64)).toBe(256); // four blocks of 8×8
    expect(chooseSlots(small)).toBe(8192);
    expect(planProgram(small, { slots: 256 }).slots).toBe(256);
  });

  test("a sum pool that cannot be rotations takes a level of its own", () => {
    const pooled = (pool: number) =>
      fold(randomNetwork(image(1, 9), [{ conv: 2 }, "quad", { pool }, { conv: 2, kernel: 1 }, ...end], 5));
    for (const pool of [2, 3]) {
      const { folded, depth } = pooled(pool);
      expect(depth).toBe(pool === 3 ? 6 : 5);
      expect(programDepth(folded)).toBe(depth);
      expect(planProgram(folded, { slots: 512 }).depth).toBe(programDepth(folded));
    }
  });

  test("a map that does not fit into one ciphertext takes several", () => {
    const wide = network([{ conv: 12, padding: 1 }, ...end]);
    const { steps, values, slots } = planProgram(wide, { slots: 8192, taps: false });
    expect(slots).toBe(8192);
    expect(steps[0].outputs).toHaveLength(2);
    expect(values[steps[0].outputs[1]].ciphertext).toBe(1);
    expect(planProgram(wide, { slots: 16384 }).steps[0].outputs).toHaveLength(1);
  });

  test("an image of more than 64 ciphertexts has no plan", () => {
    expect(() => network([{ conv: 2, kernel: 1 }, ...end], image(1, 1500))).toThrow(/1500×1500/);
  });

  test("a network that does not end with logits, too few levels, a wrong number of slots", () => {
    const open = { input: image(1, 4), classes: 1, layers: [{ op: "square" as const, input: 0 }] };
    expect(() => planProgram(open)).toThrow(UnsupportedLayerError);
    expect(planProgram({ ...open, classes: 16 }).depth).toBe(2);
    const { folded } = fold(rl3());
    expect(() => planProgram(folded, { levelsLimit: 6 })).toThrow(LevelError);
    expect(() => planProgram(folded, { slots: 5000 })).toThrow(ParameterError);
    expect(() => planProgram({ ...folded, classes: 3 })).toThrow(UnsupportedLayerError);
  });
});
