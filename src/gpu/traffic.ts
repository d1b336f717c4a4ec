import { NONE } from "./encode.js";
import { NTT } from "./fuse.js";
import { KERNEL, type Rows } from "./rows.js";

/** What running a row costs, fused as it is: what a roofline is made of. */
export interface Traffic {
  /** Read and written by all of its passes, limbs and twiddle factors; each operand counts once, whatever caches do. */
  readonly bytes: number;
  /** Modular multiplications: of butterflies, of terms of sums and conversions, by factors. */
  readonly products: number;
}

/** @param passes over memory that the row takes */
export function trafficOf(rows: Rows, row: number, passes: number): Traffic {
  const n = 2 ** rows.logNs[row];
  let reads = 0;
  let writes = 0;
  for (let o = rows.operands[row]; o >= 0; o = rows.next[o]) {
    if (rows.limbs[o] < 0) continue;
    if (rows.written[o]) writes++;
    else reads++;
  }
  const kernel = rows.kernels[row];
  if (kernel === KERNEL.ntt || kernel === KERNEL.intt) {
    // One result, what each pass but the last leaves for the next, twiddle factors and their quotients.
    reads += passes - 1 + 2;
    writes = passes;
  }
  return { bytes: 4 * n * (reads + writes), products: n * productsOf(rows, row) };
}

/** For each coefficient. */
function productsOf({ kernels, words, first, lengths, logNs }: Rows, row: number): number {
  const at = first[row];
  const word = (i: number) => words[at + i];
  switch (kernels[row]) {
    case KERNEL.ntt: {
      const sum = word(NTT.sum);
      const sources = word(NTT.conversion + 1);
      const scales = sum > 0 || word(NTT.a) !== NONE;
      return logNs[row] / 2 + (sources > 0 ? sources + 1 : 0) + (scales ? 1 : 0) + (sum > 0 ? ofSum(word, sum) : 0);
    }
    case KERNEL.intt:
      return logNs[row] / 2 + 1 + (word(NTT.input) === NONE ? ofSum(word, INTT_SUM) : 0);
    case KERNEL.multiply:
    case KERNEL.multiplyAdd:
    case KERNEL.multiplyScalar:
    case KERNEL.multiplyScalarAdd:
    case KERNEL.dropAndScale:
      return 1;
    case KERNEL.reduce:
    case KERNEL.expandUniform:
      return 3;
    case KERNEL.dotProduct:
      return 2 * word(3) + [4, 5].filter((y) => word(y) !== NONE).length;
    case KERNEL.tensor:
      return 4 * word(4);
    case KERNEL.baseConvert:
      return (lengths[row] - 4) / 3 + 1;
    default:
      return 0;
  }
}

/** Where a sum begins in a row of `intt`. */
const INTT_SUM = 6;

function ofSum(word: (i: number) => number, at: number): number {
  return word(at + 2) + (word(at) === NONE ? 0 : 1);
}
