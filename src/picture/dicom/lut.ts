import { malformed } from "./damaged.js";
import { type Attribute, named } from "./dictionary.js";
import type { Values } from "./values.js";

/** A table of DICOM: what is below or above its inputs has its first or last entry. */
export interface Lut {
  readonly first: number;
  readonly entries: ArrayLike<number>;
  /** Bits of an entry. */
  readonly bits: number;
}

/**
 * @param signed whether there are inputs below 0: the first one is signed then, even where the VR says that it is not
 * @throws FormatError when descriptor and data do not fit, or one is missing
 * Source: PS3.3, C.11.1.1 and C.7.6.3.1.5.
 */
export function readLut(values: Values, descriptor: Attribute, data: Attribute, signed: boolean): Lut {
  const { file, encoding } = values;
  const described = values.words(descriptor, signed || undefined);
  if (described?.length !== 3) throw malformed(file, `${named(descriptor)} is not three numbers`);
  // Only the middle one may be negative, and 0 stands for 65536.
  const count = described[0] & 0xffff || 65536;
  const [, first, bits] = described;
  if (bits < 8 || bits > 16) throw malformed(file, `${named(descriptor)} says ${bits} bits`);
  const element = values.element(data);
  const value = element?.value ?? new Uint8Array(0);
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const most = 2 ** bits - 1;
  let entries: number[];
  if (value.length === 2 * count) {
    entries = Array.from({ length: count }, (_, k) => view.getUint16(2 * k, !encoding.bigEndian));
  } else if (bits === 8 && value.length === count + (count % 2)) {
    // Two entries in a word, the first in its low byte.
    const swap = encoding.bigEndian ? 1 : 0;
    entries = Array.from({ length: count }, (_, k) => value[k ^ swap]);
  } else throw malformed(file, `${named(data)} has ${value.length} bytes for ${count} entries`);
  if (entries.some((entry) => entry > most)) throw malformed(file, `${named(data)} has more than its ${bits} bits`);
  return { first, entries, bits };
}

/** The entry of an input; of one with a fraction, of the nearest whole number. */
export function lookUp({ first, entries }: Lut, input: number): number {
  return entries[Math.min(entries.length - 1, Math.max(0, Math.round(input) - first))];
}
