import { crc32 } from "../bytes/checksum.js";
import { FormatError } from "../errors.js";
import { beginsWith, pngSignature } from "./signatures.js";

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  readonly colourType: number;
  /** Samples of a pixel: 1 for a palette's index. */
  readonly channels: number;
  readonly interlaced: boolean;
}

export interface PngChunks {
  readonly header: PngHeader;
  /** Red, green and blue of each colour; of a palette picture only. */
  readonly palette: Uint8Array | undefined;
  /** The body of tRNS. */
  readonly transparency: Uint8Array | undefined;
  /** The zlib stream of the bodies of all IDAT chunks. */
  readonly data: Uint8Array;
}

/** The colour types. */
export const grey = 0;
export const rgb = 2;
export const palette = 3;
export const greyAlpha = 4;
const rgba = 6;

/** Samples of a pixel and permitted depths by colour type. */
const kinds: Readonly<Record<number, { channels: number; depths: readonly number[] } | undefined>> = {
  [grey]: { channels: 1, depths: [1, 2, 4, 8, 16] },
  [rgb]: { channels: 3, depths: [8, 16] },
  [palette]: { channels: 1, depths: [1, 2, 4, 8] },
  [greyAlpha]: { channels: 2, depths: [8, 16] },
  [rgba]: { channels: 4, depths: [8, 16] },
};

/**
 * Takes a PNG apart. Every chunk's checksum must fit, but what ancillary chunks other than tRNS hold is not looked at: a
 * senseless colour profile is no reason to refuse a picture, and of an animation the default image is read.
 * @throws FormatError naming the file and what is wrong with it.
 * Source: W3C, Portable Network Graphics, third edition, sections 5 and 11.
 */
export function readChunks(bytes: Uint8Array, file: string): PngChunks {
  if (!beginsWith(bytes, pngSignature)) throw damagedPng(`${file} is not a PNG: its signature is wrong`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bodies = new Map<string, Uint8Array>();
  const data = new Uint8Array(bytes.length);
  let filled = 0;
  for (let at = pngSignature.length; !bodies.has("IEND"); ) {
    const { type, body, end } = chunkAt(bytes, view, at, file);
    if (at === pngSignature.length && (type !== "IHDR" || body.length !== 13)) {
      throw damagedPng(`${file} is a damaged PNG: it does not start with IHDR`);
    }
    if (type === "IDAT") {
      data.set(body, filled);
      filled += body.length;
    } else if (needed.includes(type)) {
      if (bodies.has(type)) throw damagedPng(`${file} is a damaged PNG: it has two chunks ${type}`);
      bodies.set(type, body);
    } else if (type < "a") {
      // A chunk whose name begins with a capital changes what the picture shows.
      throw damagedPng(`${file} has a chunk ${type}, which is not in PNG's standard`);
    }
    at = end;
  }
  const header = readHeader(view, file);
  // A colour picture may suggest a palette for poorer screens: it is not the picture's own.
  const colours = header.colourType === palette ? checkPalette(bodies.get("PLTE"), file) : undefined;
  return { header, palette: colours, transparency: bodies.get("tRNS"), data: data.subarray(0, filled) };
}

const needed = ["IHDR", "PLTE", "tRNS", "IEND"];

/** Names of PNG's chunks. Source: W3C, Portable Network Graphics, third edition, section 11. */
const standard: ReadonlySet<string> = new Set(
  (
    "IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI " +
    "tEXt zTXt iTXt bKGD hIST pHYs sPLT eXIf tIME acTL fcTL fdAT"
  ).split(" "),
);

function chunkAt(bytes: Uint8Array, view: DataView, at: number, file: string) {
  if (at + 12 > bytes.length) throw damagedPng(`${file} is truncated: its IEND chunk is missing`);
  const end = at + 12 + view.getUint32(at);
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  if (!/^[A-Za-z]{4}$/.test(type)) throw damagedPng(`${file} is a damaged PNG: no chunk begins at byte ${at}`);
  // Where a length is wrong, a comment's own text may stand in the place of a name.
  const chunk = standard.has(type) ? `chunk ${type}` : `chunk at byte ${at}`;
  if (end > bytes.length) throw damagedPng(`${file} is truncated in its ${chunk}`);
  if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
    throw damagedPng(`${file} is a damaged PNG: the checksum of its ${chunk} does not fit`);
  }
  return { type, body: bytes.subarray(at + 8, end - 4), end };
}

function readHeader(view: DataView, file: string): PngHeader {
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colourType, compression, filters, interlace] = [24, 25, 26, 27, 28].map((at) => view.getUint8(at));
  if (width === 0 || height === 0) throw damagedPng(`${file} is a damaged PNG: it is ${width}×${height} pixels`);
  const kind = kinds[colourType];
  if (!kind?.depths.includes(depth)) {
    throw damagedPng(`${file} has ${depth} bits and colour type ${colourType}, which no PNG has`);
  }
  if (compression !== 0 || filters !== 0 || interlace > 1) {
    throw damagedPng(`${file} has compression ${compression}, filters ${filters}, interlace ${interlace}: no PNG does`);
  }
  return { width, height, depth, colourType, channels: kind.channels, interlaced: interlace === 1 };
}

function checkPalette(colours: Uint8Array | undefined, file: string): Uint8Array {
  // Without its colours a palette's indices would be read as greys.
  if (!colours) throw damagedPng(`${file} is a damaged PNG: its palette is missing`);
  if (colours.length === 0 || colours.length % 3 !== 0 || colours.length > 768) {
    throw damagedPng(`${file} is a damaged PNG: its palette of ${colours.length} bytes is no list of colours`);
  }
  return colours;
}

/** What a file that cannot be read is answered with. */
export function damagedPng(message: string, cause?: unknown): FormatError {
  return new FormatError(message, "bring an intact PNG: grey, RGB or palette, with or without alpha", { cause });
}
