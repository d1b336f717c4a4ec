import { damagedJpeg, truncatedJpeg } from "./damaged.js";
import type { EntropyReader } from "./entropy.js";
import type { Frame } from "./frame.js";
import { inverseDct, zigzag } from "./idct.js";
import { type Scan, type ScanComponent, tableOf, walkScan } from "./scan.js";
import { category, planeFor, type Quantisation, quantisationOf } from "./sequential.js";

/** A few are usual, and there cannot be many more without sending nothing: each costs a walk over the picture. */
const mostScans = 100;

/**
 * The coefficients of a progressive frame, which come in many scans, a few bits of a few coefficients each.
 * Takes two bytes a sample. Source: ITU-T T.81, annex G.
 */
export class ProgressivePicture {
  /** By component, block after block, in the order of the zigzag. */
  private readonly coefficients: Int16Array[];
  /** By component and coefficient: bits that are still to come, −1 before the first scan. */
  private readonly pending: Int8Array[];
  /** By component: what its coefficients are to be multiplied with. */
  private readonly factors: (Float64Array | undefined)[] = [];
  private scans = 0;

  constructor(
    private readonly frame: Frame,
    private readonly file: string,
  ) {
    this.coefficients = frame.components.map(
      ({ lineBlocks, blockLines }) => new Int16Array(64 * lineBlocks * blockLines),
    );
    this.pending = frame.components.map(() => new Int8Array(64).fill(-1));
  }

  /** @returns where the next marker begins */
  scan(scan: Scan, reader: EntropyReader, quantisation: Quantisation): number {
    this.take(scan);
    for (const { index, component } of scan.parts) {
      this.factors[index] ??= quantisationOf(component, quantisation, this.file);
    }
    const { first, high } = scan;
    const coder =
      first === 0 ? this.means(scan, reader) : high === 0 ? this.first(scan, reader) : this.refine(scan, reader);
    return walkScan(
      this.frame,
      scan,
      reader,
      (part, row, column) => coder.block(part, 64 * (row * part.component.lineBlocks + column)),
      coder.reset,
    );
  }

  /**
   * Samples of each component; the coefficients are gone then.
   * @throws FormatError when a scan is missing, of one bit of one coefficient
   */
  planes(): Uint8Array[] {
    const block = new Float64Array(64);
    if (this.pending.some((bits) => bits.some((left) => left !== 0))) throw truncatedJpeg(this.file);
    return this.frame.components.map((component, index) => {
      const plane = planeFor(component);
      const factors = this.factors[index]!;
      const coefficients = this.coefficients[index];
      const stride = 8 * component.lineBlocks;
      for (let row = 0, from = 0; row < component.blockLines; row++) {
        for (let column = 0; column < component.lineBlocks; column++, from += 64) {
          for (let k = 0; k < 64; k++) block[zigzag[k]] = coefficients[from + k] * factors[k];
          inverseDct(block, plane, 8 * (row * stride + column), stride);
        }
      }
      this.coefficients[index] = new Int16Array(0);
      return plane;
    });
  }

  /** Looks whether a scan may come now. */
  private take({ parts, first, last, high, low }: Scan): void {
    const wrong = first === 0 ? last !== 0 : parts.length !== 1 || last < first;
    if (wrong || last > 63 || low > 13 || (high !== 0 && high !== low + 1)) {
      throw damagedJpeg(this.file, "a progressive scan says of itself what none can be");
    }
    if (++this.scans > mostScans) throw damagedJpeg(this.file, `it has more than ${mostScans} scans`);
    for (const { index } of parts) {
      for (let k = first; k <= last; k++) {
        const bits = this.pending[index][k];
        if (high === 0 ? bits !== -1 : bits !== high)
          throw damagedJpeg(this.file, "progressive scans are out of order");
        this.pending[index][k] = low;
      }
    }
  }

  private means({ parts, high, low }: Scan, reader: EntropyReader): BlockCoder {
    const means = new Int32Array(this.frame.components.length);
    const tables = parts.map(({ dc }) => (high === 0 ? tableOf(dc, this.file) : undefined));
    return {
      reset: () => means.fill(0),
      block: (part, at) => {
        const own = this.coefficients[part.index];
        if (high !== 0) {
          own[at] |= reader.bits(1) << low;
          return;
        }
        means[part.index] += reader.signed(category(reader.symbol(tables[parts.indexOf(part)]!), 11, this.file));
        own[at] = means[part.index] << low;
      },
    };
  }

  private first({ parts, first, last, low }: Scan, reader: EntropyReader): BlockCoder {
    const table = tableOf(parts[0].ac, this.file);
    const own = this.coefficients[parts[0].index];
    /** Blocks, this one included, that have nothing more in this band. */
    let ended = 0;
    return {
      reset: () => {
        ended = 0;
      },
      block: (_, at) => {
        if (ended > 0) {
          ended--;
          return;
        }
        for (let k = first; k <= last; k++) {
          const symbol = reader.symbol(table);
          const [run, size] = [symbol >> 4, symbol & 15];
          if (size === 0 && run < 15) {
            ended = (1 << run) - 1 + reader.bits(run);
            return;
          }
          k += run;
          if (k > last) throw damagedJpeg(this.file, "a block has more coefficients than its scan");
          if (size > 0) own[at + k] = reader.signed(category(size, 10, this.file)) << low;
        }
      },
    };
  }

  private refine({ parts, first, last, low }: Scan, reader: EntropyReader): BlockCoder {
    const table = tableOf(parts[0].ac, this.file);
    const own = this.coefficients[parts[0].index];
    let ended = 0;
    const refineOne = (at: number) => {
      if (reader.bits(1) === 1) own[at] += own[at] > 0 ? 1 << low : -(1 << low);
    };
    return {
      reset: () => {
        ended = 0;
      },
      block: (_, at) => {
        let k = first;
        while (ended === 0 && k <= last) {
          const symbol = reader.symbol(table);
          const size = symbol & 15;
          let run = symbol >> 4;
          if (size === 0 && run < 15) {
            ended = (1 << run) + reader.bits(run);
            break;
          }
          if (size > 1) throw damagedJpeg(this.file, "a coefficient is refined by more than a bit");
          const fresh = size === 0 ? 0 : reader.bits(1) === 1 ? 1 << low : -(1 << low);
          // The run counts coefficients that are still 0; those between are refined on the way.
          for (; k <= last; k++) {
            if (own[at + k] !== 0) refineOne(at + k);
            else if (run-- === 0) break;
          }
          if (k > last) throw damagedJpeg(this.file, "a block has more coefficients than its scan");
          own[at + k++] = fresh;
        }
        if (ended === 0) return;
        for (; k <= last; k++) if (own[at + k] !== 0) refineOne(at + k);
        ended--;
      },
    };
  }
}

interface BlockCoder {
  readonly reset: () => void;
  readonly block: (part: ScanComponent, at: number) => void;
}
