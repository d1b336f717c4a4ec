import { cut, malformed, misbuilt } from "./damaged.js";
import { type DataSet, type Element, type Encoding, metaEncoding } from "./data-set.js";
import { frameGroups, isKnown, lookedInto, pixelData, tagText } from "./dictionary.js";
import { Fragments } from "./fragments.js";

const metaLength = 0x00020000;
const item = 0xfffee000;
const itemEnd = 0xfffee00d;
const sequenceEnd = 0xfffee0dd;
const undefinedLength = 0xffffffff;

/** VRs whose length has four bytes, and all others. PS3.5, 6.2 and 7.1.2. */
const long = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const short = new Set("AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split(" "));

/** A file of 10,000 frames has half of that. */
const mostElements = 1_000_000;
/** Structured reports nest most, about ten deep. */
const deepest = 64;

/**
 * Takes a data set apart, every element and every item of it, whoever needs it, and keeps what somebody looks at. Malformed is, and
 * refused: a VR that PS3.5 does not know; a length that goes beyond the file, or beyond the item or sequence that it stands in; tags
 * that do not ascend, so that one could come twice; a length left open where none may be; an end of an item or sequence that is missing
 * or stands elsewhere; meta information (group 0002) among the data set, or the other way round. Sequences may be 64 deep, elements, items
 * and fragments a million in all. Zeros behind the pixels, up to the end of the file, are no elements.
 *
 * Errors name a tag, a VR or a length only of the attributes in dictionary.ts: where a length was wrong before, text of a
 * patient stands in the place of all three.
 * @throws FormatError
 * Source: DICOM PS3.5, 7.
 */
export class DataSetReader {
  private readonly view: DataView;
  private count = 0;
  /** Where the last tag stood. */
  private start = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
    /** Where the next element begins. */
    public at = 0,
    /** Which frame's groups are kept, from 1. */
    private readonly frame = 1,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The data set up to the end of the file. */
  read(encoding: Encoding): DataSet {
    return this.dataSet(encoding, this.outermost("data"));
  }

  /** What there is of the beginning of a data set: a look ahead, which refuses nothing. */
  readBeginning(encoding: Encoding): DataSet {
    const found = new Map<number, Element>();
    try {
      this.dataSet(encoding, this.outermost("data"), found);
    } catch {
      // It is cut where it is cut; the whole is read afterwards.
    }
    return found;
  }

  /** The file meta information, which says how long it is: what follows may be packed. Source: PS3.10, 7.1. */
  readMeta(): DataSet {
    const encoding = metaEncoding;
    const file = this.outermost("meta");
    const tag = this.tag(encoding, file.end);
    const { value } = tag === metaLength ? this.element(encoding, tag, file) : { value: new Uint8Array(0) };
    if (value.length !== 4) throw misbuilt(this.file, "the length of its meta information (0002,0000) is missing");
    const length = this.view.getUint32(this.at - 4, true);
    if (length > file.end - this.at) throw cut(this.file, "its meta information is longer than the file");
    return this.dataSet(encoding, { ...file, end: this.at + length });
  }

  private outermost(part: "meta" | "data"): Place {
    return { end: this.bytes.length, open: false, depth: 0, kept: true, part };
  }

  private dataSet(encoding: Encoding, place: Place, found = new Map<number, Element>()): DataSet {
    const { file } = this;
    let previous = -1;
    while (place.open || this.at < place.end) {
      if (place.part === "data" && previous >= pixelData.tag && this.zerosToEnd()) break;
      const tag = this.tag(encoding, place.end);
      // Where its length was said, its end may be there all the same.
      if (tag === itemEnd && place.part === "item" && (place.open || this.at + 4 === place.end)) {
        if (this.uint32(encoding, place.end) !== 0) throw malformed(file, "the end of an item has a length");
        return found;
      }
      if (tag >>> 16 === 0xfffe) throw malformed(file, `${this.named(tag)} stands outside of a sequence`);
      const isMeta = tag >>> 16 <= 2;
      if (place.part !== "item" && isMeta !== (place.part === "meta")) {
        const what = "its meta information ends elsewhere than it says";
        // dcmtk takes out what is too much there, and leaves what is too much here.
        throw isMeta ? malformed(file, what) : misbuilt(file, what);
      }
      if (tag <= previous) {
        throw misbuilt(
          file,
          `${this.named(tag)} comes after ${isKnown(previous) ? tagText(previous) : "a higher one"}`,
        );
      }
      if (++this.count > mostElements)
        throw malformed(file, `it has more than ${mostElements} items, elements and fragments`);
      previous = tag;
      const element = this.element(encoding, tag, place);
      if (place.kept && isKnown(tag)) found.set(tag, element);
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
      const left = place.end - this.at;
      // Four letters would be more.
      const claim =
        tag === pixelData.tag && length < 2 ** 29 ? `${length} bytes, ${left} are left` : "more bytes than are left";
      throw cut(file, `${this.named(tag)} claims ${claim}`);
    }
    if (open && tag === pixelData.tag && (vr === "OB" || vr === "OW")) {
      return { vr, value: new Uint8Array(0), fragments: this.fragments(encoding, place.end) };
    }
    const unknown = vr === "UN";
    const sequence = lookedInto.has(tag) && !encoding.bigEndian;
    if (vr === "SQ" || (!vr && (open || lookedInto.has(tag))) || (unknown && (open || sequence))) {
      // What somebody did not know is passed on as it came, implicit and little-endian. PS3.5, 6.2.2.
      const inner = unknown ? { implicit: true, bigEndian: false } : encoding;
      const value = this.bytes.subarray(this.at, open ? this.at : this.at + length);
      const kept = place.kept && lookedInto.has(tag);
      const end = open ? place.end : this.at + length;
      const items = this.items(inner, { end, open, depth: place.depth + 1, kept, part: "item" }, tag);
      return { vr: unknown && sequence ? undefined : vr, value, ...items };
    }
    if (open) throw malformed(file, `the length of ${this.named(tag)} is left open`);
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
      const which = isKnown(tag) ? `the VR ${letters}, DICOM has no such` : "a VR that DICOM does not have";
      throw misbuilt(this.file, `${this.named(tag)} has ${which}`);
    }
    this.need(2, end);
    this.at += 2;
    return { vr, length: this.view.getUint16(this.at - 2, !encoding.bigEndian) };
  }

  private items(encoding: Encoding, place: Place, sequence: number): Pick<Element, "item" | "itemCount"> {
    const { file } = this;
    const wanted = sequence === frameGroups.tag ? this.frame - 1 : 0;
    let kept: DataSet | undefined;
    let itemCount = 0;
    if (place.depth > deepest) throw malformed(file, `its sequences are more than ${deepest} deep`);
    while (place.open || this.at < place.end) {
      const tag = this.tag(encoding, place.end);
      const length = this.uint32(encoding, place.end);
      if (tag === sequenceEnd && length === 0 && (place.open || this.at === place.end)) break;
      if (tag !== item) throw malformed(file, `${this.named(tag)} stands where an item of a sequence should`);
      if (++this.count > mostElements)
        throw malformed(file, `it has more than ${mostElements} items, elements and fragments`);
      const open = length === undefinedLength;
      if (!open && length > place.end - this.at) throw cut(file, "an item is longer than what it stands in");
      const end = open ? place.end : this.at + length;
      const isWanted = place.kept && itemCount++ === wanted;
      const found = this.dataSet(encoding, { ...place, end, open, kept: isWanted });
      if (isWanted) kept = found;
    }
    return { item: kept, itemCount };
  }

  private fragments(encoding: Encoding, end: number): Fragments {
    const fragments = new Fragments(this.bytes);
    for (;;) {
      const tag = this.tag(encoding, end);
      const length = this.uint32(encoding, end);
      if (tag === sequenceEnd && length === 0) return fragments;
      if (tag !== item || length > end - this.at) throw cut(this.file, "its compressed pixels are cut or damaged");
      if (++this.count > mostElements)
        throw malformed(this.file, `it has more than ${mostElements} items, elements and fragments`);
      fragments.add(this.at, this.at + length);
      this.at += length;
    }
  }

  private tag(encoding: Encoding, end: number): number {
    this.need(4, end);
    this.start = this.at;
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
    if (count > end - this.at) throw cut(this.file, "it ends within an element");
  }

  private named(tag: number): string {
    return isKnown(tag) || tag === item || tag === itemEnd || tag === sequenceEnd
      ? tagText(tag)
      : `the element at byte ${this.start}`;
  }

  /** Files may be filled up to whole blocks. */
  private zerosToEnd(): boolean {
    let { at } = this;
    while (at < this.bytes.length && this.bytes[at] === 0) at++;
    return at === this.bytes.length;
  }
}

interface Place {
  readonly end: number;
  /** Whether a delimiter ends it, before `end`. */
  readonly open: boolean;
  readonly depth: number;
  /** Whether its elements are wanted. */
  readonly kept: boolean;
  readonly part: "meta" | "data" | "item";
}
