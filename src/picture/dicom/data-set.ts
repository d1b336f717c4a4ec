import type { Fragments } from "./fragments.js";

/** One attribute as a data set has it. */
export interface Element {
  /** Of two letters; undefined where the transfer syntax does not say it. */
  readonly vr: string | undefined;
  /** A view of the file. */
  readonly value: Uint8Array;
  /** Of a sequence that is looked into, its first item; of the groups of frames, that of the frame which is wanted. */
  readonly item?: DataSet;
  /** How many items such a sequence has. */
  readonly itemCount?: number;
  /** Of compressed pixels. */
  readonly fragments?: Fragments;
}

/** Elements by tag, of the attributes in dictionary.ts. */
export type DataSet = ReadonlyMap<number, Element>;

/** How a transfer syntax writes elements. */
export interface Encoding {
  readonly implicit: boolean;
  readonly bigEndian: boolean;
}

/** Of the meta information, whatever the data set's is. */
export const metaEncoding: Encoding = { implicit: false, bigEndian: false };
