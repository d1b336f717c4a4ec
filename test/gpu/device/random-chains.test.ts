import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GpuDevice, openWebGpuDevice } from "../../../src/gpu/device.js";
import type { Device } from "../../../src/ntt/device.js";
import type { KernelName, KernelRows, Limb } from "../../../src/ntt/kernels.js";
import { choosePrimes } from "../../../src/ntt/primes.js";
import { openReferenceDevice } from "../../../src/ntt/reference.js";
import { randomLimb } from "../../ntt/limbs.js";
import { requireEqual } from "../../ntt/pair.js";
import "../../seed.js";

/** One prime for all, so that whatever a kernel leaves is an operand of any other. */
const [p] = choosePrimes(1, 30);
const SLOTS = 14;
/** Limbs of the devices: a few more than slots and tables, so that allocating runs what waits, now and then. */
const LIMBS = 4 + SLOTS + 8;

/** A step by the slots that it names; their limbs come and go. */
type Step =
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
const galois = (n: number) => 2 * n + 1;

const KERNELS = [
  ...([
    "ntt",
    "intt",
    "add",
    "subtract",
    "negate",
    "multiply",
    "multiplyAdd",
    "multiplyScalar",
    "multiplyScalarAdd",
  ] as const),
  ...([
    "dropAndScale",
    "permute",
    "lift",
    "reduce",
    "copy",
    "expandUniform",
    "dotProduct",
    "tensor",
    "baseConvert",
  ] as const),
  ...(["sampleTernary", "sampleGaussian"] as const),
];
const launch: fc.Arbitrary<Step> = fc.record({ kernel: fc.constantFrom(...KERNELS), slots, k });
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

const program = fc.record({
  steps: fc
    .array(fc.oneof({ arbitrary: chain, weight: 2 }, { arbitrary: fc.array(step, { maxLength: 6 }), weight: 1 }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.flat()),
  keep: fc.nat(2 ** SLOTS - 1),
});

/** Runs a program on both devices. */
class Runner {
  private readonly limbs = new Map<number, readonly Limb[]>();
  private readonly written = new Set<number>();
  private stream = 0;

  constructor(
    private readonly devices: readonly Device[],
    private readonly logN: number,
  ) {}

  async run({ steps, keep }: { readonly steps: readonly Step[]; readonly keep: number }): Promise<void> {
    for (const step of steps) {
      if ("kernel" in step) this.launch(step.kernel, step.slots, step.k);
      else if (step.also === "free") this.free(step.slot);
      else if (step.also === "turn") await Promise.resolve();
      else if (step.also === "write") this.fill(step.slot);
      else if (this.written.has(step.slot)) await this.compare([step.slot]);
    }
    for (const slot of [...this.limbs.keys()]) if (((keep >> slot) & 1) === 0) this.free(slot);
    await this.compare([...this.written]);
  }

  freeAll(): void {
    for (const slot of [...this.limbs.keys()]) this.free(slot);
  }

  private async compare(slots: readonly number[]): Promise<void> {
    const [found, wanted] = await Promise.all(
      this.devices.map((device, d) =>
        device.read(
          this.logN,
          slots.map((slot) => this.limbs.get(slot)![d]),
        ),
      ),
    );
    for (const [i, words] of wanted.entries()) requireEqual(found[i], words, `slot ${slots[i]}`);
  }

  private free(slot: number): void {
    const limbs = this.limbs.get(slot);
    if (!limbs) return;
    for (const [d, device] of this.devices.entries()) device.free(this.logN, [limbs[d]]);
    this.limbs.delete(slot);
    this.written.delete(slot);
  }

  private allocated(slot: number): readonly Limb[] {
    const limbs = this.limbs.get(slot) ?? this.devices.map((device) => device.allocate(this.logN, 1)[0]);
    this.limbs.set(slot, limbs);
    return limbs;
  }

  private fill(slot: number, words = randomLimb(this.logN, p, this.stream++)): void {
    const limbs = this.allocated(slot);
    for (const [d, device] of this.devices.entries()) device.write(this.logN, limbs[d], words);
    this.written.add(slot);
  }

  private launch(kernel: KernelName, s: readonly number[], k: number): undefined {
    const [a, b, c, d, e, f, g, h, i] = s;
    const r = k;
    const all = (first: number) => s.slice(first);
    switch (kernel) {
      case "ntt":
        return this.row(kernel, [a], [b], ([a], [b]) => [a, b, p]);
      case "intt":
        return this.row(kernel, [a], [b], ([a], [b]) => [a, b, p, k]);
      case "add":
      case "subtract":
      case "multiply":
        return this.row(kernel, [a], [b, c], ([a], [b, c]) => [a, b, c, p]);
      case "multiplyAdd":
        return this.row(kernel, [a], [b, c, a], ([a], [b, c]) => [a, b, c, p]);
      case "negate":
        return this.row(kernel, [a], [b], ([a], [b]) => [a, b, p]);
      case "multiplyScalar":
        return this.row(kernel, [a], [b], ([a], [b]) => [a, b, p, k]);
      case "multiplyScalarAdd":
        return this.row(kernel, [a], [b, a], ([a], [b]) => [a, b, p, k]);
      case "dropAndScale":
        return this.row(kernel, [a], [b, c], ([a], [b, c]) => [a, b, c, p, k]);
      case "permute":
        if (a === b) return;
        return this.row(kernel, [a], [b], ([a], [b]) => [a, b, galois(k % 2 ** this.logN)]);
      case "copy":
        return this.row(kernel, [a], [b], ([a], [b]) => [a, b]);
      case "reduce":
        return this.row(kernel, [a], [b, c], ([a], [b, c]) => [a, b, c, p]);
      case "lift":
        return this.row(kernel, [a], [b], ([a], [b]) => [a, b, p]);
      case "expandUniform":
        return this.row(kernel, [a], [], ([a]) => [a, p, seed(k)]);
      case "sampleTernary":
      case "sampleGaussian":
        // Signed words are no operand of anything but `lift`.
        this.row(kernel, [a], [], ([a]) => [a, seed(k)] as const);
        return this.row("lift", [a], [a], ([a]) => [a, a, p]);
      case "dotProduct": {
        const terms = all(2).slice(0, 3 * (1 + (k % 2)));
        const [y0, y1] = [(k >> 1) % 2 ? [h] : [], (k >> 2) % 2 ? [i] : []];
        const reads = [...terms, ...y0, ...y1];
        if (a === b || reads.includes(a) || reads.includes(b)) return;
        return this.row(kernel, [a, b], reads, (out, limbs) => {
          const triples = Array.from({ length: terms.length / 3 }, (_, t) => limbs.slice(3 * t, 3 * t + 3));
          const summands = limbs.slice(terms.length);
          const plus = {
            factor: r,
            ...(y0.length ? { y0: summands[0] } : {}),
            ...(y1.length ? { y1: summands.at(-1)! } : {}),
          };
          return {
            prime: p,
            out: out as never,
            terms: triples as never,
            ...(reads.length > terms.length ? { plus } : {}),
          };
        });
      }
      case "tensor":
        if (new Set([a, b, c]).size < 3 || [d, e, f, g].some((x) => [a, b, c].includes(x))) return;
        return this.row(kernel, [a, b, c], [d, e, f, g], (out, terms) => ({
          prime: p,
          out: out as never,
          terms: [terms as never],
        }));
      case "baseConvert": {
        const outs = k % 3 === 0 ? [a, b] : [a];
        const sources = all(2).slice(0, 1 + (k % 4));
        if (new Set(outs).size < outs.length || outs.some((out) => sources.includes(out))) return;
        return this.row(kernel, outs, sources, (out, limbs) => ({
          sources: limbs,
          fractions: limbs.map((_, s) => Math.floor(2 ** 56 / p) - s),
          targets: out.map((out) => ({
            out,
            prime: p,
            constants: limbs.map((_, s) => (k + s) % p),
            quotientConstant: p - 1 - k,
          })),
        }));
      }
    }
  }

  private row<K extends KernelName>(
    kernel: K,
    outs: readonly number[],
    reads: readonly number[],
    row: (outs: readonly Limb[], reads: readonly Limb[]) => KernelRows[K],
  ): undefined {
    for (const slot of reads) if (!this.written.has(slot)) this.fill(slot);
    const [outLimbs, readLimbs] = [outs, reads].map((slots) => slots.map((slot) => this.allocated(slot)));
    for (const [d, device] of this.devices.entries()) {
      const of = (limbs: readonly (readonly Limb[])[]) => limbs.map((each) => each[d]);
      device.launch(kernel, this.logN, [row(of(outLimbs), of(readLimbs))]);
    }
    for (const slot of outs) this.written.add(slot);
  }
}

function seed(k: number): Uint32Array {
  return Uint32Array.from({ length: 11 }, (_, i) => k + i);
}

describe.each([
  [10, Number(process.env.CHAINS ?? 250)],
  [13, Number(process.env.LONG_CHAINS ?? 25)],
])("N = 2^%i", (logN, numRuns) => {
  let gpu: GpuDevice;
  beforeAll(async () => {
    gpu = await openWebGpuDevice({ memoryLimit: LIMBS * 4 * 2 ** logN });
  });
  afterAll(() => gpu.close());

  test(`${numRuns} random chains of launches leave the reference's residues`, async () => {
    const reference = openReferenceDevice();
    const property = fc.asyncProperty(program, async (program) => {
      const runner = new Runner([gpu, reference], logN);
      try {
        await runner.run(program);
      } finally {
        runner.freeAll();
      }
    });
    await fc.assert(property, { numRuns });
    expect(gpu.statistics().bytesInUse).toBe(0);
  });
});
