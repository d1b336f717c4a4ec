import type { KernelName, Limb } from "../ntt/kernels.js";
import { type EncodedRow, NONE } from "./encode.js";

/** A row that waits for submission. */
export interface Task extends EncodedRow {
  readonly kernel: KernelName;
  readonly logN: number;
}

/**
 * Rows that a transform can take along, so that a limb is neither written nor read between them:
 * - `baseConvert`, `ntt`: the first pass converts what it loads;
 * - `ntt`, `dropAndScale`, where the transformed limb is needed no more: the last pass scales what it stores;
 * - that and `permute`, likewise: it stores to permuted places;
 * - `dotProduct`, whose sums only an `intt` and such an `ntt` need: each sums what it loads, or takes away from.
 */
export class Fusion {
  private readonly tasks: (Task | undefined)[];
  /** Which tasks use a limb, and which write it, in their order. Lists are short: a limb is some operation's, then free. */
  private readonly uses = new Map<Limb, number[]>();
  private readonly writers = new Map<Limb, number[]>();

  /** @param unneeded whether nobody will ask for a limb after these tasks */
  constructor(
    tasks: readonly Task[],
    private readonly unneeded: (limb: Limb) => boolean,
  ) {
    this.tasks = [...tasks];
    for (let i = 0; i < tasks.length; i++) {
      const { reads, writes } = tasks[i];
      for (const limb of reads) append(this.uses, limb, i);
      for (const limb of writes) {
        append(this.uses, limb, i);
        append(this.writers, limb, i);
      }
    }
  }

  run(): Task[] {
    for (let i = 0; i < this.tasks.length; i++) {
      switch (this.tasks[i]?.kernel) {
        case "ntt":
          this.convertWhileLoading(i);
          break;
        case "dropAndScale":
          this.scaleWhileStoring(i);
          break;
        case "permute":
          this.permuteWhileStoring(i);
          break;
      }
    }
    for (let i = 0; i < this.tasks.length; i++) if (this.tasks[i]?.kernel === "dotProduct") this.sumWhereNeeded(i);
    return this.tasks.filter((task) => task !== undefined);
  }

  private convertWhileLoading(i: number): void {
    const { words, logN } = this.tasks[i]!;
    const [work, input] = words;
    const j = this.lastUse(input, i, "baseConvert");
    if (j === undefined || work !== input) return;
    const conversion = this.tasks[j]!;
    const [, prime, , sources] = conversion.words;
    if (prime !== words[NTT.p] || sources === 0 || !this.unchanged(conversion.reads, j, i)) return;
    const fused = [...change(words, { input: NONE }).slice(0, NTT.conversion), ...conversion.words.slice(2)];
    this.merge(j, i, { kernel: "ntt", logN, words: fused, reads: conversion.reads, writes: [work as Limb] });
  }

  private scaleWhileStoring(i: number): void {
    const { words, logN } = this.tasks[i]!;
    const [out, a, b, p, factor] = words;
    const j = this.lastUse(b, i, "ntt");
    if (j === undefined || a === b || out === b || !this.ends(b, i)) return;
    const { words: transform, reads } = this.tasks[j]!;
    if (transform[NTT.out] !== b || transform[NTT.a] !== NONE || transform[NTT.p] !== p) return;
    const inputs = reads.filter((limb) => limb !== b);
    // The limb that is needed no more still holds what the first pass leaves.
    if (!this.unchanged(inputs, j, i) || inputs.includes(out as Limb) || inputs.includes(a as Limb)) return;
    const fused = change(transform, { out, a, factor });
    const limbs = { reads: [...reads, a as Limb], writes: [b, out] as Limb[] };
    this.merge(j, i, { kernel: "ntt", logN, words: fused, ...limbs });
  }

  private permuteWhileStoring(i: number): void {
    const { words, logN } = this.tasks[i]!;
    const [out, x, galois] = words;
    const j = this.lastUse(x, i, "ntt");
    if (j === undefined || !this.ends(x, i)) return;
    const { words: transform, reads, writes } = this.tasks[j]!;
    const [work, target, a] = [transform[NTT.work], transform[NTT.out], transform[NTT.a]];
    const others = reads.filter((limb) => limb !== x);
    // Places are exchanged between workgroups: nothing that is still read may be overwritten, and `a` may not be x.
    if (target !== x || a === NONE || a === x || out === work || transform[NTT.galois] !== 0) return;
    if (others.includes(out as Limb) || !this.unchanged([...others, work as Limb], j, i)) return;
    const fused = change(transform, { out, galois: inverse(galois, logN) });
    this.merge(j, i, { kernel: "ntt", logN, words: fused, reads, writes: [writes[0], out as Limb] });
  }

  private sumWhereNeeded(j: number): void {
    const sum = this.tasks[j]!;
    const [out0, out1, , count, y0, y1, factor, ...terms] = sum.words;
    const users = [this.userOfSum(out0, j), this.userOfSum(out1, j)];
    if (users.includes(undefined) || users[0] === users[1]) return;
    for (const [part, i] of users.entries()) {
      const pairs: number[] = [];
      for (let t = 0; t < terms.length; t += 3) pairs.push(terms[t], terms[t + 1 + part]);
      const y = part === 0 ? y0 : y1;
      const { kernel, logN, words, reads, writes } = this.tasks[i!]!;
      const behind = [y, factor, count, ...pairs];
      const fused =
        kernel === "intt"
          ? [words[0], NONE, ...words.slice(2), ...behind]
          : [...change(words, { a: NONE, sum: words.length }), ...behind];
      const limbs = new Set([...reads, ...pairs, ...(y === NONE ? [] : [y])] as Limb[]);
      limbs.delete(sum.words[part] as Limb);
      this.replace(i!, { kernel, logN, words: fused, reads: [...limbs], writes });
    }
    this.replace(j, undefined);
  }

  /** The one transform that needs a sum, and may compute it instead. */
  private userOfSum(limb: number, j: number): number | undefined {
    const later = this.uses.get(limb as Limb)!.filter((use) => use > j);
    const [i] = later;
    if (later.length !== 1 || !this.ends(limb, i)) return undefined;
    const { kernel, words, writes } = this.tasks[i]!;
    const { reads, words: sum } = this.tasks[j]!;
    if (words[NTT.p] !== sum[2]) return undefined;
    const fits =
      kernel === "intt" ? words[1] === limb : kernel === "ntt" && words[NTT.a] === limb && words[NTT.input] !== limb;
    // Other workgroups may still read what one has written over.
    if (!fits || writes.some((out) => out === limb || reads.includes(out)) || !this.unchanged(reads, j, i))
      return undefined;
    return i;
  }

  /** Task `from` becomes part of `into`, which stands for both. */
  private merge(from: number, into: number, fused: Task): void {
    this.replace(from, undefined);
    this.replace(into, fused);
  }

  private replace(i: number, task: Task | undefined): void {
    const { reads, writes } = this.tasks[i]!;
    for (const limb of reads) remove(this.uses.get(limb), i);
    for (const limb of writes) {
      remove(this.uses.get(limb), i);
      remove(this.writers.get(limb), i);
    }
    this.tasks[i] = task;
    if (!task) return;
    for (const limb of task.reads) insert(this.uses, limb, i);
    for (const limb of task.writes) {
      insert(this.uses, limb, i);
      insert(this.writers, limb, i);
    }
  }

  /** The task before `i` that uses the limb, if it is a `kernel` that writes it. */
  private lastUse(limb: number, i: number, kernel: KernelName): number | undefined {
    const uses = this.uses.get(limb as Limb);
    let place = (uses?.length ?? 0) - 1;
    while (place >= 0 && uses![place] >= i) place--;
    if (place < 0) return undefined;
    const j = uses![place];
    const task = this.tasks[j]!;
    return task.kernel === kernel && task.writes.includes(limb as Limb) ? j : undefined;
  }

  /** Whether no task between two writes any of the limbs. */
  private unchanged(limbs: readonly Limb[], j: number, i: number): boolean {
    for (const limb of limbs) {
      const writers = this.writers.get(limb);
      if (writers) for (const writer of writers) if (writer > j && writer < i) return false;
    }
    return true;
  }

  /** Whether task `i` is the last that will ever use the limb. */
  private ends(limb: number, i: number): boolean {
    return this.uses.get(limb as Limb)?.at(-1) === i && this.unneeded(limb as Limb);
  }
}

/** Thousands of rows go through here for one image: no iterators, no sets. */
function append(lists: Map<Limb, number[]>, limb: Limb, i: number): void {
  const list = lists.get(limb);
  if (!list) lists.set(limb, [i]);
  else if (list[list.length - 1] !== i) list.push(i);
}

function insert(lists: Map<Limb, number[]>, limb: Limb, i: number): void {
  const list = lists.get(limb);
  if (!list) {
    lists.set(limb, [i]);
    return;
  }
  let place = list.length;
  while (place > 0 && list[place - 1] > i) place--;
  if (list[place - 1] !== i) list.splice(place, 0, i);
}

function remove(list: number[] | undefined, i: number): void {
  const place = list ? list.lastIndexOf(i) : -1;
  if (place >= 0) list!.splice(place, 1);
}

/** Words of a row of `ntt`, see shaders/ntt.wgsl; the first three are those of `intt`, too. */
const NTT = { work: 0, input: 1, p: 2, out: 5, a: 6, factor: 7, galois: 8, sum: 9, conversion: 10 } as const;

function change(words: readonly number[], changes: { readonly [Name in keyof typeof NTT]?: number }): number[] {
  const changed = words.slice();
  for (const name in changes) changed[NTT[name as keyof typeof NTT]] = changes[name as keyof typeof NTT]!;
  return changed;
}

/** The inverse of an odd number modulo 2^(logN + 1): Newton's iteration doubles the right bits, five of them give 96. */
function inverse(galois: number, logN: number): number {
  let x = galois;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(galois, x));
  return (x & (2 ** (logN + 1) - 1)) >>> 0;
}
