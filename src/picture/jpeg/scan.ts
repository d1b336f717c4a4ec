import { damagedJpeg } from "./damaged.js";
import type { EntropyReader, HuffmanTable } from "./entropy.js";
import type { Component, Frame } from "./frame.js";

/** A component in a scan, with the tables that the scan names for it. */
export interface ScanComponent {
  /** Which of the frame's components. */
  readonly index: number;
  readonly component: Component;
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
}

export interface Scan {
  readonly parts: readonly ScanComponent[];
  /** First and last coefficient in the order of the zigzag; of a lossless scan, its predictor and 0. */
  readonly first: number;
  readonly last: number;
  /** Bits below which coefficients were sent before, and are sent now. */
  readonly high: number;
  readonly low: number;
  /** MCUs between two restart markers; 0 for none. */
  readonly interval: number;
}

/** What a scan does with one block of `part`. */
export type Visit = (part: ScanComponent, row: number, column: number) => void;

/**
 * Calls `visit` for each block of a scan in the order in which they were written, and `reset` where prediction begins anew.
 * @returns where the next marker begins
 * Source: ITU-T T.81, A.2 and E.2.4.
 */
export function walkScan(frame: Frame, scan: Scan, reader: EntropyReader, visit: Visit, reset: () => void): number {
  const { parts, interval } = scan;
  const [{ component }] = parts;
  // A scan of one component has the blocks of its picture, none that only fill an MCU.
  const single = parts.length === 1;
  const across = single ? component.blocksAcross : frame.mcusAcross;
  const down = single ? component.blocksDown : frame.mcusDown;
  let left = interval;
  let restarts = 0;
  reset();
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      if (interval > 0 && left-- === 0) {
        reader.restart(restarts++ & 7);
        reset();
        left = interval - 1;
      }
      if (single) {
        visit(parts[0], row, column);
        continue;
      }
      for (const part of parts) {
        const { h, v } = part.component;
        for (let y = 0; y < v; y++) for (let x = 0; x < h; x++) visit(part, row * v + y, column * h + x);
      }
    }
  }
  return reader.finish();
}

/** The table that a scan names and needs. */
export function tableOf(table: HuffmanTable | undefined, file: string): HuffmanTable {
  if (!table) throw damagedJpeg(file, "a scan names a Huffman table that is not there");
  return table;
}
