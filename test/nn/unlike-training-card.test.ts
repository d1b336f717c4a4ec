import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError, ParameterError } from "../../src/errors.js";
import { takePlan } from "../../src/nn/formats/plan-schema.js";
import { compile, importOnnx, Plan, unlikeTraining } from "../../src/nn/index.js";
import { readCard } from "../../src/nn/onnx/card.js";
import { enlarged } from "../../src/picture/enlarge.js";
import type { PictureKind } from "../../src/picture/kind.js";
import { original } from "../../src/picture/original.js";

const network = importOnnx(readFileSync(new URL("../../models/rl3-breastmnist.onnx", import.meta.url)));
const kind = network.card.kind!;
const graph = { name: "net", input: [1, 28, 28], classes: 2 };
const read = (given: unknown, input = graph.input) => readCard(JSON.stringify({ kind: given }), { ...graph, input });

/** Each is wrong in one field. */
const wrong: [field: string, kind: unknown][] = [
  ["version", { ...kind, version: 2 }],
  ["version", {}],
  ["mean", { ...kind, mean: kind.mean.slice(1) }],
  ["mean", { ...kind, mean: [...kind.mean.slice(1), null] }],
  ["mean", { ...kind, mean: [...kind.mean.slice(1), 1e300] }],
  ["mean", { ...kind, mean: { length: 54 } }],
  ["deviation", { ...kind, deviation: kind.deviation.map(() => 0) }],
  ["deviation", { ...kind, deviation: kind.deviation.map(() => "1") }],
  ["scales", { ...kind, scales: kind.scales.map((scale) => -scale) }],
  ["rows", { ...kind, rows: kind.rows.map((entry) => entry + 0.5) }],
  ["rows", { ...kind, rows: kind.rows.map(() => 128) }],
  ["rows", { ...kind, rows: Array.from({ length: 1_000_000 }, () => 1) }],
  ["threshold", { ...kind, threshold: 0 }],
  ["threshold", { ...kind, threshold: undefined }],
];

describe("a card's kind", () => {
  test("is read as it is written, and what more it says is left", () => {
    expect(read({ ...kind, note: "x" }).kind).toEqual(kind);
    expect(read(null).kind).toBeUndefined();
  });

  test.each(wrong)("a wrong %s is one error that names it: in a model", (field, given) => {
    expect(() => read(given)).toThrow(FormatError);
    expect(() => read(given)).toThrow(`kind.${field}`);
  });

  test("no object, or of a network that takes no pictures or small ones: refused in a model", () => {
    for (const given of [1, "kind", [kind]]) expect(() => read(given)).toThrow(/"kind" must be an object/);
    for (const input of [[784], [1, 784], [1, 7, 28], [1, 8, 8, 8]]) expect(() => read(kind, input)).toThrow(/8×8/);
  });

  test("goes into the plan and its identity, and comes back from its file", async () => {
    const plan = compile(network);
    expect(plan.card.kind).toEqual(kind);
    const back = await Plan.fromBytes(await plan.toBytes());
    expect(back.card.kind).toEqual(kind);
    const moved = { ...plan.card, kind: { ...kind, threshold: 2 * kind.threshold } };
    expect(new Plan({ ...plan, card: moved }).identity).not.toBe(plan.identity);
  });

  test.each(wrong)("a wrong %s is one error that names it: in a plan, and in a plan's file", (field, given) => {
    const plan = compile(network);
    const card = { ...plan.card, kind: given as PictureKind };
    expect(() => new Plan({ ...plan, card })).toThrow(ParameterError);
    expect(() => new Plan({ ...plan, card })).toThrow(`kind.${field}`);
    const { program, model, fold, depth, productRotations } = plan;
    const text = JSON.stringify({ program, model, fold, depth, card, productRotations });
    // Types and lengths are the schema's; ranges of numbers are looked at when the plan is made of it.
    if (hasTypes(given)) expect(() => takePlan(new TextEncoder().encode(text))).not.toThrow();
    else expect(() => takePlan(new TextEncoder().encode(text))).toThrow(/card\.kind/);
  });
});

function hasTypes(given: unknown): boolean {
  const { version, mean, deviation, scales, rows, threshold } = given as PictureKind;
  const lists = [mean, deviation, scales, rows].map((list, k) => {
    return Array.isArray(list) && list.length === (k < 3 ? 54 : 1485) && list.every(Number.isFinite);
  });
  return version === 1 && Number.isFinite(threshold) && lists.every(Boolean);
}

test("original(enlarged(x)) = x, from any size to any larger one", () => {
  const size = fc.integer({ min: 1, max: 30 });
  fc.assert(
    fc.property(
      size,
      size,
      size,
      fc.integer({ min: 1, max: 3 }),
      fc.integer(),
      (from, taller, wider, channels, seed) => {
        const extents = [channels, from + taller - 1, from + wider - 1];
        const pixels = Array.from({ length: channels * from * from }, (_, k) => (k * 37 + (seed & 0xffff)) % 256);
        const upsampled = { from, method: "bilinear" as const };
        const back = original(enlarged(pixels, extents, upsampled), extents, upsampled);
        expect(back.length).toBe(pixels.length);
        pixels.forEach((pixel, k) => {
          expect(Math.abs(back[k] - pixel)).toBeLessThan(1e-6);
        });
      },
    ),
  );
});

test("values that are not the network's are refused, not judged", () => {
  expect(() => unlikeTraining(new Float64Array(783), network)).toThrow(ParameterError);
  expect(() => unlikeTraining(new Float64Array(784).fill(Number.NaN), network)).toThrow(ParameterError);
  expect(() => unlikeTraining(new Uint8Array(784) as unknown as Float64Array, network)).toThrow(TypeError);
});

test("a card without kind is judged by mean and contrast", () => {
  const { kind: _, ...card } = network.card;
  const bright = new Float64Array(784).fill(1);
  const found = unlikeTraining(bright, { input: network.input, card })!;
  expect(found.text).toContain("mean grey value is 255.0");
  expect(found.score).toBeUndefined();
  expect(unlikeTraining(bright, { input: network.input, card: { ...card, training: undefined } })).toBeUndefined();
});
