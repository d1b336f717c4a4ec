import { zlibSync } from "fflate";
import { crc32 } from "../../src/bytes/checksum.js";
import { joinedBytes } from "./npz-bytes.js";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/** A PNG from its chunks, IEND included, with right checksums. */
export function pngOf(...chunks: readonly (readonly [string, ArrayLike<number>])[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.from(SIGNATURE)];
  for (const [type, body] of [...chunks, ["IEND", []] as const]) {
    const content = joinedBytes([new TextEncoder().encode(type), Uint8Array.from(body)]);
    parts.push(Uint8Array.from(bigEndian(body.length)), content, Uint8Array.from(bigEndian(crc32(content))));
  }
  return joinedBytes(parts);
}

export interface PngPicture {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  readonly colourType: number;
  readonly interlaced: boolean;
  /** Row by row, channel by channel. */
  readonly samples: ArrayLike<number>;
  readonly palette?: readonly number[];
  readonly transparency?: readonly number[];
  /** Chooses the filter of a row, 0 to 4. */
  readonly filter?: (row: number) => number;
}

export function ihdr({ width, height, depth, colourType, interlaced }: Omit<PngPicture, "samples">): number[] {
  return [...bigEndian(width), ...bigEndian(height), depth, colourType, 0, 0, interlaced ? 1 : 0];
}

/** A PNG of any kind in the standard. */
export function writePng(picture: PngPicture): Uint8Array {
  const { palette, transparency } = picture;
  return pngOf(
    ["IHDR", ihdr(picture)],
    ...(palette ? [["PLTE", palette] as const] : []),
    ...(transparency ? [["tRNS", transparency] as const] : []),
    ["IDAT", zlibSync(Uint8Array.from(scanlines(picture)))],
  );
}

/** What IDAT holds, unpacked. */
export function scanlines(picture: PngPicture): number[] {
  const { width, height, interlaced } = picture;
  if (!interlaced) return filtered(picture, range(0, height, 1), range(0, width, 1));
  return [
    ...filtered(picture, range(0, height, 8), range(0, width, 8)),
    ...filtered(picture, range(0, height, 8), range(4, width, 8)),
    ...filtered(picture, range(4, height, 8), range(0, width, 4)),
    ...filtered(picture, range(0, height, 4), range(2, width, 4)),
    ...filtered(picture, range(2, height, 4), range(0, width, 2)),
    ...filtered(picture, range(0, height, 2), range(1, width, 2)),
    ...filtered(picture, range(1, height, 2), range(0, width, 1)),
  ];
}

export const channelsOf = (colourType: number) => [1, 0, 3, 1, 2, 0, 4][colourType];

function filtered(picture: PngPicture, rows: readonly number[], columns: readonly number[]): number[] {
  if (columns.length === 0) return [];
  const { width, depth, colourType, samples, filter = () => 0 } = picture;
  const channels = channelsOf(colourType);
  const back = Math.max(1, (channels * depth) / 8);
  let above: number[] = [];
  return rows.flatMap((row, number) => {
    const line = packed(
      columns.flatMap((column) =>
        range(0, channels, 1).map((channel) => samples[(row * width + column) * channels + channel]),
      ),
      depth,
    );
    const kind = filter(number);
    const result = line.map((byte, k) => {
      const [a = 0, b = 0, c = 0] = [line[k - back], above[k], above[k - back]];
      return (byte - [0, a, b, Math.floor((a + b) / 2), paeth(a, b, c)][kind]) & 255;
    });
    above = line;
    return [kind, ...result];
  });
}

function packed(samples: readonly number[], depth: number): number[] {
  const bits = samples.map((sample) => sample.toString(2).padStart(depth, "0")).join("");
  return range(0, bits.length, 8).map((at) => Number.parseInt(bits.slice(at, at + 8).padEnd(8, "0"), 2));
}

/** Of left, above and above left the one nearest to left + above − above left, ties in that order. */
function paeth(a: number, b: number, c: number): number {
  return [a, b, c].reduce((best, each) => (Math.abs(a + b - c - each) < Math.abs(a + b - c - best) ? each : best));
}

function range(first: number, end: number, step: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((end - first) / step)) }, (_, k) => first + k * step);
}

function bigEndian(word: number): number[] {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
}
