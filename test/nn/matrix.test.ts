import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blocksOf, groupsOf, type Layout, occupants, periodOf } from "../../src/nn/layout.js";
import { blockOffsets, diagonalsOf, foldSteps } from "../../src/nn/matrix.js";
import type { LinearGeometry } from "../../src/nn/matrix-geometry.js";

const grid = 8;
const slots = 1024;

interface Case {
  readonly geometry: LinearGeometry;
  readonly input: Layout;
  readonly target: Layout;
  readonly period: number;
}

const cases = fc
  .record({
    channels: fc.integer({ min: 1, max: 6 }),
    outChannels: fc.integer({ min: 1, max: 9 }),
    depthwise: fc.boolean(),
    size: fc.tuple(fc.integer({ min: 3, max: 8 }), fc.integer({ min: 3, max: 8 })),
    kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.nat(1),
    subBits: fc.tuple(fc.nat(1), fc.nat(1)),
    shifts: fc.tuple(fc.nat(3), fc.nat(3)),
    fold: fc.nat(4),
  })
  .map(({ channels, outChannels, depthwise, size, kernel, stride, padding, subBits, shifts, fold }): Case => {
    const out = size.map((extent, axis) => Math.floor((extent + 2 * padding - kernel[axis]) / stride) + 1);
    const inShape = { channels, height: size[0], width: size[1] };
    const outShape = { channels: depthwise ? channels : outChannels, height: out[0], width: out[1] };
    const step = stride > 1 && out.every((extent) => extent * 2 <= grid) ? 2 : 1;
    const input: Layout = { ...inShape, slots, grid, gap: [1, 1], sub: [1, 1], shift: 0 };
    const sub = [Math.min(step, 2 ** subBits[0]), Math.min(step, 2 ** subBits[1])] as const;
    const target: Layout = { ...outShape, slots, grid, gap: [step, step], sub, shift: 0 };
    const fitted = [input, target].map((layout, i) => {
      let shift = shifts[i];
      while (groupsOf(layout) << shift > blocksOf(layout)) shift--;
      return { ...layout, shift };
    });
    let period = periodOf(fitted[0]);
    for (let i = 0; i < fold && period / 2 >= periodOf(fitted[1]); i++) period /= 2;
    const stride2 = [stride, stride] as const;
    const geometry = {
      input: inShape,
      output: outShape,
      kernel,
      stride: stride2,
      padding: [padding, padding] as const,
      depthwise,
    };
    return { geometry, input: fitted[0], target: fitted[1], period };
  })
  .filter(
    ({ target }) =>
      target.height >= 1 && target.width >= 1 && Math.max(target.height, target.width) * target.gap[0] <= grid,
  );

/** Whether input value `from` is in the window of output value `to`, by the definition. */
function connected(
  { input, output, kernel, stride, padding, depthwise }: LinearGeometry,
  to: number,
  from: number,
): boolean {
  const [c, y, x] = [
    Math.floor(to / (output.height * output.width)),
    Math.floor(to / output.width) % output.height,
    to % output.width,
  ];
  const [d, v, u] = [
    Math.floor(from / (input.height * input.width)),
    Math.floor(from / input.width) % input.height,
    from % input.width,
  ];
  const row = v - (y * stride[0] - padding[0]);
  const column = u - (x * stride[1] - padding[1]);
  return row >= 0 && row < kernel[0] && column >= 0 && column < kernel[1] && (!depthwise || c === d);
}

describe("matrix", () => {
  test("the diagonals are exactly those with an entry, and every result sees every input once after the folds", () => {
    fc.assert(
      fc.property(cases, ({ geometry, input, target, period }) => {
        const diagonals = diagonalsOf(geometry, input, target, period);
        const [from, to] = [occupants(input), occupants(target)];
        const offsets = blockOffsets(input, period);
        const used = new Set<number>();
        const folded = foldSteps(input, period);
        // seen[j]: the input values that slot j has summed up, with multiplicity.
        let seen: number[][] = Array.from({ length: slots }, (_, j) => {
          const block = Math.floor(j / grid ** 2);
          if (to[j] < 0 || !offsets.active(block)) return [];
          const list: number[] = [];
          for (let i = 0; i < slots; i++) {
            const offset = (Math.floor(i / grid ** 2) - block + blocksOf(input)) % blocksOf(input);
            if (offset % offsets.stride !== 0 || offset / offsets.stride >= offsets.count) continue;
            if (from[i] < 0 || !connected(geometry, to[j], from[i])) continue;
            used.add((i - j + slots) % slots);
            list.push(from[i]);
          }
          return list;
        });
        // Without an entry there is a diagonal still: a product of nothing does not exist.
        expect(diagonals).toEqual(used.size === 0 ? [0] : [...used].sort((a, b) => a - b));
        for (const step of folded) seen = seen.map((list, j) => [...list, ...seen[(j + step) % slots]]);
        const all = Array.from({ length: input.channels * input.height * input.width }, (_, i) => i);
        for (let j = 0; j < slots; j++) {
          if (to[j] < 0) continue;
          expect(seen[j].sort((a, b) => a - b)).toEqual(all.filter((value) => connected(geometry, to[j], value)));
        }
      }),
      { numRuns: 40 },
    );
  });
});
