import { malformed, tagText } from "./damaged.js";
import { lookedInto } from "./dictionary.js";

/** One attribute as a data set has it. */
export interface Element {
  /** Of two letters; undefined where the transfer syntax does not say it. */
  readonly vr: string | undefined;
  /** A view of the file. */
  readonly value: Uint8Array;
  /** Of a sequence that is looked into. */
  readonly items?: readonly DataSet[];
  /** Of compressed pixels: the items behind each other, the offset table first. */
  readonly fragments?: readonly Uint8Array[];
}

/** Elements by tag. */
export type DataSet = ReadonlyMap<number, Element>;

const metaLength = 0x00020000;
const item = 0xfffee000;
const itemEnd = 0xfffee00d;
const sequenceEnd = 0xfffee0dd;
const pixels = 0x7fe00010;
const undefinedLength = 0xffffffff;

/** VRs whose length has four bytes, and all others. PS3.5, 6.2 and 7.1.2. */
const long = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const short = new Set("AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split(" "));

/** A file of 10,000 frames has half of that: each takes some 100 bytes. */
const mostElements = 1_000_000;
/** Structured reports nest most, about ten deep. */
const deepest = 64;

export interface Encoding {
  readonly implicit: boolean;
  readonly bigEndian: boolean;
}

/**
 * Takes a data set apart, every element and every item of it, whoever needs it. Malformed is, and refused: a VR that PS3.5 does not
 * know; a length that goes beyond the file, or beyond the item or sequence that it stands in; tags that do not ascend, so
 * that one could come twice; a length left open where none may be, or an end of an item or sequence that is missing or stands elsewhere.
 * Sequences may be 64 deep, elements a million.
 * @throws FormatError
 * Source: DICOM PS3.5, 7.
 */
export class DataSetReader {
  private readonly view: DataView;
  private count = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
    /** Where the next element begins. */
    public at = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The data set up to the end of the file. */
  read(encoding: Encoding): DataSet {
    return this.dataSet(encoding, { end: this.bytes.length, open: false, depth: 0, kept: true });
  }

  /** The file meta information, which says how long it is: what follows may be packed. Source: PS3.10, 7.1. */
  readMeta(): DataSet {
    const encoding = { implicit: false, bigEndian: false };
    const file = { end: this.bytes.length, open: false, depth: 0, kept: true };
    const tag = this.tag(encoding, file.end);
    const { value } = tag === metaLength ? this.element(encoding, tag, file) : { value: new Uint8Array(0) };
    if (value.length !== 4) throw malformed(this.file, "the length of its meta information (0002,0000) is missing");
    const length = this.view.getUint32(this.at - 4, true);
    if (length > file.end - this.at) throw malformed(this.file, "its meta information is longer than the file");
    return this.dataSet(encoding, { ...file, end: this.at + length });
  }

  private dataSet(encoding: Encoding, place: Place): DataSet {
    const found = new Map<number, Element>();
    let previous = -1;
    while (place.open || this.at < place.end) {
      const tag = this.tag(encoding, place.end);
      if (place.open && tag === itemEnd) {
        if (this.uint32(encoding, place.end) !== 0) throw malformed(this.file, "the end of an item has a length");
        return found;
      }
      if (tag >>> 16 === 0xfffe) throw malformed(this.file, `${tagText(tag)} stands outside of a sequence`);
      if (tag <= previous) throw malformed(this.file, `${tagText(tag)} comes after ${tagText(previous)}`);
      if (++this.count > mostElements) throw malformed(this.file, `it has more than ${mostElements} elements`);
      previous = tag;
      const element = this.element(encoding, tag, place);
      if (place.kept) found.set(tag, element);
    }
    return found;
  }

  private element(encoding: Encoding, tag: number, place: Place): Element {
    const { file } = this;
    const { vr, length } = encoding.implicit
      ? { vr: undefined, length: this.uint32(encoding, place.end) }
      : this.explicit(encoding, tag, place.end);
    const open = length === undefinedLength;
    if (!open && length > place.end - this.at) {
      throw malformed(file, `${tagText(tag)} claims ${length} bytes, ${place.end - this.at} are left`);
    }
    if (open && tag === pixels && (vr === "OB" || vr === "OW")) {
      return { vr, value: new Uint8Array(0), fragments: this.fragments(encoding, place.end) };
    }
    if (vr === "SQ" || (vr === undefined && (open || lookedInto.has(tag))) || (vr === "UN" && open)) {
      // What somebody did not know is passed on as it came, implicit and little-endian. PS3.5, 6.2.2.
      const inner = vr === "UN" ? { implicit: true, bigEndian: false } : encoding;
      const value = this.bytes.subarray(this.at, open ? this.at : this.at + length);
      const kept = place.kept && lookedInto.has(tag);
      const end = open ? place.end : this.at + length;
      return { vr, value, items: this.items(inner, { end, open, depth: place.depth + 1, kept }) };
    }
    if (open) throw malformed(file, `the length of ${tagText(tag)} is left open`);
    const value = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return { vr, value };
  }

  private explicit(encoding: Encoding, tag: number, end: number) {
    this.need(2, end);
    const vr = String.fromCharCode(this.bytes[this.at], this.bytes[this.at + 1]);
    this.at += 2;
    if (long.has(vr)) {
      this.need(2, end);
      this.at += 2;
      return { vr, length: this.uint32(encoding, end) };
    }
    if (!short.has(vr)) {
      const letters = /^[A-Z]{2}$/.test(vr) ? vr : "which is not even two letters";
      throw malformed(this.file, `${tagText(tag)} has the VR ${letters}, DICOM has no such`);
    }
    this.need(2, end);
    this.at += 2;
    return { vr, length: this.view.getUint16(this.at - 2, !encoding.bigEndian) };
  }

  private items(encoding: Encoding, place: Place): DataSet[] {
    const { file } = this;
    if (place.depth > deepest) throw malformed(file, `its sequences are more than ${deepest} deep`);
    const items: DataSet[] = [];
    while (place.open || this.at < place.end) {
      const tag = this.tag(encoding, place.end);
      const length = this.uint32(encoding, place.end);
      if (place.open && tag === sequenceEnd && length === 0) return items;
      if (tag !== item) throw malformed(file, `${tagText(tag)} stands where an item of a sequence should`);
      if (++this.count > mostElements) throw malformed(file, `it has more than ${mostElements} items`);
      const open = length === undefinedLength;
      if (!open && length > place.end - this.at) throw malformed(file, "an item is longer than what it stands in");
      const end = open ? place.end : this.at + length;
      const found = this.dataSet(encoding, { end, open, depth: place.depth, kept: place.kept });
      if (place.kept) items.push(found);
    }
    return items;
  }

  private fragments(encoding: Encoding, end: number): Uint8Array[] {
    const fragments: Uint8Array[] = [];
    for (;;) {
      const tag = this.tag(encoding, end);
      const length = this.uint32(encoding, end);
      if (tag === sequenceEnd && length === 0) return fragments;
      if (tag !== item || length > end - this.at)
        throw malformed(this.file, "its compressed pixels are cut or damaged");
      if (++this.count > mostElements) throw malformed(this.file, `it has more than ${mostElements} fragments`);
      fragments.push(this.bytes.subarray(this.at, this.at + length));
      this.at += length;
    }
  }

  private tag(encoding: Encoding, end: number): number {
    this.need(4, end);
    const group = this.view.getUint16(this.at, !encoding.bigEndian);
    const element = this.view.getUint16(this.at + 2, !encoding.bigEndian);
    this.at += 4;
    return group * 65536 + element;
  }

  private uint32(encoding: Encoding, end: number): number {
    this.need(4, end);
    this.at += 4;
    return this.view.getUint32(this.at - 4, !encoding.bigEndian);
  }

  private need(count: number, end: number): void {
    if (count > end - this.at) throw malformed(this.file, "it ends within an element");
  }
}

interface Place {
  readonly end: number;
  /** Whether a delimiter ends it, before `end`. */
  readonly open: boolean;
  readonly depth: number;
  /** Whether its elements are wanted. */
  readonly kept: boolean;
}
