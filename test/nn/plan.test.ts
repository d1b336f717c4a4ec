import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packedLimbBytes } from "../../src/ckks/polynomial.js";
import { LevelError, ParameterError, UnsupportedLayerError } from "../../src/errors.js";
import { compile } from "../../src/nn/compile.js";
import { fold } from "../../src/nn/fold.js";
import { chooseSlots, planProgram, programDepth } from "../../src/nn/plan.js";
import { defaultCosts } from "../../src/nn/plan-cost.js";
import { split } from "../../src/nn/plan-split.js";
import { levelAfter, type Program, rotations } from "../../src/nn/program.js";
import { countStep, describe as print } from "../../src/nn/program-counts.js";
import { type Brick, randomNetwork, rl3 } from "./random-network.js";

const image = (channels: number, height: number, width = height) => ({ channels, height, width });
const diagonals = (program: Program) =>
  program.steps.filter((s) => s.kind === "linear").map((s) => countStep(s, "encrypted").weights);

describe("plan of RL-3 on 8,192 slots", () => {
  const program = planProgram(fold(rl3()).folded);

  test("has the diagonals that were counted by hand, or fewer limbs", () => {
    expect(program.slots).toBe(8192);
    expect(program.depth).toBe(7);
    expect(diagonals(program)).toEqual([36, 98, 169]);
    expect(program.steps.map((step) => step.kind)).toEqual([
      "linear",
      "square",
      "linear",
      "square",
      "linear",
      "square",
      "readout",
    ]);
    expect(program.steps.map((step) => step.level)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  test("an encrypted model has at most 230 MB, its evaluation keys 48 MB, and fewer than 50 are rotations", () => {
    const { parameters, relinearizationLevel, ...plan } = compile(rl3());
    const bytes = (primes: readonly number[]) =>
      primes.reduce((sum, prime) => sum + packedLimbBytes(prime, parameters.logN), 0);
    const vectors = plan.program.steps.map((step) => {
      const { weights, weightLevel, biases } = countStep(step, "encrypted");
      const after = parameters.primesAt(levelAfter(step));
      return 2 * (weights * bytes(parameters.primesAt(weightLevel)) + biases * bytes(after));
    });
    expect(vectors.reduce((a, b) => a + b)).toBeLessThanOrEqual(230e6);
    const keys = [...rotations(plan.program).values(), relinearizationLevel as number].map((level) => {
      const primes = parameters.primesAt(level);
      return Math.ceil(primes.length / parameters.digitPrimes) * bytes([...primes, ...parameters.special]);
    });
    expect(keys.reduce((a, b) => a + b)).toBeLessThanOrEqual(48e6);
    expect(keys.length).toBeLessThan(50);
  });

  test("the pool is rotations before the square's drop, and the third convolution folds four blocks", () => {
    expect(program.steps[3].folds).toEqual([2, 64]);
    expect(program.steps[4].folds).toEqual([4096, 2048]);
  });

  test("does not depend on any weight", () => {
    expect(planProgram(fold(rl3(2)).folded)).toEqual(program);
  });

  test("survives JSON and prints a line for each step", () => {
    expect(JSON.parse(JSON.stringify(program))).toEqual(program);
    const lines = print({ ...compile(rl3()), program }).split("\n");
    expect(lines).toHaveLength(program.steps.length + 2);
    expect(lines[5]).toContain("169 diagonals");
  });

  test("every rotation that a step makes has a key for its level", () => {
    const keys = rotations(program);
    for (const step of program.steps) {
      const steps = step.kind === "linear" ? step.groups.flatMap(({ giant, babies }) => [giant, ...babies]) : [];
      for (const by of [...steps, ...step.folds].filter((by) => by !== 0)) {
        expect(by).toBeGreaterThan(0);
        expect(by).toBeLessThan(program.slots);
        expect(keys.get(by)).toBeGreaterThanOrEqual(step.level);
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
        const { groups, rotations } = split(wanted, 256, level, { ...defaultCosts, encryptedModel });
        const made = groups.flatMap(({ giant, babies }) => babies.map((baby) => (giant + baby) % 256));
        expect(made.sort((a, b) => a - b)).toEqual([...wanted].sort((a, b) => a - b));
        const used = new Set(groups.flatMap(({ giant, babies }) => [giant, ...babies]));
        used.delete(0);
        expect(new Set(rotations)).toEqual(used);
      }),
    );
  });

  test("dearer giants, as encrypted weights make them, never lead to more of them", () => {
    const square = Array.from({ length: 169 }, (_, i) => (32 * Math.floor(i / 13) + (i % 13) + 8192 - 231) % 8192);
    const giants = (encryptedModel: boolean) =>
      split(square, 8192, 3, { ...defaultCosts, encryptedModel }).groups.length;
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
      expect(programDepth(folded)).toBe(depth + (pool === 3 ? 1 : 0));
      expect(planProgram(folded, { slots: 512 }).depth).toBe(programDepth(folded));
    }
  });

  test("a map that does not fit names the slots that it needs", () => {
    const wide = network([{ conv: 12, padding: 1 }, ...end]);
    const error = catchError(() => planProgram(wide, { slots: 8192 }));
    expect(error).toBeInstanceOf(UnsupportedLayerError);
    expect(error).toMatchObject({ fix: expect.stringContaining("16384 slots (N = 32768)") });
    expect(planProgram(wide, { slots: 16384 }).slots).toBe(16384);
  });

  test("an image beyond 2^15 slots has no plan", () => {
    expect(() => network([{ conv: 2, kernel: 1 }, ...end], image(1, 300))).toThrow(/300×300/);
    // Fewer values than slots, but a grid of 256×256.
    const huge = network([{ conv: 1, kernel: 1 }, ...end], image(1, 181));
    expect(() => chooseSlots(huge)).toThrow(UnsupportedLayerError);
    expect(() => planProgram(huge, { slots: 32768 })).toThrow(/181×181/);
  });

  test("a network that does not end with logits, too few levels, a wrong number of slots", () => {
    const open = { input: image(1, 4), classes: 1, layers: [{ op: "square" as const }] };
    expect(() => planProgram(open)).toThrow(UnsupportedLayerError);
    const { folded } = fold(rl3());
    expect(() => planProgram(folded, { levelsLimit: 6 })).toThrow(LevelError);
    expect(() => planProgram(folded, { slots: 5000 })).toThrow(ParameterError);
    expect(() => planProgram({ ...folded, classes: 3 })).toThrow(UnsupportedLayerError);
  });
});

function catchError(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
