import { BASE_CONVERT, COMBINE, DOT_PRODUCT, INTT, NONE, NTT, SUM, TENSOR } from "./row-words.js";
import { KERNEL, type Rows } from "./rows.js";

/** What a dispatch costs, or several that are passes over the same rows: what a roofline is made of. */
export interface Traffic {
  /** Limbs read and written, twiddle factors among them. A limb that several rows read counts once: caches hold what is shared. */
  readonly bytes: number;
  /** Modular multiplications: of butterflies, of terms of sums and conversions, by factors. */
  readonly products: number;
}

/** Of some rows of one kernel, fused as they are, in so many passes over memory. */
export function trafficOf(rows: Rows, numbers: readonly number[], passes: number): Traffic {
  const read = new Set<number>();
  const twiddles = new Set<number>();
  let [limbs, products] = [0, 0];
  for (const row of numbers) {
    let writes = 0;
    for (let o = rows.operands[row]; o >= 0; o = rows.next[o]) {
      if (rows.limbs[o] < 0) continue;
      if (rows.written[o]) writes++;
      else read.add(rows.limbs[o]);
    }
    const kernel = rows.kernels[row];
    if (kernel === KERNEL.ntt || kernel === KERNEL.intt) {
      // One result, and what each pass but the last writes and the next reads.
      writes = 1 + 2 * (passes - 1);
      twiddles.add(rows.words[rows.first[row] + NTT.twiddles]);
    }
    limbs += writes;
    products += productsOf(rows, row);
  }
  const n = numbers.length > 0 ? 2 ** rows.logNs[numbers[0]] : 0;
  // Factors and their quotients.
  return { bytes: 4 * n * (limbs + read.size + 2 * twiddles.size), products: n * products };
}

/** For each coefficient. */
function productsOf({ kernels, words, first, logNs }: Rows, row: number): number {
  const at = first[row];
  const word = (i: number) => words[at + i];
  switch (kernels[row]) {
    case KERNEL.ntt: {
      const sum = word(NTT.sum);
      const sources = word(NTT.conversion);
      const scales = sum > 0 || word(NTT.a) !== NONE;
      return logNs[row] / 2 + (sources > 0 ? sources + 1 : 0) + (scales ? 1 : 0) + (sum > 0 ? ofSum(word, sum) : 0);
    }
    case KERNEL.intt:
      return logNs[row] / 2 + 1 + (word(NTT.input) === NONE ? ofSum(word, INTT.sum) : 0);
    case KERNEL.multiply:
    case KERNEL.multiplyScalar:
    case KERNEL.multiplyScalarAdd:
    case KERNEL.dropAndScale:
      return 1;
    case KERNEL.reduce:
    case KERNEL.expandUniform:
      return 3;
    case KERNEL.dotProduct:
      return 2 * word(DOT_PRODUCT.count) + [0, 1].filter((part) => word(DOT_PRODUCT.y + part) !== NONE).length;
    case KERNEL.tensor:
      return 4 * word(TENSOR.count);
    case KERNEL.combine:
      return word(COMBINE.outputs) * word(COMBINE.inputs);
    case KERNEL.baseConvert:
      return word(BASE_CONVERT.sources) + 1;
    default:
      return 0;
  }
}

function ofSum(word: (i: number) => number, at: number): number {
  return word(at + SUM.count) + (word(at + SUM.y) === NONE ? 0 : 1);
}
