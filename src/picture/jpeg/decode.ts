import { beginsWith } from "../signatures.js";
import { damagedJpeg, truncatedJpeg } from "./damaged.js";
import { EntropyReader, type HuffmanTable, huffmanTable } from "./entropy.js";
import { orientationOf } from "./exif.js";
import { type Frame, otherKind, type Process, readFrame } from "./frame.js";
import { losslessScan } from "./lossless.js";
import { ProgressivePicture } from "./progressive.js";
import type { Scan } from "./scan.js";
import { planeFor, sequentialScan } from "./sequential.js";
import { fullSize } from "./upsample.js";

/** The components of a picture, unchanged. */
export interface JpegImage {
  readonly width: number;
  readonly height: number;
  readonly process: Process;
  /** Bits of a sample. */
  readonly precision: number;
  /** Samples of each component in row order, at the picture's size. */
  readonly planes: readonly (Uint8Array | Uint16Array)[];
  /** Where what comes behind the picture begins. */
  readonly end: number;
  /** What the file says of its three components; undefined where it says nothing. */
  readonly colours: "RGB" | "YCbCr" | undefined;
  /** EXIF's, 1 to 8. */
  readonly orientation: number;
}

/** Where a table is defined; the scans that use it make it. */
type Definition = { readonly counts: Uint8Array; readonly symbols: Uint8Array; made?: HuffmanTable };

/**
 * Decodes a JPEG of one or three components: sequential or progressive DCT with 8 bits, or lossless with 2 to 16, exactly. Every block must be
 * there, and every bit be used: what is truncated or out of step is refused, never half grey. Of a progressive one, every coefficient of
 * every component must have been sent to its last bit, zeros too. As with libjpeg, what JFIF's, Adobe's and Exif's segments
 * say counts before the first scan only, and a component is quantised by the table that was there when its first scan began.
 * Takes at most 5 bytes for each sample of the picture at its full size, 1 of them (lossless: 2) when it is done.
 * @throws FormatError when it is damaged, too large, or of another kind
 * Source: ITU-T T.81 (ISO/IEC 10918-1); T.872 for the colours of Adobe's and JFIF's segments.
 */
export function decodeJpeg(bytes: Uint8Array, file: string): JpegImage {
  return new JpegDecoder(bytes, file).decode();
}

class JpegDecoder {
  private readonly quantisation: (Float64Array | undefined)[] = [];
  private readonly tables: (Definition | undefined)[] = [];
  private frame: Frame | undefined;
  private planes: (Uint8Array | Uint16Array)[] = [];
  private progressive: ProgressivePicture | undefined;
  private readonly scanned = new Set<number>();
  private interval = 0;
  /** Whether the first scan has. */
  private begun = false;
  private jfif = false;
  private adobe: number | undefined;
  private orientation: number | undefined;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
  ) {}

  decode(): JpegImage {
    const { bytes, file } = this;
    if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw damagedJpeg(file, "it does not begin with SOI");
    for (let at = 2; ; ) {
      while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
      if (at + 4 > bytes.length && !(bytes[at] === 0xff && bytes[at + 1] === 0xd9)) throw truncatedJpeg(file);
      if (bytes[at] !== 0xff) throw damagedJpeg(file, `no segment begins at byte ${at}`);
      const marker = bytes[at + 1];
      if (marker === 0xd9) return this.finish(at + 2);
      const length = (bytes[at + 2] << 8) | bytes[at + 3];
      if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8) || length < 2) {
        throw damagedJpeg(file, `no segment begins at byte ${at}`);
      }
      const end = at + 2 + length;
      if (end > bytes.length) throw truncatedJpeg(file);
      const body = bytes.subarray(at + 4, end);
      at = marker === 0xda ? this.scan(body, end) : end;
      if (marker !== 0xda) this.segment(marker, body);
    }
  }

  private segment(marker: number, body: Uint8Array): void {
    const { file } = this;
    if (marker === 0xc4) this.huffman(body);
    else if (marker === 0xdb) this.quantise(body);
    else if (marker === 0xcc) throw otherKind(file, "arithmetic-coded JPEG");
    else if (marker === 0xf7) throw otherKind(file, "JPEG-LS");
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) {
      if (this.frame) throw damagedJpeg(file, "it has two frame headers");
      this.frame = readFrame(marker, body, this.bytes.length, file);
    } else if (marker === 0xdd) {
      if (body.length !== 2) throw damagedJpeg(file, "its restart interval is none");
      this.interval = (body[0] << 8) | body[1];
    } else if (marker >= 0xe0) {
      if (!this.begun) this.application(marker, body);
    } else if (marker !== 0xc8) throw damagedJpeg(file, `it has a segment ff${marker.toString(16)}`);
  }

  private application(marker: number, body: Uint8Array): void {
    if (marker === 0xe0 && beginsWith(body, "JFIF\0") && body.length >= 14) this.jfif = true;
    else if (marker === 0xe1 && beginsWith(body, "Exif\0\0")) this.orientation ??= orientationOf(body);
    else if (marker === 0xee && beginsWith(body, "Adobe") && body.length >= 12) this.adobe = body[11];
  }

  private huffman(body: Uint8Array): void {
    for (let at = 0; at < body.length; ) {
      const counts = body.subarray(at + 1, at + 17);
      const symbols = counts.reduce((sum, count) => sum + count, 0);
      const [kind, number] = [body[at] >> 4, body[at] & 15];
      if (kind > 1 || number > 3 || counts.length < 16 || symbols > 256 || at + 17 + symbols > body.length) {
        throw damagedJpeg(this.file, "a Huffman table is none");
      }
      this.tables[4 * kind + number] = { counts, symbols: body.subarray(at + 17, at + 17 + symbols) };
      at += 17 + symbols;
    }
  }

  private quantise(body: Uint8Array): void {
    for (let at = 0; at < body.length; ) {
      const [wide, number] = [body[at] >> 4, body[at] & 15];
      const size = wide === 1 ? 128 : 64;
      if (wide > 1 || number > 3 || at + 1 + size > body.length) {
        throw damagedJpeg(this.file, "a quantisation table is none");
      }
      const values = body.subarray(at + 1, at + 1 + size);
      this.quantisation[number] = Float64Array.from({ length: 64 }, (_, k) =>
        wide === 1 ? (values[2 * k] << 8) | values[2 * k + 1] : values[k],
      );
      at += 1 + size;
    }
  }

  /** Decodes the scan whose header this is; its bits begin at `start`. @returns where the next marker begins */
  private scan(header: Uint8Array, start: number): number {
    const { frame, file } = this;
    if (!frame) throw damagedJpeg(file, "a scan comes before the frame header");
    this.begun = true;
    const scan = this.scanOf(frame, header);
    const reader = new EntropyReader(this.bytes, start, file);
    if (frame.process === "progressive") {
      this.progressive ??= new ProgressivePicture(frame, file);
      return this.progressive.scan(scan, reader, this.quantisation);
    }
    for (const { index, component } of scan.parts) {
      if (this.scanned.has(index)) throw damagedJpeg(file, "a component comes twice");
      this.scanned.add(index);
      this.planes[index] =
        frame.process === "lossless" ? new Uint16Array(frame.width * frame.height) : planeFor(component);
    }
    if (frame.process === "lossless") return losslessScan(frame, scan, reader, this.planes as Uint16Array[], file);
    return sequentialScan(frame, scan, reader, this.planes as Uint8Array[], this.quantisation, file);
  }

  private scanOf(frame: Frame, header: Uint8Array): Scan {
    const { file } = this;
    const count = header[0];
    if (header.length !== 4 + 2 * count || count < 1) throw damagedJpeg(file, "a scan header has a wrong length");
    const parts = Array.from({ length: count }, (_, k) => {
      const [id, tables] = [header[1 + 2 * k], header[2 + 2 * k]];
      const index = frame.components.findIndex((component) => component.id === id);
      const [dc, ac] = [tables >> 4, tables & 15];
      if (index < 0 || dc > 3 || ac > 3) throw damagedJpeg(file, "a scan names what is not there");
      return { index, component: frame.components[index], dc: this.made(dc), ac: this.made(4 + ac) };
    });
    if (new Set(parts.map(({ index }) => index)).size !== count) throw damagedJpeg(file, "a component comes twice");
    if (count > 1 && parts.reduce((sum, { component: { h, v } }) => sum + h * v, 0) > 10) {
      throw damagedJpeg(file, "a scan has more than ten blocks side by side");
    }
    const [first, last, approximation] = header.subarray(1 + 2 * count);
    return { parts, first, last, high: approximation >> 4, low: approximation & 15, interval: this.interval };
  }

  private made(number: number): HuffmanTable | undefined {
    const definition = this.tables[number];
    if (definition) definition.made ??= huffmanTable(definition.counts, definition.symbols, this.file);
    return definition?.made;
  }

  private finish(end: number): JpegImage {
    const { frame, file } = this;
    if (!frame) throw damagedJpeg(file, "it has no frame header");
    const { width, height, precision, process, components } = frame;
    if (process === "progressive" ? !this.progressive : this.scanned.size < components.length)
      throw truncatedJpeg(file);
    const own = this.progressive?.planes() ?? this.planes;
    const planes = components.map((component, k) => {
      const plane = own[k];
      return plane instanceof Uint8Array ? fullSize(component, plane, frame) : plane;
    });
    const colours = this.colours(frame);
    return { width, height, process, precision, planes, end, colours, orientation: this.orientation ?? 1 };
  }

  private colours({ components }: Frame): JpegImage["colours"] {
    if (components.length === 1) return undefined;
    if (this.jfif) return "YCbCr";
    if (this.adobe !== undefined) return this.adobe === 0 ? "RGB" : "YCbCr";
    return components.map(({ id }) => String.fromCharCode(id)).join("") === "RGB" ? "RGB" : undefined;
  }
}
