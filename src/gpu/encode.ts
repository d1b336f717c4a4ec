import type { KernelName, KernelRows, Limb } from "../ntt/kernels.js";
import { GAUSSIAN_THRESHOLDS, requireFractionWords } from "../ntt/kernels.js";
import { multiplyModulo, residueBits, toMontgomery } from "../ntt/modulus.js";
import { centredWord, factorWord } from "./constants.js";
import { CONVERSION_GROUP, conversionConstants } from "./conversion.js";
import { NONE } from "./row-words.js";
import type { Rows } from "./rows.js";
import type { Twiddles } from "./twiddles.js";

/** Each threshold as its upper 32 and its lower 21 bits. */
const THRESHOLD_WORDS = GAUSSIAN_THRESHOLDS.flatMap((t) => [Math.floor(t / 2 ** 21), t % 2 ** 21]);

/** Words of a row of `sampleGaussian`. */
export const GAUSSIAN_ROW = 13 + THRESHOLD_WORDS.length;

/** Kernels whose rows differ in length: their tables begin with the place of each row. */
export const INDEXED: readonly KernelName[] = ["ntt", "intt", "dotProduct", "tensor", "combine", "baseConvert"];

/** Kernels whose rows hold the seed of a secret. */
export const SECRET: readonly KernelName[] = ["sampleTernary", "sampleGaussian"];

/** Puts the rows of launches among those that wait, in words; the shaders say what each word is. */
export class RowEncoder {
  constructor(
    private readonly twiddles: Twiddles,
    private readonly to: Rows,
  ) {}

  /** All rows of a launch, or none if one of them is refused. */
  encode<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    const encode = this.encoders[kernel];
    const mark = this.to.mark();
    try {
      for (let i = 0; i < rows.length; i++) encode(rows[i], logN);
    } catch (error) {
      this.to.restore(mark);
      throw error;
    }
  }

  private readonly encoders: { [K in KernelName]: (row: KernelRows[K], logN: number) => void } = {
    ntt: ([out, a, p], logN) => {
      const { forward } = this.twiddles.transform(p, logN);
      this.row("ntt", logN, [out, a, p, forward, out, NONE, 0, 0, 0, 0], out, a);
    },
    intt: ([out, a, p, factor], logN) => {
      const { inverse } = this.twiddles.transform(p, logN);
      // N^−1 = −((p − 1)/N) modulo p, since p is 1 modulo N.
      const scale = multiplyModulo(p - (p - 1) / 2 ** logN, factor, p);
      this.row("intt", logN, [out, a, p, inverse, factorWord(scale, p)], out, a);
    },
    add: ([out, a, b, p], logN) => this.row("add", logN, [out, a, b, p], out, a, b),
    subtract: ([out, a, b, p], logN) => this.row("subtract", logN, [out, a, b, p], out, a, b),
    negate: ([out, a, p], logN) => this.row("negate", logN, [out, a, p], out, a),
    multiply: ([out, a, b, p], logN) => this.row("multiply", logN, [out, a, b, p], out, a, b),
    multiplyScalar: ([out, a, p, k], logN) => this.row("multiplyScalar", logN, [out, a, p, factorWord(k, p)], out, a),
    multiplyScalarAdd: ([out, a, p, k], logN) =>
      this.row("multiplyScalarAdd", logN, [out, a, p, factorWord(k, p)], out, a, out),
    dropAndScale: ([out, a, b, p, k], logN) =>
      this.row("dropAndScale", logN, [out, a, b, p, factorWord(k, p)], out, a, b),
    permute: ([out, a, galois], logN) => this.row("permute", logN, [out, a, galois], out, a),
    reduce: ([out, low, high, p], logN) =>
      this.row("reduce", logN, [out, low, high, p, ...wideFactors(p)], out, low, high),
    lift: ([out, a, p], logN) => this.row("lift", logN, [out, a, p], out, a),
    copy: ([out, a], logN) => this.row("copy", logN, [out, a], out, a),
    pack: ([out, a, p], logN) => {
      const bits = residueBits(p);
      this.row("pack", logN, [out, a, bits, (2 ** logN * bits) / 32], out, a);
    },
    unpack: ([out, packed, p], logN) => this.row("unpack", logN, [out, packed, residueBits(p)], out, packed),
    expandUniform: ([out, p, seed], logN) => this.row("expandUniform", logN, [out, p, ...wideFactors(p), ...seed], out),
    sampleTernary: ([out, seed], logN) => {
      this.row("sampleTernary", logN, [out], out);
      this.words(seed);
    },
    sampleGaussian: ([out, seed], logN) => {
      this.row("sampleGaussian", logN, [out], out);
      this.words(seed);
      this.to.word(GAUSSIAN_THRESHOLDS.length);
      this.words(THRESHOLD_WORDS);
    },
    dotProduct: ({ prime, out, terms, plus }, logN) => {
      const { to } = this;
      this.row("dotProduct", logN, [out[0], out[1], prime, terms.length], out[0]);
      to.writes(out[1]);
      this.summand(plus?.y0);
      this.summand(plus?.y1);
      to.word(plus ? factorWord(plus.factor, prime) : 0);
      for (let i = 0; i < terms.length; i++) for (let j = 0; j < 3; j++) this.operand(terms[i][j]);
    },
    tensor: ({ prime, out, terms }, logN) => {
      this.row("tensor", logN, [out[0], out[1], out[2], prime, terms.length], out[0]);
      this.to.writes(out[1]);
      this.to.writes(out[2]);
      for (let i = 0; i < terms.length; i++) for (let j = 0; j < 4; j++) this.operand(terms[i][j]);
    },
    combine: ({ prime, out, inputs, factors }, logN) => {
      const { to } = this;
      to.begin("combine", logN);
      this.words([out.length, inputs.length, prime, ...out]);
      for (let o = 0; o < out.length; o++) to.writes(out[o]);
      for (let i = 0, f = 0; i < inputs.length; i++) {
        this.operand(inputs[i]);
        for (let o = 0; o < out.length; o++) to.word(centredWord(factors[f++], prime));
      }
    },
    // A row for each target: one conversion alone would leave most of a GPU idle.
    baseConvert: ({ sources, fractions, targets }, logN) => {
      requireFractionWords(fractions);
      for (let t = 0; t < targets.length; t++) {
        const { out, prime } = targets[t];
        const { quotient, offset, centres, halves } = conversionConstants(targets[t]);
        this.row("baseConvert", logN, [out, prime, sources.length, quotient, offset], out);
        for (let i = 0; i < sources.length; i++) {
          if (i % CONVERSION_GROUP === 0) {
            this.to.word(centres[(2 * i) / CONVERSION_GROUP]);
            this.to.word(centres[(2 * i) / CONVERSION_GROUP + 1]);
          }
          this.operand(sources[i]);
          this.to.word(fractions[i]);
          this.to.word(halves[i]);
        }
      }
    },
  };

  /** A row with its first words, the limb that it writes, and limbs that it reads. */
  private row(kernel: KernelName, logN: number, words: readonly number[], out: Limb, ...reads: readonly Limb[]): void {
    const { to } = this;
    to.begin(kernel, logN);
    this.words(words);
    to.writes(out);
    for (let i = 0; i < reads.length; i++) to.reads(reads[i]);
  }

  /** More words of the row. Seeds of secrets come this way: no array holds a copy of them. */
  private words(words: ArrayLike<number>): void {
    for (let i = 0; i < words.length; i++) this.to.word(words[i]);
  }

  /** A limb that is read, and named by the next word. */
  private operand(limb: Limb): void {
    this.to.word(limb);
    this.to.reads(limb);
  }

  private summand(limb: Limb | undefined): void {
    if (limb === undefined) this.to.word(NONE);
    else this.operand(limb);
  }
}

/** 2^48, 2^64 and 2^80 mod p: see `reduceWide` in shaders/modular.wgsl. */
function wideFactors(p: number): number[] {
  return [2 ** 16, 2 ** 32 % p, toMontgomery(2 ** 16, p)].map((x) => factorWord(x, p));
}
