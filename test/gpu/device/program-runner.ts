import type { Device } from "../../../src/ntt/device.js";
import type { KernelName, KernelRows, Limb } from "../../../src/ntt/kernels.js";
import { randomLimb } from "../../ntt/limbs.js";
import { requireEqual } from "../../ntt/pair.js";
import { galois, p, type Step } from "./random-programs.js";

/** Runs a program on both devices. */
export class Runner {
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
      case "pack":
      case "unpack":
        if (a === b || a === c) return;
        // Packed words are no operand of anything but `unpack`, and only they are one of it.
        this.row("pack", [a], [b], ([a], [b]) => [a, b, p]);
        this.row("unpack", [c], [a], ([c], [a]) => [c, a, p]);
        return this.row("copy", [a], [c], ([a], [c]) => [a, c]);
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
      case "combine": {
        const outs = [a, b, c].slice(0, 1 + (k % 3));
        const inputs = [d, e, f, g].slice(0, k % 5);
        if (new Set(outs).size < outs.length || inputs.some((x) => outs.includes(x))) return;
        const factors = Uint32Array.from({ length: outs.length * inputs.length }, (_, t) => (t % 2 ? p - 1 - k : r));
        return this.row(kernel, outs, inputs, (out, inputs) => ({ prime: p, out, inputs, factors }));
      }
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
