import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../src/data/mulberry32.js";
import { ParameterError } from "../../src/errors.js";
import { sizeOf } from "../../src/nn/graph/shapes.js";
import {
  bitsOf,
  checkLayout,
  filledCiphertexts,
  type Layout,
  layoutKey,
  occupants,
  pack,
  pooled,
  type Role,
  unpack,
} from "../../src/nn/layout/layout.js";

/** Any shape of up to four dimensions, its bits anywhere, copies and junk between them, some outside of the slots. */
const layouts = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
    copies: fc.nat(2),
    junk: fc.nat(2),
    outside: fc.nat(2),
    seed: fc.nat(),
  })
  .map(({ shape, copies, junk, outside, seed }): Layout => {
    const random = mulberry32(seed);
    const own = shape.flatMap((extent, d) => Array.from({ length: bitsOf(extent) }, (_, bit): Role => [d, bit]));
    const shuffled = own.map((role) => ({ role, key: random() })).sort((a, b) => a.key - b.key);
    const above = shuffled.splice(0, Math.min(outside, shuffled.length)).map(({ role }) => role);
    const free = [...Array<Role>(copies).fill("replica"), ...Array<Role>(junk).fill("junk")];
    const inside = [...shuffled.map(({ role }) => role), ...free]
      .map((role) => ({ role, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ role }) => role);
    return { shape, slots: 2 ** inside.length, bits: [...inside, ...above] };
  });

describe("layout", () => {
  test("each value occurs once for every copy, and nowhere else", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        checkLayout(layout);
        const counts = new Map<number, number>();
        for (const k of filledCiphertexts(layout)) {
          for (const index of occupants(layout, k)) counts.set(index, (counts.get(index) ?? 0) + 1);
        }
        counts.delete(-1);
        expect(counts.size).toBe(sizeOf(layout.shape));
        const copies = 2 ** layout.bits.filter((role) => role === "replica").length;
        expect(new Set(counts.values())).toEqual(new Set([copies]));
      }),
    );
  });

  test("unpack ∘ pack = identity, and where a bit is a replica both of its values hold the same", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        const values = Float64Array.from({ length: sizeOf(layout.shape) }, (_, i) => i + 1);
        const packed = pack(layout, values);
        expect(unpack(layout, packed)).toEqual(values);
        for (const [place, role] of layout.bits.entries()) {
          for (const slots of packed) {
            for (const [slot, value] of slots.entries()) {
              if (role === "replica") expect(slots[slot ^ (1 << place)]).toBe(value);
              if (role === "junk" && (slot >> place) & 1) expect(value).toBe(0);
            }
          }
        }
      }),
    );
  });

  test("a pool sums in place: rotations of the lowest bits of its axes, which are junk afterwards", () => {
    const layout: Layout = {
      shape: [2, 5, 4],
      slots: 64,
      bits: [
        [2, 0],
        [2, 1],
        [1, 0],
        [1, 1],
        [1, 2],
        [0, 0],
      ],
    };
    const { layout: after, folds } = pooled(layout, [2, 4]);
    expect(folds).toEqual([1, 2, 4]);
    expect(after.shape).toEqual([2, 2, 1]);
    expect(after.bits).toEqual(["junk", "junk", "junk", [1, 0], "junk", [0, 0]]);
    checkLayout(after);
    const values = Float64Array.from({ length: 40 }, (_, i) => i);
    const [slots] = pack(layout, values);
    const summed = folds.reduce((y, step) => y.map((value, j) => value + y[(j + step) % 64]), slots);
    const sum = (c: number, rows: number[]) =>
      rows.flatMap((y) => [0, 1, 2, 3].map((x) => (c * 5 + y) * 4 + x)).reduce((a, b) => a + b);
    expect([...unpack(after, [summed])]).toEqual([sum(0, [0, 1]), sum(0, [2, 3]), sum(1, [0, 1]), sum(1, [2, 3])]);
  });

  test("refuses what contradicts itself, and values of another number", () => {
    const layout: Layout = {
      shape: [3, 2],
      slots: 8,
      bits: [
        [1, 0],
        [0, 0],
        [0, 1],
      ],
    };
    checkLayout(layout);
    const wrong: Layout[] = [
      { ...layout, slots: 12 },
      { ...layout, slots: 2 ** 20 },
      {
        ...layout,
        bits: [
          [1, 0],
          [0, 0],
        ],
      },
      {
        ...layout,
        bits: [
          [1, 0],
          [0, 0],
          [0, 0],
        ],
      },
      { ...layout, bits: [[1, 0], [0, 0], "replica"] },
      { ...layout, bits: [[1, 0], [0, 0], [0, 1], "replica"] },
      {
        ...layout,
        bits: [
          [1, 0],
          [0, 0],
          [0, 1],
          [2, 0],
        ],
      },
    ];
    for (const each of wrong) expect(() => checkLayout(each), JSON.stringify(each)).toThrow(ParameterError);
    expect(() => pack(layout, [1, 2, 3])).toThrow(/3 values for 3×2/);
    expect(layoutKey({ ...layout, bits: [...layout.bits] })).toBe(layoutKey(layout));
    for (const each of wrong) expect(layoutKey(each), JSON.stringify(each)).not.toBe(layoutKey(layout));
  });
});
