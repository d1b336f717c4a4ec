import { damagedJpeg } from "./damaged.js";
import type { EntropyReader } from "./entropy.js";
import type { Component, Frame } from "./frame.js";
import { inverseDct, zigzag } from "./idct.js";
import { type Scan, tableOf, walkScan } from "./scan.js";

/** Multipliers of the coefficients, in the order of the zigzag, by number. */
export type Quantisation = readonly (Float64Array | undefined)[];

/** Samples of a component, with those that only fill blocks: rows of `8 * lineBlocks`. */
export function planeFor({ lineBlocks, blockLines }: Component): Uint8Array {
  return new Uint8Array(64 * lineBlocks * blockLines);
}

/** Decodes a scan of a sequential frame into the planes. @returns where the next marker begins. Source: ITU-T T.81, F.2. */
export function sequentialScan(
  frame: Frame,
  scan: Scan,
  reader: EntropyReader,
  planes: readonly Uint8Array[],
  quantisation: Quantisation,
  file: string,
): number {
  if (scan.first !== 0 || scan.last !== 63 || scan.high !== 0 || scan.low !== 0) {
    throw damagedJpeg(file, "a scan of a sequential picture is said to be a part of one");
  }
  const block = new Float64Array(64);
  const means = new Float64Array(frame.components.length);
  const tables = scan.parts.map(({ dc, ac, component }) => {
    return { dc: tableOf(dc, file), ac: tableOf(ac, file), factors: quantisationOf(component, quantisation, file) };
  });
  return walkScan(
    frame,
    scan,
    reader,
    (part, row, column) => {
      const { dc, ac, factors } = tables[scan.parts.indexOf(part)];
      block.fill(0);
      means[part.index] += reader.signed(category(reader.symbol(dc), 11, file));
      block[0] = means[part.index] * factors[0];
      for (let k = 1; k < 64; k++) {
        const symbol = reader.symbol(ac);
        const size = symbol & 15;
        if (size === 0) {
          if (symbol !== 0xf0) {
            if (symbol !== 0) throw damagedJpeg(file, "a run of zeros has no end");
            break;
          }
          k += 15;
          if (k > 62) throw damagedJpeg(file, "a block has more than 64 coefficients");
          continue;
        }
        k += symbol >> 4;
        if (k > 63) throw damagedJpeg(file, "a block has more than 64 coefficients");
        block[zigzag[k]] = reader.signed(category(size, 10, file)) * factors[k];
      }
      const stride = 8 * part.component.lineBlocks;
      inverseDct(block, planes[part.index], 8 * (row * stride + column), stride);
    },
    () => means.fill(0),
  );
}

/** Bits of a difference or coefficient: with 8 bits a sample never more than these. T.81, tables F.1 and F.2. */
export function category(bits: number, most: number, file: string): number {
  if (bits > most) throw damagedJpeg(file, `a coefficient has ${bits} bits`);
  return bits;
}

export function quantisationOf({ quantisation }: Component, tables: Quantisation, file: string): Float64Array {
  const factors = tables[quantisation];
  if (!factors) throw damagedJpeg(file, "a component names a quantisation table that is not there");
  return factors;
}
