/** DICOM files byte by byte, explicit and little-endian: what no program writes, too. */

/** Text, words of 16 bits, bytes, or the items of a sequence. */
export type Value = string | readonly number[] | Uint8Array | readonly (readonly Part[])[];
export type Part = readonly [tag: number, vr: string, value: Value];

const long = new Set(["OB", "OF", "OW", "OV", "SQ", "UN", "UT"]);

export function elementOf([tag, vr, value]: Part): number[] {
  const body = bodyOf(vr, value);
  const head = [...word(tag >>> 16), ...word(tag & 0xffff), ...ascii(vr)];
  return [...head, ...(long.has(vr) ? [0, 0, ...dword(body.length)] : word(body.length)), ...body];
}

function bodyOf(vr: string, value: Value): number[] {
  if (typeof value === "string") {
    const letters = ascii(value);
    return letters.length % 2 === 0 ? letters : [...letters, vr === "UI" ? 0 : 32];
  }
  if (value instanceof Uint8Array) return [...value, ...(value.length % 2 === 0 ? [] : [0])];
  if (vr === "SQ") return (value as Part[][]).flatMap((parts) => itemOf(parts.flatMap(elementOf)));
  return (value as number[]).flatMap((each) => word(each & 0xffff));
}

export function itemOf(body: ArrayLike<number>): number[] {
  return [0xfe, 0xff, 0x00, 0xe0, ...dword(body.length), ...Array.from(body)];
}

export const word = (value: number): number[] => [value & 255, (value >> 8) & 255];
export const dword = (value: number): number[] => [...word(value & 0xffff), ...word(value >>> 16)];
const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));

export const explicitUid = "1.2.840.10008.1.2.1";

/** A file of these elements, in the order of their tags, behind preamble and meta information. */
export function dicomOf(parts: readonly Part[], syntax = explicitUid, tail: readonly number[] = []): Uint8Array {
  const meta = [
    elementOf([0x00020001, "OB", Uint8Array.of(0, 1)]),
    elementOf([0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7"]),
    elementOf([0x00020003, "UI", "1.2.3.4"]),
    elementOf([0x00020010, "UI", syntax]),
    elementOf([0x00020012, "UI", "1.2.3"]),
  ].flat();
  const length = [2, 0, 0, 0, ...ascii("UL"), 4, 0, ...dword(meta.length)];
  const sorted = [...parts].sort(([a], [b]) => a - b).flatMap(elementOf);
  return Uint8Array.from([...new Array(128).fill(0), ...ascii("DICM"), ...length, ...meta, ...sorted, ...tail]);
}

export interface Kind {
  readonly rows: number;
  readonly columns: number;
  readonly photometric?: string;
  readonly samples?: number;
  readonly planar?: number;
  readonly bits?: readonly [allocated: number, stored: number, high: number];
  readonly signed?: boolean;
  readonly frames?: number | string;
}

/** What describes an image, without its pixels. */
export function imageParts(kind: Kind): Part[] {
  const { rows, columns, photometric = "MONOCHROME2", samples = 1, planar, bits = [8, 8, 7], frames } = kind;
  return [
    [0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"],
    [0x00080018, "UI", "1.2.3.4"],
    [0x00080060, "CS", "OT"],
    [0x0020000d, "UI", "1.2.3.5"],
    [0x0020000e, "UI", "1.2.3.6"],
    [0x00280002, "US", [samples]],
    [0x00280004, "CS", photometric],
    ...(planar === undefined ? [] : ([[0x00280006, "US", [planar]]] as Part[])),
    ...(frames === undefined ? [] : ([[0x00280008, "IS", `${frames}`]] as Part[])),
    [0x00280010, "US", [rows]],
    [0x00280011, "US", [columns]],
    [0x00280100, "US", [bits[0]]],
    [0x00280101, "US", [bits[1]]],
    [0x00280102, "US", [bits[2]]],
    [0x00280103, "US", [kind.signed ? 1 : 0]],
  ];
}

/** An image of bytes, or of words where 16 bits are allocated. */
export function imageOf(kind: Kind, pixels: ArrayLike<number>, extra: readonly Part[] = []): Uint8Array {
  const wide = kind.bits?.[0] === 16;
  const data: Part = wide
    ? [0x7fe00010, "OW", Array.from(pixels)]
    : [0x7fe00010, "OB", Uint8Array.from(Array.from(pixels))];
  const named = new Set(extra.map(([tag]) => tag));
  return dicomOf([...imageParts(kind).filter(([tag]) => !named.has(tag)), ...extra, data]);
}

/** Compressed frames: an offset table and fragments. */
export function encapsulated(
  kind: Kind,
  syntax: string,
  items: readonly ArrayLike<number>[],
  extra: readonly Part[] = [],
): Uint8Array {
  const open = [0xe0, 0x7f, 0x10, 0x00, ...ascii("OB"), 0, 0, 0xff, 0xff, 0xff, 0xff];
  const end = [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
  return dicomOf([...imageParts(kind), ...extra], syntax, [...open, ...items.flatMap((item) => itemOf(item)), ...end]);
}
