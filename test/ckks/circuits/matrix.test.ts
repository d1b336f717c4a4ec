import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matrixTransform, multiplyMatrix, planMatrix } from "../../../src/ckks/circuits/matrix.js";
import { Evaluator } from "../../../src/ckks/index.js";
import { LevelError, MissingKeyError, ParameterError } from "../../../src/errors.js";
import { NoiseBounds } from "../noise-bounds.js";
import { errorBits, instance, unsafe, Values } from "../settings.js";

const parameters = unsafe(10, [2, 1, 1], { digitPrimes: 2, specials: 3, baseScaleBits: 30 });
const test = await instance(parameters, 91);
const { alice, device, encryptor } = test;
const bounds = new NoiseBounds(parameters);

interface Case {
  readonly rows: number;
  readonly columns: number;
  /** log2 of how many times more slots than the columns need. */
  readonly spare: number;
  readonly encrypted: boolean;
  readonly level: number;
  readonly seed: number;
}

const padded = (count: number) => 2 ** Math.ceil(Math.log2(count));

/** Computes W·x with the keys that the plan names, and holds every slot of the result against doubles. */
async function multiplied({ rows, columns, spare, encrypted, level, seed }: Case) {
  const slots = Math.min(parameters.slots, padded(columns) * 2 ** spare);
  const values = new Values(seed);
  const matrix = values.real(rows * columns);
  const vector = values.real(slots); // junk behind the columns
  const plan = planMatrix(parameters, { rows, columns, slots, encrypted });
  const rotations = new Map(plan.rotations.map((step) => [step, level]));
  using keys = alice.evaluationKeys({ rotations, relinearize: level });
  const he = new Evaluator(device, parameters, keys);
  const transform = matrixTransform(plan, matrix, (d) =>
    encrypted
      ? encryptor.encrypt(d, { level, slots: plan.outputSlots })
      : he.encoder.encode(d, level, plan.outputSlots),
  );
  using x = alice.encrypt(vector, { level, slots });
  using y = multiplyMatrix(he, x, plan, transform);
  const { period, outputSlots } = plan;
  expect(y).toMatchObject({ level: level - 1, slots: outputSlots, state: "canonical" });
  const outputs = Array.from({ length: period }, (_, row) =>
    row < rows
      ? Array.from({ length: columns }, (_, c) => matrix[row * columns + c] * vector[c]).reduce((a, b) => a + b)
      : 0,
  );
  const products = plan.groups.flatMap(({ babies }) => babies).length * 2 ** plan.folds.length;
  // Every term errs by its own: the triangle inequality over all that are summed.
  const operand = bounds.freshSlot(level, outputSlots) + bounds.slot(bounds.keySwitch(level), level, outputSlots);
  const weight = bounds.slot(bounds.freshPublic, level, outputSlots);
  const bound = (products + 1) * bounds.product(operand, weight, level, outputSlots);
  const expected = Float64Array.from({ length: outputSlots }, (_, s) => outputs[s % period]);
  const bits = await errorBits(test, y, { real: expected, imaginary: new Float64Array(outputSlots) });
  expect(bits, JSON.stringify({ rows, columns, slots })).toBeLessThan(Math.log2(bound));
  for (const { terms } of transform.groups) for (const { diagonal } of terms) diagonal[Symbol.dispose]();
}

describe("W·x by hybrid diagonals", () => {
  it("any rows, columns and slots that fit, plain and encrypted: every slot s holds output s mod period", async () => {
    const side = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 130 }));
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          rows: side,
          columns: side,
          spare: fc.integer({ min: 0, max: 3 }),
          encrypted: fc.boolean(),
          level: fc.constantFrom(1, 2),
          seed: fc.nat(1000),
        }),
        multiplied,
      ),
      { numRuns: 25 },
    );
  });

  it.each([
    [1, 512],
    [512, 1],
    [10, 100],
    [100, 10],
  ])("%i × %i", async (rows, columns) => {
    await multiplied({ rows, columns, spare: 0, encrypted: false, level: 2, seed: 4 });
  });
});

describe("a plan", () => {
  it("takes 2^⌈log2 rows⌉ products, or as many as columns, about √ of them rotations, and log2(slots/rows) folds", () => {
    const products = (plan: ReturnType<typeof planMatrix>) => plan.groups.flatMap(({ babies }) => babies).length;
    const wide = planMatrix(parameters, { rows: 10, columns: 512, slots: 512 });
    expect([products(wide), wide.folds.length, wide.period, wide.outputSlots]).toEqual([16, 5, 16, 512]);
    const tall = planMatrix(parameters, { rows: 512, columns: 10, slots: 16 });
    expect([products(tall), tall.folds.length, tall.period, tall.outputSlots]).toEqual([16, 0, 512, 512]);
    const squares = [false, true].map((encrypted) =>
      planMatrix(parameters, { rows: 256, columns: 256, slots: 256, encrypted }),
    );
    expect(squares.map(products)).toEqual([256, 256]);
    expect(squares.map(({ rotations }) => rotations.length)).toEqual([30, 38]);
    expect(squares.map(({ groups }) => groups.length)).toEqual([16, 8]);
  });

  it("leaves out diagonals on which a small matrix has nothing", () => {
    const { groups } = planMatrix(parameters, { rows: 5, columns: 1, slots: 512 });
    expect(groups.flatMap(({ babies }) => babies)).toHaveLength(5);
  });

  it("shapes that are none: RangeErrors; that do not fit: ParameterErrors; wrong values, slots, keys, levels: named errors", () => {
    const plan = planMatrix(parameters, { rows: 2, columns: 3, slots: 4 });
    for (const bad of [{ rows: 0 }, { columns: 1.5 }, { slots: 3 }, { rows: -1 }]) {
      expect(() => planMatrix(parameters, { rows: 2, columns: 3, slots: 4, ...bad })).toThrow(RangeError);
    }
    for (const bad of [{ columns: 5 }, { rows: 513 }, { slots: 1024 }]) {
      expect(() => planMatrix(parameters, { rows: 2, columns: 3, slots: 4, ...bad })).toThrow(ParameterError);
    }
    const he = new Evaluator(device, parameters, alice.evaluationKeys());
    const before = device.statistics().bytesInUse;
    const store = (d: Float64Array) => he.encoder.encode(d, 2, 4);
    expect(() => matrixTransform(plan, [1, 2, 3], store)).toThrow(RangeError);
    expect(() => matrixTransform(plan, [1, 2, 3, 4, Number.NaN, 6], store)).toThrow(/row 1, column 1/);
    // A value that no level holds: nothing of what was stored before is kept.
    expect(() => matrixTransform(plan, [1, 2, 3, 4, 5, 1e300], store)).toThrow(ParameterError);
    expect(device.statistics().bytesInUse).toBe(before);
    const transform = matrixTransform(plan, [1, 2, 3, 4, 5, 6], store);
    using x = alice.encrypt([1, 2, 3], { slots: 4 });
    using other = alice.encrypt([1, 2, 3], { slots: 8 });
    using low = alice.encrypt([1, 2, 3], { slots: 4, level: 0 });
    const held = device.statistics().bytesInUse;
    expect(() => multiplyMatrix(he, x, plan, transform)).toThrow(MissingKeyError);
    expect(() => multiplyMatrix(he, other, plan, transform)).toThrow(ParameterError);
    expect(() => multiplyMatrix(he, low, plan, transform)).toThrow(LevelError);
    expect(device.statistics().bytesInUse).toBe(held);
  });
});
