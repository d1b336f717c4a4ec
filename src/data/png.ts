import { type DecodedPng, decode } from "fast-png";
import { FormatError } from "../errors.js";

/** A grey picture of any size; `grey(k)` is pixel k in row order, 0..255, a fraction where the file has 16 bits. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  grey(pixel: number): number;
}

/** Pictures with more pixels than this are refused before they are decoded. */
export const maxPngPixels = 64_000_000;

/**
 * Decodes a PNG: 8 or 16 bit grey, grey with alpha, RGB, RGBA, or a palette; interlaced or not. Alpha is composited on
 * black; colours become luma by Rec. 601 (0.299 R + 0.587 G + 0.114 B). Gamma and colour profiles are ignored.
 * @param file what to call the picture in errors.
 * @throws FormatError when it is not such a PNG, is damaged, or has more than 64 million pixels.
 */
export function readPng(bytes: Uint8Array, file: string): GreyPicture {
  const essence = checkChunks(bytes, file);
  let png: DecodedPng;
  try {
    png = decode(essence, { checkCrc: true });
  } catch (cause) {
    throw unreadable(`${file} is a damaged PNG (${(cause as Error).message})`, cause);
  }
  return { width: png.width, height: png.height, grey: png.palette ? fromPalette(png, file) : fromChannels(png) };
}

const signature = [137, 80, 78, 71, 13, 10, 26, 10];
const ihdrSize = 13;
/** Channels by colour type: grey, –, RGB, palette, grey + alpha, –, RGBA. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const neededChunks = ["IHDR", "tRNS", "IDAT", "IEND"];
/** Where IHDR has the colour type, and the one that takes its colours from a palette. */
const colourTypeAt = 25;
const paletteType = 3;

/**
 * Checks sizes before anything is decoded and returns the file without its ancillary chunks: a damaged colour profile
 * or comment is no reason to refuse a picture.
 */
function checkChunks(bytes: Uint8Array, file: string): Uint8Array {
  if (signature.some((byte, k) => bytes[k] !== byte)) throw unreadable(`${file} is not a PNG: its signature is wrong`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [bytes.subarray(0, 8)];
  let packedSize = 0;
  let type = "";
  let palette = false;
  for (let at = 8; type !== "IEND"; ) {
    if (at + 12 > bytes.length) throw unreadable(`${file} is truncated: its IEND chunk is missing`);
    const length = view.getUint32(at);
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    if (end > bytes.length) throw unreadable(`${file} is truncated in its chunk ${type}`);
    if (parts.length === 1 && (type !== "IHDR" || length !== ihdrSize)) {
      throw unreadable(`${file} is a damaged PNG: it does not start with IHDR`);
    }
    if (type === "IDAT") packedSize += length;
    // A colour picture may suggest a palette for poorer screens: the decoder would take it for the picture's own.
    const isPalette = type === "PLTE" && bytes[colourTypeAt] === paletteType;
    palette ||= isPalette;
    if (isPalette || neededChunks.includes(type)) parts.push(bytes.subarray(at, end));
    at = end;
  }
  checkSize(view, packedSize, file);
  // Without its colours a palette's indices would be read as greys.
  if (bytes[colourTypeAt] === paletteType && !palette)
    throw unreadable(`${file} is a damaged PNG: its palette is missing`);
  return concatenate(parts);
}

function checkSize(view: DataView, packedSize: number, file: string): void {
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const depth = view.getUint8(24);
  const colourType = view.getUint8(colourTypeAt);
  if (width === 0 || height === 0) throw unreadable(`${file} is a damaged PNG: it is ${width}×${height} pixels`);
  if (width * height > maxPngPixels) {
    const message = `${file} is too large: ${width}×${height} pixels, at most ${maxPngPixels} are read`;
    throw new FormatError(message, "scale it down first");
  }
  const channels = channelsOf[colourType];
  if (!channels || (depth !== 8 && depth !== 16 && colourType !== paletteType)) {
    throw unreadable(`${file} has ${depth} bits and colour type ${colourType}`);
  }
  // Deflate barely grows what it cannot pack; far more data than pixels is a bomb or a mistake.
  if (packedSize > width * height * channels * (depth / 8) * 1.05 + height * 16 + 65536) {
    throw unreadable(`${file} is a damaged PNG: ${packedSize} bytes of data for ${width}×${height} pixels`);
  }
}

function fromChannels({ data, channels, depth, transparency }: DecodedPng): (pixel: number) => number {
  const scale = depth === 16 ? 1 / 257 : 1;
  const opaque = depth === 16 ? 65535 : 255;
  switch (channels) {
    case 1:
      return (pixel) => (transparency?.[0] === data[pixel] ? 0 : data[pixel] * scale);
    case 2:
      return (pixel) => data[2 * pixel] * scale * (data[2 * pixel + 1] / opaque);
    case 3:
      return (pixel) => {
        const [red, green, blue] = [data[3 * pixel], data[3 * pixel + 1], data[3 * pixel + 2]];
        // tRNS names one colour that is fully transparent.
        if (transparency && red === transparency[0] && green === transparency[1] && blue === transparency[2]) return 0;
        return luma(red, green, blue) * scale;
      };
    default:
      return (pixel) =>
        luma(data[4 * pixel], data[4 * pixel + 1], data[4 * pixel + 2]) * scale * (data[4 * pixel + 3] / opaque);
  }
}

function fromPalette(png: DecodedPng, file: string): (pixel: number) => number {
  const levels = png.palette!.map(([red, green, blue, alpha = 255]) => luma(red, green, blue) * (alpha / 255));
  const perByte = 8 / png.depth;
  const rowBytes = Math.ceil(png.width / perByte);
  const mask = (1 << png.depth) - 1;
  return (pixel) => {
    const column = pixel % png.width;
    const byte = png.data[Math.floor(pixel / png.width) * rowBytes + Math.floor(column / perByte)];
    // The leftmost pixel of a byte sits in its high bits.
    const index = (byte >> ((perByte - 1 - (column % perByte)) * png.depth)) & mask;
    if (index >= levels.length)
      throw unreadable(`${file} is a damaged PNG: it uses colour ${index} of ${levels.length}`);
    return levels[index];
  };
}

function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function unreadable(message: string, cause?: unknown): FormatError {
  return new FormatError(message, "bring an 8 or 16 bit PNG: grey, RGB or palette, with or without alpha", { cause });
}
