import fc from "fast-check";
import { expect, test } from "vitest";
import { NONE } from "../../src/gpu/row-words.js";
import { Rows } from "../../src/gpu/rows.js";
import { Schedule } from "../../src/gpu/schedule.js";
import { KERNEL_NAMES, type KernelName, type Limb } from "../../src/ntt/kernels.js";

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

/** Batches, with each row by the number of its launch. */
function run(launches: readonly Launch[]) {
  const rows = new Rows();
  const schedule = new Schedule(rows);
  launches.forEach(({ kernel, rows: launched }, number) => {
    for (const { reads, writes } of launched) {
      rows.begin(kernel, 10);
      // As long as the kernels' rows are; a transform's input is no limb, so that nothing is fused.
      rows.word(number);
      for (let word = 1; word < 12; word++) rows.word(NONE);
      for (const limb of reads) rows.reads(limb);
      for (const limb of writes) rows.writes(limb);
    }
  });
  return schedule
    .plan(() => false)
    .map((batch) => ({
      kernel: KERNEL_NAMES[batch.kernel],
      numbers: batch.rows.map((row) => rows.words[rows.first[row]]),
    }));
}

test("launches that depend on each other keep their order, in different batches", () => {
  fc.assert(
    fc.property(fc.array(launch, { maxLength: 30 }), (launches) => {
      const place = new Map<number, number>();
      run(launches).forEach(({ numbers }, batch) => {
        for (const number of numbers) place.set(number, batch);
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
  expect(batches.map(({ kernel, numbers }) => [kernel, numbers.length])).toEqual([
    ["intt", 3],
    ["baseConvert", 3],
    ["ntt", 3],
  ]);
});
