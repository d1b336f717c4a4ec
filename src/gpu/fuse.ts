import type { Limb } from "../ntt/kernels.js";
import { BASE_CONVERT, DOT_PRODUCT, DROP_AND_SCALE, NONE, NTT, PERMUTE } from "./row-words.js";
import { KERNEL, type Rows } from "./rows.js";
import type { Uses } from "./uses.js";

/**
 * Rows that a transform can take along, so that a limb is neither written nor read between them:
 * - `baseConvert`, `ntt`: the first pass converts what it loads;
 * - `ntt`, `dropAndScale`, where the transformed limb is needed no more: the last pass scales what it stores;
 * - that and `permute`, likewise: it stores to permuted places;
 * - `dotProduct`, whose sums only an `intt` and such an `ntt` need: each sums what it loads, or takes away from.
 */
export class Fusion {
  constructor(
    private readonly rows: Rows,
    private readonly uses: Uses,
  ) {}

  /** @param unneeded whether nobody will ask for a limb after these rows */
  run(unneeded: (limb: Limb) => boolean): void {
    const rows = this.rows;
    this.uses.build();
    for (let i = 0; i < rows.count; i++) {
      switch (rows.kernels[i]) {
        case KERNEL.ntt:
          this.convertWhileLoading(i);
          break;
        case KERNEL.dropAndScale:
          this.scaleWhileStoring(i, unneeded);
          break;
        case KERNEL.permute:
          this.permuteWhileStoring(i, unneeded);
          break;
      }
    }
    for (let i = 0; i < rows.count; i++) if (rows.kernels[i] === KERNEL.dotProduct) this.sumWhereNeeded(i, unneeded);
  }

  private convertWhileLoading(i: number): void {
    const { rows, uses } = this;
    const at = rows.first[i];
    const work = rows.words[at + NTT.work];
    if (rows.words[at + NTT.input] !== work) return;
    const j = uses.producer(work, i);
    if (j < 0 || rows.kernels[j] !== KERNEL.baseConvert) return;
    const from = rows.first[j];
    const end = from + rows.lengths[j];
    const sources = from + BASE_CONVERT.sources;
    if (rows.words[from + BASE_CONVERT.p] !== rows.words[at + NTT.p] || rows.words[sources] === 0) return;
    if (this.readsChange(j, i)) return;
    rows.rewrite(i);
    for (let k = 0; k < NTT.conversion; k++) rows.word(k === NTT.input ? NONE : rows.words[at + k]);
    for (let k = sources; k < end; k++) rows.word(rows.words[k]);
    this.drop(j, work, 1);
    this.drop(i, work, 0);
    this.merge(j, i);
  }

  private scaleWhileStoring(i: number, unneeded: (limb: Limb) => boolean): void {
    const { rows, uses } = this;
    const { words, first } = rows;
    const at = first[i];
    const [out, a, b] = [words[at], words[at + DROP_AND_SCALE.a], words[at + DROP_AND_SCALE.b]];
    const [p, factor] = [words[at + DROP_AND_SCALE.p], words[at + DROP_AND_SCALE.factor]];
    if (a === b || out === b) return;
    const j = uses.producer(b, i);
    if (j < 0 || rows.kernels[j] !== KERNEL.ntt) return;
    const to = first[j];
    if (words[to + NTT.out] !== b || words[to + NTT.a] !== NONE || words[to + NTT.p] !== p) return;
    if (!uses.endsWith(b, i) || !unneeded(b as Limb)) return;
    // The limb that is needed no more still holds what the first pass leaves.
    if (this.readsChange(j, i, b) || this.reads(j, out, b) || this.reads(j, a, b)) return;
    words[to + NTT.out] = out;
    words[to + NTT.a] = a;
    words[to + NTT.factor] = factor;
    this.drop(i, b, 0);
    this.become(j, i);
  }

  private permuteWhileStoring(i: number, unneeded: (limb: Limb) => boolean): void {
    const { rows, uses } = this;
    const { words, first } = rows;
    const [out, x, galois] = [words[first[i]], words[first[i] + PERMUTE.a], words[first[i] + PERMUTE.galois]];
    const j = uses.producer(x, i);
    if (j < 0 || rows.kernels[j] !== KERNEL.ntt || !uses.endsWith(x, i) || !unneeded(x as Limb)) return;
    const to = first[j];
    const [work, a] = [words[to + NTT.work], words[to + NTT.a]];
    // Places are exchanged between workgroups: nothing that is still read may be overwritten, and `a` may not be x.
    if (words[to + NTT.out] !== x || a === NONE || a === x || out === work || words[to + NTT.galois] !== 0) return;
    if (this.reads(j, out, x) || this.readsChange(j, i, x) || uses.changes(work, j, i)) return;
    words[to + NTT.out] = out;
    words[to + NTT.galois] = inverse(galois, rows.logNs[i]);
    this.drop(j, x, 1);
    this.drop(i, x, 0);
    this.become(j, i);
  }

  /**
   * The last pass over all rows. What it adds to a row's reads is on nobody's list of uses: no row between the sum and the
   * row that takes it over writes any of that, so that no later question is about it.
   */
  private sumWhereNeeded(j: number, unneeded: (limb: Limb) => boolean): void {
    const { rows } = this;
    const at = rows.first[j];
    const end = at + rows.lengths[j];
    const users = [0, 1].map((part) => this.userOfSum(rows.words[at + part], j, unneeded));
    if (users[0] < 0 || users[1] < 0 || users[0] === users[1]) return;
    const factor = rows.words[at + DOT_PRODUCT.factor];
    for (const [part, i] of users.entries()) {
      const limb = rows.words[at + part];
      const from = rows.first[i];
      const length = rows.lengths[i];
      const isNtt = rows.kernels[i] === KERNEL.ntt;
      this.drop(i, limb, 0);
      rows.rewrite(i);
      for (let k = 0; k < length; k++) rows.word(rows.words[from + k]);
      if (isNtt) {
        rows.words[rows.first[i] + NTT.a] = NONE;
        rows.words[rows.first[i] + NTT.sum] = length;
      } else rows.words[rows.first[i] + NTT.input] = NONE;
      const y = rows.words[at + DOT_PRODUCT.y + part];
      if (y !== NONE) rows.reads(y);
      rows.word(y);
      rows.word(factor);
      rows.word(rows.words[at + DOT_PRODUCT.count]);
      for (let term = at + DOT_PRODUCT.terms; term < end; term += 3) {
        const [x, k] = [rows.words[term], rows.words[term + 1 + part]];
        rows.word(x);
        rows.word(k);
        rows.reads(x);
        rows.reads(k);
      }
    }
    rows.remove(j);
  }

  /** The one transform that needs a sum, and may compute it instead; −1 else. */
  private userOfSum(limb: number, j: number, unneeded: (limb: Limb) => boolean): number {
    const { rows, uses } = this;
    const { words, first } = rows;
    const i = uses.onlyUserAfter(limb, j);
    if (i < 0 || !unneeded(limb as Limb)) return -1;
    const at = first[i];
    if (words[at + NTT.p] !== words[first[j] + DOT_PRODUCT.p]) return -1;
    const kernel = rows.kernels[i];
    const fits =
      kernel === KERNEL.intt
        ? words[at + NTT.input] === limb
        : kernel === KERNEL.ntt && words[at + NTT.a] === limb && words[at + NTT.input] !== limb;
    if (!fits || this.readsChange(j, i)) return -1;
    // Other workgroups may still read what one has written over.
    for (let o = rows.operands[i]; o >= 0; o = rows.next[o]) {
      if (rows.written[o] && (rows.limbs[o] === limb || this.reads(j, rows.limbs[o]))) return -1;
    }
    return i;
  }

  /** Row `from` becomes part of `into`, which has words for both. */
  private merge(from: number, into: number): void {
    const { rows, uses } = this;
    for (let o = rows.operands[from]; o >= 0; o = rows.next[o]) if (rows.limbs[o] >= 0) uses.postpone(o, into);
    rows.merge(from, into);
  }

  /** Row `from` moves to the place of `into`, which becomes part of it. */
  private become(from: number, into: number): void {
    const { rows } = this;
    rows.first[into] = rows.first[from];
    rows.lengths[into] = rows.lengths[from];
    rows.kernels[into] = rows.kernels[from];
    this.merge(from, into);
  }

  /** A limb that a row reads, or writes, no more. */
  private drop(row: number, limb: number, written: 0 | 1): void {
    const { rows, uses } = this;
    for (let o = rows.operands[row]; o >= 0; o = rows.next[o]) {
      if (rows.limbs[o] !== limb || rows.written[o] !== written) continue;
      uses.remove(o);
      rows.drop(o);
    }
  }

  /** Whether a row reads the limb, which is not `except`. */
  private reads(row: number, limb: number, except = -1): boolean {
    const { rows } = this;
    if (limb === except) return false;
    for (let o = rows.operands[row]; o >= 0; o = rows.next[o]) {
      if (rows.limbs[o] === limb && !rows.written[o]) return true;
    }
    return false;
  }

  /** Whether a row between two writes what the first one reads, but for one limb. */
  private readsChange(j: number, i: number, except = -1): boolean {
    const { rows, uses } = this;
    for (let o = rows.operands[j]; o >= 0; o = rows.next[o]) {
      const limb = rows.limbs[o];
      if (limb >= 0 && limb !== except && !rows.written[o] && uses.changes(limb, j, i)) return true;
    }
    return false;
  }
}

/** The inverse of an odd number modulo 2^(logN + 1): Newton's iteration doubles the right bits, five of them give 96. */
function inverse(galois: number, logN: number): number {
  let x = galois;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(galois, x));
  return (x & (2 ** (logN + 1) - 1)) >>> 0;
}
