import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../../src/data/mulberry32.js";
import type { FoldedLinear } from "../../../src/nn/fold/folded.js";
import { interpretFolded } from "../../../src/nn/fold/interpret.js";
import { sizeOf } from "../../../src/nn/graph/shapes.js";
import {
  bitsOf,
  checkLayout,
  filledCiphertexts,
  type Layout,
  pack,
  type Role,
  unpack,
} from "../../../src/nn/layout/layout.js";
import { connectionOf } from "../../../src/nn/plan/connection.js";
import { foldSteps, SlotMatrix } from "../../../src/nn/plan/diagonals.js";
import { readoutTarget, targets } from "../../../src/nn/plan/targets.js";

/** A linear layer of one term with random weights, on one to three axes. */
function layerOf(random: () => number) {
  const integer = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const axes = integer(0, 3);
  const input = [integer(1, 5), ...Array.from({ length: axes }, () => integer(1, [9, 6, 3][axes - 1]))];
  const dense = random() < 0.3;
  const each = <T>(make: (extent: number) => T) => input.slice(1).map(make);
  const groups = !dense && random() < 0.3 ? input[0] : 1;
  const outputs = groups * integer(1, 3);
  const kernel = dense ? input.slice(1) : each((extent) => integer(1, Math.min(3, extent)));
  const stride = each(() => (dense ? 1 : integer(1, 2)));
  const dilation = kernel.map((taps, a) => (!dense && (taps - 1) * 2 < input[a + 1] ? integer(1, 2) : 1));
  const before = each(() => (dense ? 0 : integer(-1, 1)));
  const after = each(() => (dense ? 0 : integer(-1, 1)));
  const extents = kernel.map((taps, a) =>
    Math.floor((input[a + 1] + before[a] + after[a] - (taps - 1) * dilation[a] - 1) / stride[a] + 1),
  );
  if (extents.some((extent) => extent < 1)) return undefined;
  const shape = [outputs, ...(dense ? [] : extents)];
  const numbers = (length: number) => Float64Array.from({ length }, () => random() * 2 - 1);
  const term = {
    input: 0,
    kernel,
    stride,
    dilation,
    before,
    groups,
    weights: numbers((outputs * input[0] * sizeOf(kernel)) / groups),
  };
  const layer: FoldedLinear = {
    op: "linear",
    kind: "conv",
    terms: [term],
    shape,
    bias: new Float64Array(sizeOf(shape)),
  };
  return { input, layer, values: numbers(sizeOf(input)) };
}

/** Bits in any order; copies and junk between them, some outside. */
function layoutOf(shape: readonly number[], count: number, random: () => number): Layout {
  const own = shape.flatMap((extent, d) => Array.from({ length: bitsOf(extent) }, (_, bit): Role => [d, bit]));
  const shuffle = (roles: Role[]) =>
    roles
      .map((role) => ({ role, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ role }) => role);
  const all = shuffle(own);
  const outside = all.splice(Math.min(count - 1, all.length - Math.floor(random() * 2)));
  const free = Array.from({ length: count - all.length }, (): Role => (random() < 0.6 ? "replica" : "junk"));
  return { shape, slots: 2 ** count, bits: [...shuffle([...all, ...free]), ...outside] };
}

describe("a linear map between two layouts", () => {
  test("by its diagonals and folds is the map, whatever bits its elements lie on", () => {
    let maps = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const word = mulberry32(seed);
        const random = () => word() / 2 ** 32;
        const made = layerOf(random);
        if (!made) return;
        const { input, layer, values } = made;
        const from = layoutOf(input, 9, random);
        const [term] = layer.terms;
        const shape = input.map((_, d) => layer.shape[d] ?? 1);
        const options = [
          ...targets(from, layer.shape, term.stride),
          ...(sizeOf(shape.slice(1)) === 1 ? [readoutTarget(from, layer.shape)] : []),
        ];
        const wanted = interpretFolded({ input, layers: [layer], classes: sizeOf(layer.shape) }, values);
        const sources = filledCiphertexts(from);
        const packed = pack(from, values).map((slots) => {
          // Junk is anything.
          const used = new Set(packedSlots(from));
          return slots.map((value, slot) => (used.has(slot) || value !== 0 ? value : 1e3 * random()));
        });
        for (const { layout, folds } of options.filter(() => random() < 12 / options.length)) {
          maps++;
          checkLayout(layout);
          const matrix = new SlotMatrix(connectionOf(layer, term, input), from, layout, folds);
          const results = filledCiphertexts(layout).map((to) => {
            const sum = new Float64Array(from.slots);
            for (const [k, slots] of packed.entries()) {
              const source = sources[k];
              for (const d of matrix.diagonals(to, source)) {
                matrix.visit(d, to, source, (slot, weight) => {
                  sum[slot] += term.weights[weight] * slots[(slot + d) % from.slots];
                });
              }
            }
            return foldSteps(folds).reduce((y, step) => y.map((value, j) => value + y[(j + step) % from.slots]), sum);
          });
          const got = unpack(layout, results);
          for (const [i, value] of wanted.entries()) expect(Math.abs(got[i] - value)).toBeLessThan(1e-9);
          // Every slot that is said to hold an element does.
          const again = pack(layout, wanted);
          for (const [k, slots] of again.entries()) {
            for (const [slot, value] of slots.entries()) {
              if (value !== 0) expect(Math.abs(results[k][slot] - value)).toBeLessThan(1e-9);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(maps).toBeGreaterThan(300);
  });

  test("a matrix from anywhere to m outputs has m diagonals at most, and every slot of the result holds a whole one", () => {
    const word = mulberry32(3);
    const random = () => word() / 2 ** 32;
    for (const outputs of [1, 2, 3, 10]) {
      const input = [5, 3, 7];
      const from = layoutOf(input, 9, random);
      const ones = [1, 1];
      const term = {
        input: 0,
        kernel: [3, 7],
        stride: ones,
        dilation: ones,
        before: [0, 0],
        groups: 1,
        weights: new Float64Array(105 * outputs).fill(1),
      };
      const layer = {
        op: "linear" as const,
        kind: "dense" as const,
        terms: [term],
        shape: [outputs],
        bias: new Float64Array(outputs),
      };
      const { layout, folds } = readoutTarget(from, [outputs]);
      const matrix = new SlotMatrix(connectionOf(layer, term, input), from, layout, folds);
      expect(matrix.diagonals().length).toBeLessThanOrEqual(2 ** bitsOf(outputs));
      expect(layout.bits.filter((role) => role === "junk")).toEqual([]);
    }
  });
});

/** Slots of a ciphertext that hold elements in some ciphertext of the layout. */
function packedSlots(layout: Layout): number[] {
  const marked = pack(layout, new Float64Array(sizeOf(layout.shape)).fill(1));
  return marked.flatMap((slots) => [...slots.keys()].filter((slot) => slots[slot] !== 0));
}
