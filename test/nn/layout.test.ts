import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParameterError } from "../../src/errors.js";
import {
  blocksOf,
  channelsIn,
  checkLayout,
  groupAt,
  groupsOf,
  type Layout,
  occupants,
  pack,
  periodOf,
  pooled,
  unpack,
} from "../../src/nn/layout.js";

const power = (most: number) => fc.integer({ min: 0, max: most }).map((exponent) => 2 ** exponent);

/** Layouts that fit. */
const layouts = fc
  .record({
    channels: fc.integer({ min: 1, max: 20 }),
    gap: fc.tuple(power(2), power(2)),
    subBits: fc.tuple(fc.nat(2), fc.nat(2)),
    pixels: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    shift: fc.nat(2),
  })
  .map(({ channels, gap, subBits, pixels: [height, width], shift }): Layout => {
    const sub = [Math.min(gap[0], 2 ** subBits[0]), Math.min(gap[1], 2 ** subBits[1])] as const;
    const grid = 2 ** Math.ceil(Math.log2(Math.max(height * gap[0], width * gap[1])));
    const layout = { channels, height, width, gap, sub, shift, grid, slots: 1 };
    return { ...layout, slots: grid ** 2 * periodOf(layout) * 2 };
  })
  .filter(({ slots }) => slots <= 2 ** 15);

describe("layout", () => {
  test("every block holds its whole group, and each value occurs equally often", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        checkLayout(layout);
        const counts = new Map<number, number>();
        for (const index of occupants(layout)) counts.set(index, (counts.get(index) ?? 0) + 1);
        counts.delete(-1);
        expect(counts.size).toBe(layout.channels * layout.height * layout.width);
        expect(new Set(counts.values())).toEqual(new Set([blocksOf(layout) / groupsOf(layout)]));
      }),
    );
  });

  test("the groups cover each channel exactly once", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        let channels = 0;
        for (let group = 0; group < groupsOf(layout); group++) channels += channelsIn(layout, group);
        expect(channels).toBe(layout.channels);
        expect(groupAt(layout, periodOf(layout))).toBe(0);
      }),
    );
  });

  test("unpack ∘ pack = identity, and pack repeats with the layout's period", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        const values = Float64Array.from({ length: layout.channels * layout.height * layout.width }, (_, i) => i + 1);
        const slots = pack(layout, values);
        expect(unpack(layout, slots)).toEqual(values);
        const period = periodOf(layout) * layout.grid ** 2;
        expect(slots.every((value, j) => value === slots[(j + period) % layout.slots])).toBe(true);
      }),
    );
  });

  test("a pool moves nothing: its first pixels stay in place", () => {
    const layout: Layout = {
      channels: 4,
      height: 4,
      width: 4,
      slots: 128,
      grid: 8,
      gap: [2, 2],
      sub: [2, 2],
      shift: 0,
    };
    const before = occupants(layout);
    const after = occupants(pooled(layout, [2, 2]));
    for (const [slot, index] of after.entries()) {
      if (index < 0) continue;
      const [channel, y, x] = [Math.floor(index / 4), Math.floor(index / 2) % 2, index % 2];
      expect(before[slot]).toBe((channel * 4 + 2 * y) * 4 + 2 * x);
    }
  });

  test("what contradicts itself or does not fit is refused", () => {
    const good: Layout = { channels: 4, height: 4, width: 4, slots: 64, grid: 8, gap: [2, 2], sub: [2, 2], shift: 0 };
    checkLayout(good);
    for (const wrong of [
      { height: 5 },
      { sub: [4, 1] },
      { shift: 1 },
      { sub: [1, 1] },
      { gap: [3, 2] },
      { slots: 65 },
      { slots: 2 ** 16 },
    ]) {
      expect(() => checkLayout({ ...good, ...wrong } as Layout)).toThrow(ParameterError);
    }
    expect(() => pack(good, [1, 2])).toThrow(/4×4×4/);
  });
});
