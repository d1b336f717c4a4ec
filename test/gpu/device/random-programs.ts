import fc from "fast-check";
import { KERNEL_NAMES, type KernelName } from "../../../src/ntt/kernels.js";
import { choosePrimes } from "../../../src/ntt/primes.js";

/** One prime for all, so that whatever a kernel leaves is an operand of any other. */
export const [p] = choosePrimes(1, 30);
const SLOTS = 14;
/** Limbs of the devices: a few more than slots and tables, so that allocating runs what waits, now and then. */
export const LIMBS = 4 + SLOTS + 8;

/** A step by the slots that it names; their limbs come and go. */
export type Step =
  | { readonly kernel: KernelName; readonly slots: readonly number[]; readonly k: number }
  | { readonly also: "free" | "write" | "turn" | "read"; readonly slot: number };

const slot = fc.nat(SLOTS - 1);
const k = fc.oneof(fc.constantFrom(0, 1, p - 1), fc.nat(p - 1));
const slots = fc.array(slot, { minLength: 9, maxLength: 9 });
const place = fc.constantFrom(0, 2, 5, 6, 8);
/** Mostly different ones: what repeats is refused, or not fused. */
const manySlots = fc
  .tuple(
    fc.shuffledSubarray([...Array(SLOTS).keys()], { minLength: SLOTS }),
    fc.array(fc.tuple(place, place), { maxLength: 1 }),
  )
  .map(([all, changes]) => {
    const changed = [...all];
    for (const [at, from] of changes) changed[at] = all[from];
    return changed;
  });
export const galois = (n: number) => 2 * n + 1;

const launch: fc.Arbitrary<Step> = fc.record({ kernel: fc.constantFrom(...KERNEL_NAMES), slots, k });
const also: fc.Arbitrary<Step> = fc.record({
  also: fc.constantFrom("free", "free", "free", "free", "write", "turn", "read"),
  slot,
});
const step = fc.oneof({ arbitrary: launch, weight: 3 }, { arbitrary: also, weight: 1 });
/** What a chain that can be fused is disturbed by. */
const gap = fc.oneof(
  { arbitrary: fc.constant<Step[]>([]), weight: 9 },
  { arbitrary: fc.array(step, { minLength: 1, maxLength: 1 }), weight: 1 },
);

/** What `Fusion` looks for, on whatever slots, and disturbed or cut short. */
const chain = fc
  .record({
    slots: manySlots,
    k,
    gaps: fc.array(gap, { minLength: 9, maxLength: 9 }),
    missing: fc.oneof(fc.constant(-1), fc.nat(7)),
    kind: fc.constantFrom(0, 1, 2, 2, 3, 3, 4, 4),
    kept: fc.oneof(fc.constant<number[]>([]), fc.subarray([0, 1, 2, 3, 4])),
  })
  .map(({ slots, k, gaps, missing, kind, kept }): Step[] => {
    const [w, v, d, s0, s1, o, a, i, ...more] = slots;
    // It writes what the chain works on.
    const near = (step: Step): Step =>
      "kernel" in step ? { ...step, slots: [slots[step.slots[0] % 9], ...step.slots.slice(1)] } : step;
    const step = (kernel: KernelName, ...slots: number[]): Step => ({ kernel, slots, k });
    const dot = step("dotProduct", s0, s1, ...more, w);
    const convert = step("baseConvert", w, d, ...(kind === 4 ? [s0, ...more] : more));
    const drop = (from: number) => [
      convert,
      step("ntt", w, w),
      step("dropAndScale", d, from, w),
      step("permute", o, d),
    ];
    const second = [step("ntt", v, v), step("dropAndScale", i, s1, v)];
    const plans: Step[][] = [
      drop(a),
      [step("ntt", w, a), step("dropAndScale", d, a, w), step("permute", o, d)],
      [dot, step("intt", i, s1), ...drop(s0)],
      [dot, ...drop(s0), ...second],
      [dot, ...drop(s0), step("intt", i, s1)],
    ];
    const disturbed = plans[kind].flatMap((step, at) => [...(at === missing ? [] : [step]), ...gaps[at].map(near)]);
    const freed = [w, v, d, s0, s1].filter((_, at) => !kept.includes(at));
    return [...disturbed, ...freed.map((slot): Step => ({ also: "free", slot }))];
  });

export const program = fc.record({
  steps: fc
    .array(fc.oneof({ arbitrary: chain, weight: 2 }, { arbitrary: fc.array(step, { maxLength: 6 }), weight: 1 }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.flat()),
  keep: fc.nat(2 ** SLOTS - 1),
});
