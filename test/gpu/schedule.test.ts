import fc from "fast-check";
import { expect, test } from "vitest";
import { Schedule } from "../../src/gpu/schedule.js";
import type { KernelName, Limb } from "../../src/ntt/kernels.js";

interface Launch {
  readonly kernel: KernelName;
  readonly rows: readonly { readonly reads: readonly Limb[]; readonly writes: readonly Limb[] }[];
}

const limb = fc.integer({ min: 0, max: 11 }).map((n) => n as Limb);
const launch: fc.Arbitrary<Launch> = fc.record({
  kernel: fc.constantFrom<KernelName[]>("add", "ntt", "copy"),
  // Rows of one launch never depend on each other: one row is enough to tell.
  rows: fc.tuple(
    fc.record({ reads: fc.array(limb, { maxLength: 3 }), writes: fc.array(limb, { minLength: 1, maxLength: 2 }) }),
  ),
});

function run(launches: readonly Launch[]) {
  const schedule = new Schedule();
  launches.forEach(({ kernel, rows }, number) => {
    schedule.add(
      kernel,
      10,
      rows.map((row) => ({ ...row, words: [number] })),
    );
  });
  return schedule.drain(() => false);
}

test("launches that depend on each other keep their order, in different batches", () => {
  fc.assert(
    fc.property(fc.array(launch, { maxLength: 30 }), (launches) => {
      const place = new Map<number, number>();
      run(launches).forEach(({ rows }, batch) => {
        for (const { words } of rows) place.set(words[0], batch);
      });
      expect(place.size).toBe(launches.length);
      for (const [later, { rows: b }] of launches.entries()) {
        for (const [earlier, { rows: a }] of launches.slice(0, later).entries()) {
          const conflict =
            a[0].writes.some((l) => b[0].reads.includes(l) || b[0].writes.includes(l)) ||
            a[0].reads.some((l) => b[0].writes.includes(l));
          if (conflict) expect(place.get(earlier)!, `${earlier} before ${later}`).toBeLessThan(place.get(later)!);
        }
      }
    }),
  );
});

test("independent launches of one kernel become one batch, whatever stands between them", () => {
  const limbs = (...numbers: number[]) => numbers as Limb[];
  const chain = (first: number): Launch[] => [
    { kernel: "intt", rows: [{ reads: limbs(first), writes: limbs(first + 1) }] },
    { kernel: "baseConvert", rows: [{ reads: limbs(first + 1), writes: limbs(first + 2) }] },
    { kernel: "ntt", rows: [{ reads: limbs(first + 2), writes: limbs(first + 2) }] },
  ];
  const batches = run([...chain(0), ...chain(10), ...chain(20)]);
  expect(batches.map(({ kernel, rows }) => [kernel, rows.length])).toEqual([
    ["intt", 3],
    ["baseConvert", 3],
    ["ntt", 3],
  ]);
});
