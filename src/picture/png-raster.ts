import { adler32 } from "../bytes/checksum.js";
import { inflate, zlibParts } from "../bytes/inflate.js";
import { FormatError } from "../errors.js";
import { maxPictureBytes, requireSize } from "./limits.js";
import { damagedPng, type PngChunks, type PngHeader } from "./png-chunks.js";

/** A sample of a pixel, 0 to 2^depth − 1; pixels in row order, channels as the colour type has them. */
export type Sampler = (pixel: number, channel: number) => number;

/** Every `xStep`th pixel of every `yStep`th row from (x, y) on, as rows of their own, each behind a byte for its filter. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly xStep: number;
  readonly yStep: number;
  readonly rows: number;
  readonly rowBytes: number;
  /** Where its first row begins. */
  readonly start: number;
}

const whole = [[0, 0, 1, 1]] as const;
/** Adam7: the seven passes of an interlaced picture. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Unpacks and unfilters the samples, in place: takes as many bytes as the header says, 256 MiB at most, and what
 * `inflate` takes. Interlaced pictures stay in the order of their passes; the sampler finds a pixel in its pass.
 * @throws FormatError when there are too many pixels, too few or too many bytes for them, or a checksum does not fit.
 * Source: W3C, Portable Network Graphics, third edition, sections 7 to 10.
 */
export function readRaster({ header, data }: Pick<PngChunks, "header" | "data">, file: string): Sampler {
  const { width, height, depth, channels, interlaced } = header;
  requireSize(width, height, 0, { file }); // its rows are counted below, with their filters
  const passes = passesOf(header);
  const size = passes.reduce((sum, { rows, rowBytes }) => sum + rows * (rowBytes + 1), 0);
  const raw = unpack(data, size, file);
  const pixelBytes = Math.max(1, (channels * depth) / 8);
  for (const pass of passes) unfilter(raw, pass, pixelBytes, file);
  const passAt = passTable(passes, interlaced);
  const mask = 2 ** depth - 1;
  return (pixel, channel) => {
    const column = pixel % width;
    const row = (pixel - column) / width;
    const { x, y, xStep, yStep, rowBytes, start } = passAt[(row % 8) * 8 + (column % 8)];
    const bit = (((column - x) / xStep) * channels + channel) * depth;
    const at = start + ((row - y) / yStep) * (rowBytes + 1) + 1 + Math.floor(bit / 8);
    if (depth === 16) return (raw[at] << 8) | raw[at + 1];
    // The leftmost pixel of a byte sits in its high bits.
    return (raw[at] >> (8 - depth - (bit % 8))) & mask;
  };
}

function passesOf({ width, height, depth, channels, interlaced }: PngHeader): Pass[] {
  let start = 0;
  return (interlaced ? adam7 : whole).map(([x, y, xStep, yStep]) => {
    const columns = Math.max(0, Math.ceil((width - x) / xStep));
    const rowBytes = Math.ceil((columns * channels * depth) / 8);
    // A pass without pixels has no filter bytes either.
    const rows = columns === 0 ? 0 : Math.max(0, Math.ceil((height - y) / yStep));
    const pass = { x, y, xStep, yStep, rows, rowBytes, start };
    start += rows * (rowBytes + 1);
    return pass;
  });
}

/** The pass of each pixel of an 8×8 square. */
function passTable(passes: readonly Pass[], interlaced: boolean): Pass[] {
  return Array.from({ length: 64 }, (_, k) => {
    const inPass = ({ x, y, xStep, yStep }: Pass) =>
      k % 8 >= x && k >> 3 >= y && ((k % 8) - x) % xStep === 0 && ((k >> 3) - y) % yStep === 0;
    return interlaced ? passes.find(inPass)! : passes[0];
  });
}

function unpack(data: Uint8Array, size: number, file: string): Uint8Array {
  if (size > maxPictureBytes) {
    const message = `${file} is too large: ${size} bytes of samples, at most ${maxPictureBytes} are read`;
    throw new FormatError(message, "scale it down first, or save it with 8 bits a sample");
  }
  if (data.length < 6) throw damagedPng(`${file} is a damaged PNG: it has no image data`);
  const zlib = zlibParts(data);
  if (!zlib) throw damagedPng(`${file} is a damaged PNG: its image data is no zlib stream`);
  let raw: Uint8Array;
  try {
    raw = inflate(zlib.packed, size);
  } catch (cause) {
    throw damagedPng(`${file} is a damaged PNG (${(cause as Error).message})`, cause);
  }
  if (adler32(raw) !== zlib.checksum) {
    throw damagedPng(`${file} is a damaged PNG: the checksum of its pixels does not fit`);
  }
  return raw;
}

function unfilter(raw: Uint8Array, { start, rows, rowBytes }: Pass, pixelBytes: number, file: string): void {
  for (let row = 0; row < rows; row++) {
    const line = start + row * (rowBytes + 1) + 1;
    const above = line - rowBytes - 1;
    const filter = raw[line - 1];
    if (filter > 4) throw damagedPng(`${file} is a damaged PNG: it uses filter ${filter}`);
    if (filter === 0) continue;
    for (let k = 0; k < rowBytes; k++) {
      const left = k < pixelBytes ? 0 : raw[line + k - pixelBytes];
      const up = row === 0 ? 0 : raw[above + k];
      const corner = k < pixelBytes || row === 0 ? 0 : raw[above + k - pixelBytes];
      raw[line + k] += predict(filter, left, up, corner);
    }
  }
}

function predict(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const byLeft = Math.abs(up - corner);
  const byUp = Math.abs(left - corner);
  const byCorner = Math.abs(left + up - 2 * corner);
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}
