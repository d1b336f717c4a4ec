import type { KernelName, KernelRows, Limb } from "../ntt/kernels.js";
import { GAUSSIAN_THRESHOLDS, requireFractionWords } from "../ntt/kernels.js";
import { multiplyModulo, toMontgomery } from "../ntt/modulus.js";
import { centredWord, factorWord, type Tables } from "./tables.js";

/** A row as its shader reads it, and the limbs that it reads and writes. */
export interface EncodedRow {
  readonly words: readonly number[];
  readonly reads: readonly Limb[];
  readonly writes: readonly Limb[];
}

/** Each threshold as its upper 32 and its lower 21 bits. */
const THRESHOLD_WORDS = GAUSSIAN_THRESHOLDS.flatMap((t) => [Math.floor(t / 2 ** 21), t % 2 ** 21]);

/** Words of a row of `sampleGaussian`. */
export const GAUSSIAN_ROW = 13 + THRESHOLD_WORDS.length;

/** Kernels whose rows differ in length: their tables begin with the place of each row. */
export const INDEXED: readonly KernelName[] = ["ntt", "intt", "dotProduct", "tensor", "baseConvert"];

/** Kernels whose rows hold the seed of a secret. */
export const SECRET: readonly KernelName[] = ["sampleTernary", "sampleGaussian"];

/** In the place of a limb that is not there. */
export const NONE = 0xffffffff;

/** Rows of a launch as words; the shaders say what each word is. */
export class RowEncoder {
  constructor(private readonly tables: Tables) {}

  encode<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): EncodedRow[] {
    const encode = this.encoders[kernel];
    return rows.flatMap((row) => encode(row, logN));
  }

  private readonly encoders: { [K in KernelName]: (row: KernelRows[K], logN: number) => EncodedRow[] } = {
    ntt: ([out, a, p], logN) =>
      one([out, a, p, ...this.tables.transform(p, logN).forward, out, NONE, 0, 0, 0, 0, 0], [a], out),
    intt: ([out, a, p, factor], logN) => {
      // N^−1 = −((p − 1)/N) modulo p, since p is 1 modulo N.
      const scale = multiplyModulo(p - (p - 1) / 2 ** logN, factor, p);
      return one([out, a, p, ...this.tables.transform(p, logN).inverse, factorWord(scale, p)], [a], out);
    },
    add: ([out, a, b, p]) => one([out, a, b, p], [a, b], out),
    subtract: ([out, a, b, p]) => one([out, a, b, p], [a, b], out),
    negate: ([out, a, p]) => one([out, a, p], [a], out),
    multiply: ([out, a, b, p]) => one([out, a, b, p], [a, b], out),
    multiplyAdd: ([out, a, b, p]) => one([out, a, b, p], [a, b, out], out),
    multiplyScalar: ([out, a, p, k]) => one([out, a, p, factorWord(k, p)], [a], out),
    multiplyScalarAdd: ([out, a, p, k]) => one([out, a, p, factorWord(k, p)], [a, out], out),
    dropAndScale: ([out, a, b, p, k]) => one([out, a, b, p, factorWord(k, p)], [a, b], out),
    permute: ([out, a, galois]) => one([out, a, galois], [a], out),
    reduce: ([out, low, high, p]) => one([out, low, high, p, ...wideFactors(p)], [low, high], out),
    lift: ([out, a, p]) => one([out, a, p], [a], out),
    copy: ([out, a]) => one([out, a], [a], out),
    expandUniform: ([out, p, seed]) => one([out, p, ...wideFactors(p), ...seed], [], out),
    sampleTernary: ([out, seed]) => one([out, ...seed], [], out),
    sampleGaussian: ([out, seed]) => one([out, ...seed, GAUSSIAN_THRESHOLDS.length, ...THRESHOLD_WORDS], [], out),
    dotProduct: ({ prime, out, terms, plus }) => {
      const limbs = terms.flat();
      const summands = [plus?.y0 ?? NONE, plus?.y1 ?? NONE];
      const begin = [...summands, plus ? factorWord(plus.factor, prime) : 0];
      const reads = [...limbs, ...summands.filter((y) => y !== NONE)] as Limb[];
      return [{ words: [...out, prime, terms.length, ...begin, ...limbs], reads, writes: out }];
    },
    tensor: ({ prime, out, terms }) => {
      const limbs = terms.flat();
      return [{ words: [...out, prime, terms.length, ...limbs], reads: limbs, writes: out }];
    },
    // A row for each target: one conversion alone would leave most of a GPU idle.
    baseConvert: ({ sources, fractions, targets }) => {
      requireFractionWords(fractions);
      return targets.map(({ out, prime, constants, quotientConstant }) => {
        const words = [out, prime, centredWord(quotientConstant, prime), sources.length];
        for (const [i, source] of sources.entries()) words.push(source, fractions[i], centredWord(constants[i], prime));
        return { words, reads: sources, writes: [out] };
      });
    },
  };
}

function one(words: readonly number[], reads: readonly Limb[], out: Limb): EncodedRow[] {
  return [{ words, reads, writes: [out] }];
}

/** 2^48, 2^64 and 2^80 mod p: see `reduceWide` in shaders/modular.wgsl. */
function wideFactors(p: number): number[] {
  return [2 ** 16, 2 ** 32 % p, toMontgomery(2 ** 16, p)].map((x) => factorWord(x, p));
}
