import { chacha20 } from "@noble/ciphers/chacha.js";
import { GAUSSIAN_THRESHOLDS, type KernelName, type KernelRows, type Limb, requireFractionWords } from "./kernels.js";
import { residueBits } from "./modulus.js";
import { inverseTransform, power, transform } from "./reference-transform.js";
import { reverseBits } from "./roots.js";

/** Every kernel as its definition in `kernels.ts` reads. */
export const REFERENCE_KERNELS: { [K in KernelName]: (operands: Operands, row: KernelRows[K], logN: number) => void } =
  {
    ntt(o, [out, input, p], logN) {
      o.storeWords(out, transform(o.residues(input, p), p, logN));
    },
    intt(o, [out, input, p, factor], logN) {
      const coefficients = inverseTransform(o.residues(input, p), p, logN);
      o.store(out, p, (i) => coefficients[i] * BigInt(factor));
    },
    add(o, [out, a, b, p]) {
      const [x, y] = [o.residues(a, p), o.residues(b, p)];
      o.store(out, p, (i) => x[i] + y[i]);
    },
    subtract(o, [out, a, b, p]) {
      const [x, y] = [o.residues(a, p), o.residues(b, p)];
      o.store(out, p, (i) => x[i] - y[i]);
    },
    negate(o, [out, a, p]) {
      const x = o.residues(a, p);
      o.store(out, p, (i) => -x[i]);
    },
    multiply(o, [out, a, b, p]) {
      const [x, y, r] = [o.residues(a, p), o.residues(b, p), montgomeryFactor(p)];
      o.store(out, p, (i) => x[i] * y[i] * r);
    },
    multiplyScalar(o, [out, a, p, factor]) {
      const x = o.residues(a, p);
      o.store(out, p, (i) => x[i] * BigInt(factor));
    },
    multiplyScalarAdd(o, [out, a, p, factor]) {
      const [x, z] = [o.residues(a, p), o.residues(out, p)];
      o.store(out, p, (i) => z[i] + x[i] * BigInt(factor));
    },
    dropAndScale(o, [out, a, b, p, factor]) {
      const [x, y] = [o.residues(a, p), o.residues(b, p)];
      o.store(out, p, (i) => (x[i] - y[i]) * BigInt(factor));
    },
    permute(o, [out, a, galois], logN) {
      o.requireDistinct([out], [a]);
      const values = o.words(a);
      // Value j is the polynomial at root^e with e = 2·rev(j) + 1; X → X^g moves it to root^(g·e).
      const exponent = (j: number) => 2 * reverseBits(j, logN) + 1;
      const place = (e: number) => reverseBits(((e % (2 * o.n)) - 1) / 2, logN);
      o.storeWords(
        out,
        values.map((_, j) => values[place(galois * exponent(j))]),
      );
    },
    reduce(o, [out, low, high, p]) {
      const [l, h] = [o.words(low), o.words(high)];
      o.store(out, p, (i) => l[i] + 2n ** 32n * BigInt.asIntN(32, h[i]));
    },
    copy(o, [out, a]) {
      o.storeWords(out, o.words(a));
    },
    pack(o, [out, a, p]) {
      o.requireDistinct([out], [a]);
      const words = new Array<bigint>(o.n + 1).fill(0n);
      for (const [i, residue] of o.residues(a, p).entries()) {
        const { word, shift } = placeOf(i, p);
        words[word] |= BigInt.asUintN(32, residue << shift);
        words[word + 1] |= residue >> (32n - shift);
      }
      o.storeWords(out, words.slice(0, o.n));
    },
    unpack(o, [out, packed, p]) {
      o.requireDistinct([out], [packed]);
      const words = o.words(packed);
      const residues = words.map((_, i) => {
        const { word, shift } = placeOf(i, p);
        return BigInt.asUintN(residueBits(p), (words[word] | (words[word + 1] << 32n)) >> shift);
      });
      const outside = residues.findIndex((residue) => residue >= p);
      if (outside >= 0) throw new RangeError(`residue ${outside} of packed words is none modulo ${p}`);
      o.storeWords(out, residues);
    },
    lift(o, [out, a, p]) {
      const x = o.words(a);
      o.store(out, p, (i) => BigInt.asIntN(32, x[i]));
    },
    expandUniform(o, [out, p, seed]) {
      const stream = keyStream(seed, 8 * o.n);
      o.store(out, p, (i) => stream.getBigUint64(8 * i, true));
    },
    sampleTernary(o, [out, seed]) {
      const stream = keyStream(seed, 4 * o.n);
      const value = (i: number) => ((3n * BigInt(stream.getUint32(4 * i, true))) >> 32n) - 1n;
      o.storeWords(
        out,
        Array.from({ length: o.n }, (_, i) => BigInt.asUintN(32, value(i))),
      );
    },
    sampleGaussian(o, [out, seed]) {
      const stream = keyStream(seed, 8 * o.n);
      const value = (i: number) => {
        const low = stream.getUint32(8 * i + 4, true);
        const uniform = (BigInt(stream.getUint32(8 * i, true)) << 21n) + BigInt(low >>> 11);
        const magnitude = GAUSSIAN_THRESHOLDS.filter((threshold) => BigInt(threshold) <= uniform).length;
        return BigInt(low % 2 === 1 ? -magnitude : magnitude);
      };
      o.storeWords(
        out,
        Array.from({ length: o.n }, (_, i) => BigInt.asUintN(32, value(i))),
      );
    },
    dotProduct(o, { prime, out, terms, plus }) {
      const summands = [plus?.y0, plus?.y1].map((y) => (y === undefined ? undefined : o.residues(y, prime)));
      o.requireDistinct(out, [...terms.flat(), ...[plus?.y0, plus?.y1].filter((y) => y !== undefined)]);
      const r = montgomeryFactor(prime);
      const begin = (part: 0 | 1, i: number) => (summands[part]?.[i] ?? 0n) * BigInt(plus?.factor ?? 0);
      const [x, k0, k1] = [0, 1, 2].map((part) => terms.map((term) => o.residues(term[part], prime)));
      o.store(out[0], prime, (i) => begin(0, i) + sum(terms.length, (t) => x[t][i] * k0[t][i]) * r);
      o.store(out[1], prime, (i) => begin(1, i) + sum(terms.length, (t) => x[t][i] * k1[t][i]) * r);
    },
    tensor(o, { prime, out, terms }) {
      o.requireDistinct(out, terms.flat());
      const r = montgomeryFactor(prime);
      const [a0, a1, b0, b1] = [0, 1, 2, 3].map((part) => terms.map((term) => o.residues(term[part], prime)));
      o.store(out[0], prime, (i) => sum(terms.length, (t) => a0[t][i] * b0[t][i]) * r);
      o.store(out[1], prime, (i) => sum(terms.length, (t) => a0[t][i] * b1[t][i] + a1[t][i] * b0[t][i]) * r);
      o.store(out[2], prime, (i) => sum(terms.length, (t) => a1[t][i] * b1[t][i]) * r);
    },
    combine(o, { prime, out, inputs, factors }) {
      o.requireDistinct(out, inputs);
      const r = montgomeryFactor(prime);
      const x = inputs.map((input) => o.residues(input, prime));
      const factor = (i: number, k: number) => BigInt(factors[i * out.length + k]);
      for (const [k, limb] of out.entries()) {
        o.store(limb, prime, (at) => sum(x.length, (i) => x[i][at] * factor(i, k)) * r);
      }
    },
    baseConvert(o, { sources, fractions, targets }) {
      requireFractionWords(fractions);
      o.requireDistinct(
        targets.map((target) => target.out),
        sources,
      );
      const x = sources.map((source) => o.words(source));
      const quotient = (i: number) =>
        (sum(x.length, (s) => (x[s][i] * BigInt(fractions[s])) >> 32n) + 2n ** 23n) >> 24n;
      for (const { out, prime, constants, quotientConstant } of targets) {
        const r = montgomeryFactor(prime);
        const value = (i: number) =>
          sum(x.length, (s) => x[s][i] * BigInt(constants[s])) + quotient(i) * BigInt(quotientConstant);
        o.store(out, prime, (i) => value(i) * r);
      }
    },
  };

/** ChaCha20 from a seed: eight key words, then three nonce words. */
function keyStream(seed: Uint32Array, length: number): DataView {
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 11; i++) view.setUint32(4 * i, seed[i], true);
  const stream = chacha20(bytes.subarray(0, 32), bytes.subarray(32), new Uint8Array(length));
  return new DataView(stream.buffer, stream.byteOffset);
}

/** The words of an allocated limb. */
export function wordsOf(limbs: ReadonlyMap<Limb, Uint32Array>, limb: Limb, n: number): Uint32Array {
  const words = limbs.get(limb);
  if (words?.length !== n) throw new RangeError(`limb ${limb} is not an allocated limb of ${n} words`);
  return words;
}

/** One row's view of the limbs; it notes what the row reads and writes. */
export class Operands {
  readonly read = new Set<Limb>();
  readonly written = new Set<Limb>();

  constructor(
    private readonly limbs: Map<Limb, Uint32Array>,
    readonly n: number,
  ) {}

  words(limb: Limb): bigint[] {
    this.read.add(limb);
    return Array.from(wordsOf(this.limbs, limb, this.n), BigInt);
  }

  residues(limb: Limb, p: number): bigint[] {
    const outside = wordsOf(this.limbs, limb, this.n).findIndex((word) => word >= p);
    if (outside >= 0) throw new RangeError(`word ${outside} of an operand is not a residue modulo ${p}`);
    return this.words(limb);
  }

  /** Writes value(i) mod p for every i, after reading all of them: `limb` may be among the operands. */
  store(limb: Limb, p: number, value: (i: number) => bigint): void {
    this.storeWords(
      limb,
      Array.from({ length: this.n }, (_, i) => modulo(value(i), BigInt(p))),
    );
  }

  storeWords(limb: Limb, words: readonly bigint[]): void {
    wordsOf(this.limbs, limb, this.n);
    this.written.add(limb);
    this.limbs.set(limb, Uint32Array.from(words, Number));
  }

  /** For kernels whose outputs may not be among their operands, nor twice among the outputs. */
  requireDistinct(outputs: readonly Limb[], inputs: readonly Limb[]): void {
    if (new Set(outputs).size < outputs.length || outputs.some((limb) => inputs.includes(limb))) {
      throw new RangeError("an output is among the operands of a kernel that does not work in place");
    }
  }
}

/** Where a packed residue begins. */
function placeOf(i: number, p: number): { word: number; shift: bigint } {
  const bit = i * residueBits(p);
  return { word: Math.floor(bit / 32), shift: BigInt(bit % 32) };
}

function modulo(x: bigint, p: bigint): bigint {
  return ((x % p) + p) % p;
}

/** 2^−32 mod p. */
function montgomeryFactor(p: number): bigint {
  return power(2n ** 32n, BigInt(p) - 2n, BigInt(p));
}

function sum(count: number, term: (index: number) => bigint): bigint {
  let total = 0n;
  for (let index = 0; index < count; index++) total += term(index);
  return total;
}
