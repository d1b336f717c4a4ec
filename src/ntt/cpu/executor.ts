import type { ConversionRow, DotProductRow, KernelName, KernelRows, TensorRow } from "../kernels.js";
import { multiplyModulo } from "../modulus.js";
import type { Arena } from "./arena.js";
import type { Kernels } from "./module.js";
import { Tables } from "./tables.js";

/** Scratch space of `baseConvert` and `expandUniform`, and where operand lists go: all below the arena's first limb. */
const SCRATCH = 65536;
const LIST = 2 * 65536;
const LIST_WORDS = (2 * 65536) / 4;

/** Runs one row of a launch after the other on one thread. */
export class Executor {
  private readonly tables: Tables;

  constructor(
    private readonly arena: Arena,
    private readonly kernels: Kernels,
  ) {
    this.tables = new Tables(arena, kernels);
  }

  run<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    const runRow = this.rowRunners[kernel];
    for (const row of rows) runRow(row, logN);
  }

  private readonly rowRunners: { [K in KernelName]: (row: KernelRows[K], logN: number) => void } = {
    ntt: ([out, input, p], logN) => {
      const t = this.tables.transform(p, logN);
      this.kernels.ntt(out, input, t.forward, t.forwardQuotients, logN, p);
    },
    intt: ([out, input, p, factor], logN) => {
      const t = this.tables.transform(p, logN);
      // N^−1 = −((p − 1)/N) modulo p, since p is 1 modulo N.
      const scale = multiplyModulo(p - (p - 1) / 2 ** logN, factor, p);
      this.kernels.intt(out, input, t.inverse, t.inverseQuotients, logN, p, scale);
    },
    add: ([out, a, b, p], logN) => this.kernels.add(out, a, b, 4 << logN, p),
    subtract: ([out, a, b, p], logN) => this.kernels.subtract(out, a, b, 4 << logN, p),
    negate: ([out, a, p], logN) => this.kernels.negate(out, a, 4 << logN, p),
    multiply: ([out, a, b, p], logN) => this.kernels.multiply(out, a, b, 4 << logN, p),
    multiplyAdd: ([out, a, b, p], logN) => this.kernels.multiplyAdd(out, a, b, 4 << logN, p),
    multiplyScalar: ([out, a, p, k], logN) => this.kernels.multiplyScalar(out, a, 4 << logN, p, k),
    multiplyScalarAdd: ([out, a, p, k], logN) => this.kernels.multiplyScalarAdd(out, a, 4 << logN, p, k),
    dropAndScale: ([out, a, b, p, k], logN) => this.kernels.dropAndScale(out, a, b, 4 << logN, p, k),
    permute: ([out, a, galois], logN) =>
      this.kernels.permute(out, a, this.tables.automorphism(galois, logN), 4 << logN),
    reduce: ([out, low, high, p], logN) => this.kernels.reduce(out, low, high, 4 << logN, p),
    copy: ([out, a], logN) => {
      this.arena.words(out, 1 << logN).set(this.arena.words(a, 1 << logN));
    },
    expandUniform: ([out, p, seed], logN) => {
      this.list(seed);
      this.kernels.expandUniform(out, LIST, SCRATCH, 4 << logN, p);
      this.arena.words(LIST, seed.length).fill(0);
      this.arena.words(SCRATCH, 128).fill(0);
    },
    dotProduct: (row, logN) => this.dotProduct(row, logN),
    tensor: (row, logN) => this.tensor(row, logN),
    baseConvert: (row, logN) => this.baseConvert(row, logN),
  };

  private dotProduct({ prime, out, terms }: DotProductRow, logN: number): void {
    this.list(terms.flat());
    this.kernels.dotProduct(LIST, terms.length, out[0], out[1], 4 << logN, prime);
  }

  private tensor({ prime, out, terms }: TensorRow, logN: number): void {
    this.list(terms.flat());
    this.kernels.tensor(LIST, terms.length, out[0], out[1], out[2], 4 << logN, prime);
  }

  private baseConvert({ sources, fractions, targets }: ConversionRow, logN: number): void {
    const list: number[] = [...sources, ...fractions];
    for (const target of targets) list.push(target.out, target.prime, ...target.constants, target.quotientConstant);
    this.list(list);
    this.kernels.baseConvert(LIST, sources.length, targets.length, SCRATCH, 4 << logN);
  }

  private list(words: ArrayLike<number>): void {
    if (words.length > LIST_WORDS) throw new RangeError(`a launch row of ${words.length} words: at most ${LIST_WORDS}`);
    this.arena.words(LIST, words.length).set(words);
  }
}
