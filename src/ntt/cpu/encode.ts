import type { PackedRow } from "../device.js";
import type { KernelName, KernelRows, Limb } from "../kernels.js";
import { GAUSSIAN_THRESHOLDS, KERNEL_NAMES, overwriting, requireFractionWords } from "../kernels.js";
import { multiplyModulo, residueBits, toMontgomery } from "../modulus.js";
import { halve } from "./halves.js";
import type { Tables } from "./tables.js";
import { ADDRESS, LIST_ARGUMENT as LIST, SCRATCH_ARGUMENT as SCRATCH } from "./worker.js";

/** A base conversion of few rows is cut into pieces of its coefficients, so that all threads have something to do. */
const CONVERT_PIECES = 8;
const SMALLEST_PIECE = 2048;

/** Bytes of the place where launches wait. */
export const RING_BYTES = ADDRESS.end - ADDRESS.ring;

/** @throws RangeError for a launch that does not fit. */
export function requireShort(launch: Uint32Array, most = RING_BYTES): void {
  if (launch.byteLength > most) throw new RangeError(`a launch of ${launch.byteLength} bytes is too large`);
}

/** Lists longer than this are copied in one call, which costs more than a loop over short ones. */
const LONG_LIST = 1024;

/** In the place of a limb that is not there: none lies at address 0. */
const NONE = 0;

/** Each threshold as its upper 32 and its lower 21 bits. */
const THRESHOLD_WORDS = GAUSSIAN_THRESHOLDS.flatMap((t) => [Math.floor(t / 2 ** 21), t % 2 ** 21]);

/** Rows of a launch as words: arguments of the kernel's function, then what they point to. */
export class LaunchEncoder {
  constructor(
    private readonly tables: Tables,
    private readonly threads: number,
  ) {}

  /** The launch in words, as `runRow` reads it. Twiddle factors and automorphisms are made at first use. */
  encode<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): Uint32Array<ArrayBuffer> {
    const encode = this.encoders[kernel];
    return launchWords(
      kernel,
      rows.flatMap((row) => encode(row, logN)),
    );
  }

  private readonly encoders: { [K in KernelName]: (row: KernelRows[K], logN: number) => EncodedRow[] } = {
    ntt: ([out, input, p], logN) => {
      const t = this.tables.transform(p, logN);
      return scalars(out, input, t.forward, t.forwardQuotients, logN, p);
    },
    intt: ([out, input, p, factor], logN) => {
      const t = this.tables.transform(p, logN);
      // N^−1 = −((p − 1)/N) modulo p, since p is 1 modulo N.
      const scale = multiplyModulo(p - (p - 1) / 2 ** logN, factor, p);
      return scalars(out, input, t.inverse, t.inverseQuotients, logN, p, scale);
    },
    add: ([out, a, b, p], logN) => scalars(out, a, b, 4 << logN, p),
    subtract: ([out, a, b, p], logN) => scalars(out, a, b, 4 << logN, p),
    negate: ([out, a, p], logN) => scalars(out, a, 4 << logN, p),
    multiply: ([out, a, b, p], logN) => scalars(out, a, b, 4 << logN, p),
    multiplyScalar: ([out, a, p, k], logN) => scalars(out, a, 4 << logN, p, k),
    multiplyScalarAdd: ([out, a, p, k], logN) => scalars(out, a, 4 << logN, p, k),
    dropAndScale: ([out, a, b, p, k], logN) => scalars(out, a, b, 4 << logN, p, k),
    permute: ([out, a, galois], logN) => scalars(out, a, this.tables.automorphism(galois, logN), 4 << logN),
    reduce: ([out, low, high, p], logN) => scalars(out, low, high, 4 << logN, p),
    lift: ([out, a, p], logN) => scalars(out, a, 4 << logN, p),
    copy: ([out, a], logN) => scalars(out, a, 4 << logN),
    pack: ([out, a, p], logN) => scalars(out, a, 4 << logN, residueBits(p)),
    unpack: ([out, packed, p], logN) => scalars(out, packed, 4 << logN, residueBits(p)),
    expandUniform: ([out, p, seed], logN) => [{ args: [out, LIST, SCRATCH, 4 << logN, p], list: seed }],
    sampleTernary: ([out, seed], logN) => [{ args: [out, LIST, SCRATCH, 4 << logN], list: seed }],
    sampleGaussian: ([out, seed], logN) => [
      { args: [out, LIST, SCRATCH, 4 << logN, GAUSSIAN_THRESHOLDS.length], list: seed, tail: THRESHOLD_WORDS },
    ],
    dotProduct: ({ prime, out, terms, plus }, logN) => {
      const begin = plus ? [plus.y0 ?? NONE, plus.y1 ?? NONE, toMontgomery(plus.factor, prime)] : [NONE, NONE, 0];
      return [{ args: [LIST, terms.length, out[0], out[1], 4 << logN, prime], list: [...begin, ...terms.flat()] }];
    },
    tensor: ({ prime, out, terms }, logN) => [
      { args: [LIST, terms.length, out[0], out[1], out[2], 4 << logN, prime], list: terms.flat() },
    ],
    combine: ({ prime, out, inputs, factors }, logN) => {
      // The last words are room for a number of each output that follows from its factors.
      const list = new Uint32Array(2 * out.length + inputs.length * (1 + out.length));
      list.set(out);
      for (let i = 0, at = out.length; i < inputs.length; i++, at += 1 + out.length) {
        list[at] = inputs[i];
        for (let o = 0; o < out.length; o++) list[at + 1 + o] = factors[i * out.length + o];
      }
      return [{ args: [LIST, SCRATCH, inputs.length, out.length, 4 << logN, prime], list }];
    },
    baseConvert: (row, logN) => {
      const { sources, fractions, targets } = row;
      requireFractionWords(fractions);
      const halved = halve(row);
      const bytes = this.threads === 1 ? 4 << logN : Math.max(SMALLEST_PIECE, (4 << logN) / CONVERT_PIECES);
      return Array.from({ length: (4 << logN) / bytes }, (_, piece) => {
        const list: number[] = [];
        for (const limb of sources) list.push(limb + piece * bytes);
        list.push(...fractions);
        if (halved) list.push(...halved.offsets);
        for (const [j, { out, prime, constants, quotientConstant }] of targets.entries()) {
          list.push(out + piece * bytes, prime);
          if (halved) list.push(...halved.targets[j]);
          else list.push(...constants, quotientConstant);
        }
        return { args: [LIST, sources.length, targets.length, SCRATCH, bytes, halved ? 1 : 0], list };
      });
    },
  };
}

/** A launch that copies words into a limb. */
export function writeWords(limb: number, words: Uint32Array | Int32Array): Uint32Array {
  const row = { args: [limb, LIST, words.byteLength], list: words as ArrayLike<number> };
  return launchWords("copy", [row]);
}

/** A launch whose words are put where they are to lie, once, as late as can be. */
export interface LateLaunch {
  /** Words. */
  readonly length: number;
  readonly rows: number;
  put(target: Uint32Array, begin: number): void;
}

/** A launch that unpacks words from its own lists. */
export function unpackLaunch(logN: number, rows: readonly PackedRow[]): LateLaunch {
  const packedWords = ({ prime }: PackedRow) => (2 ** logN * residueBits(prime)) / 32;
  const heads = 2 + rows.length;
  const length = rows.reduce((sum, row) => sum + 1 + UNPACK_ARGUMENTS + packedWords(row), heads);
  const put = (target: Uint32Array, begin: number): void => {
    target[begin] = KERNEL_NAMES.indexOf("unpack");
    target[begin + 1] = rows.length;
    let at = heads;
    for (const [i, row] of rows.entries()) {
      const words = row.read();
      if (words.length !== packedWords(row)) throw new RangeError(`${words.length} packed words for a limb`);
      target[begin + 2 + i] = at;
      target.set([UNPACK_ARGUMENTS, row.out, LIST, 4 << logN, residueBits(row.prime)], begin + at);
      target.set(words, begin + at + 1 + UNPACK_ARGUMENTS);
      at += 1 + UNPACK_ARGUMENTS + words.length;
    }
  };
  return { length, rows: rows.length, put };
}

/** Of the kernel's function: where to, where from, bytes, bits. */
const UNPACK_ARGUMENTS = 4;

/** A launch that leaves zeros in limbs of so many bytes. */
export function overwriteWords(limbs: readonly Limb[], bytes: number): Uint32Array<ArrayBuffer> {
  const rows = overwriting(limbs).map(([out, a, b, p]) => ({ args: [out, a, b, bytes, p] }));
  return launchWords("subtract", rows);
}

interface EncodedRow {
  readonly args: readonly number[];
  readonly list?: ArrayLike<number>;
  /** Behind the list: no array holds a copy of a seed. */
  readonly tail?: readonly number[];
}

function scalars(...args: number[]): EncodedRow[] {
  return [{ args }];
}

function launchWords(kernel: KernelName, rows: readonly EncodedRow[]): Uint32Array<ArrayBuffer> {
  let length = 2 + rows.length;
  for (const { args, list, tail } of rows) length += 1 + args.length + (list?.length ?? 0) + (tail?.length ?? 0);
  const words = new Uint32Array(length);
  words[0] = KERNEL_NAMES.indexOf(kernel);
  words[1] = rows.length;
  let at = 2 + rows.length;
  for (let i = 0; i < rows.length; i++) {
    const { args, list, tail } = rows[i];
    words[2 + i] = at;
    words[at++] = args.length;
    for (let j = 0; j < args.length; j++) words[at++] = args[j];
    if (!list) continue;
    if (list.length > LONG_LIST) words.set(list, at);
    else for (let j = 0; j < list.length; j++) words[at + j] = list[j];
    at += list.length;
    if (!tail) continue;
    words.set(tail, at);
    at += tail.length;
  }
  return words;
}
