import { FormatError } from "../../errors.js";
import { requireSize } from "../limits.js";
import { damagedJpeg } from "./damaged.js";

/** The kinds of JPEG that are decoded: sequential and progressive DCT with 8 bits, and lossless with 2 to 16. */
export type Process = "baseline" | "progressive" | "lossless";

/** A component of a frame, in blocks of 8×8 samples; of a lossless frame, in samples. */
export interface Component {
  readonly id: number;
  /** Blocks of an MCU across and down. */
  readonly h: number;
  readonly v: number;
  readonly quantisation: number;
  /** Samples that belong to the picture. */
  readonly width: number;
  readonly height: number;
  /** Blocks across and down that hold them. */
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Blocks of a row with those that fill the last MCU, and rows of them. */
  readonly lineBlocks: number;
  readonly blockLines: number;
}

export interface Frame {
  readonly process: Process;
  /** Bits of a sample. */
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  readonly hMost: number;
  readonly vMost: number;
  readonly mcusAcross: number;
  readonly mcusDown: number;
}

/** Kinds that are not decoded, by the low half of their marker. */
const refused: Readonly<Record<number, string>> = {
  5: "hierarchical",
  6: "hierarchical",
  7: "hierarchical",
  9: "arithmetic-coded",
  10: "arithmetic-coded",
  11: "arithmetic-coded",
  13: "arithmetic-coded",
  14: "arithmetic-coded",
  15: "arithmetic-coded",
};

/**
 * Reads a frame header (SOF), the bytes behind its length.
 * @param marker 0xc0 to 0xcf
 * @param room bytes of the file: a frame whose blocks could not have a bit each is refused before memory is taken
 * @throws FormatError, by name for the kinds that are not decoded
 * Source: ITU-T T.81, B.2.2 and A.1.
 */
export function readFrame(marker: number, body: Uint8Array, room: number, file: string): Frame {
  const kind = refused[marker & 15];
  if (kind) throw otherKind(file, `${kind} JPEG`);
  const process = marker === 0xc3 ? "lossless" : marker === 0xc2 ? "progressive" : "baseline";
  if (body.length < 6) throw damagedJpeg(file, "its frame header is too short");
  const [precision, height, width, count] = [body[0], (body[1] << 8) | body[2], (body[3] << 8) | body[4], body[5]];
  if (body.length !== 6 + 3 * count) throw damagedJpeg(file, "its frame header has a wrong length");
  if (process !== "lossless" && precision !== 8) throw otherKind(file, `JPEG of ${precision} bits a sample`);
  if (precision < 2 || precision > 16) throw damagedJpeg(file, `it has ${precision} bits a sample`);
  if (width === 0) throw damagedJpeg(file, "it is 0 pixels wide");
  if (height === 0) throw otherKind(file, "JPEG whose height stands behind its picture (DNL)");
  if (count === 4) throw otherKind(file, "JPEG of four components (CMYK)");
  if (count !== 1 && count !== 3) throw otherKind(file, `JPEG of ${count} components`);
  // Progressive ones keep two bytes of each coefficient until the last scan, lossless ones two of each sample.
  requireSize(width, height, count * (process === "baseline" ? 1 : 2), { file });
  const raw = Array.from({ length: count }, (_, k) => {
    const [id, factors, quantisation] = body.subarray(6 + 3 * k, 9 + 3 * k);
    return { id, h: factors >> 4, v: factors & 15, quantisation };
  });
  const inRange = (factor: number) => factor >= 1 && factor <= 4;
  if (new Set(raw.map(({ id }) => id)).size !== count || raw.some(({ quantisation }) => quantisation > 3)) {
    throw damagedJpeg(file, "its frame header contradicts itself");
  }
  if (!raw.every(({ h, v }) => inRange(h) && inRange(v))) throw damagedJpeg(file, "its sampling factors are none");
  const hMost = Math.max(...raw.map(({ h }) => h));
  const vMost = Math.max(...raw.map(({ v }) => v));
  const even = raw.every(({ h, v }) => hMost % h === 0 && vMost % v === 0);
  if (!even || (process === "lossless" && hMost * vMost > 1 && count > 1)) {
    throw otherKind(file, `JPEG of sampling factors ${raw.map(({ h, v }) => `${h}×${v}`).join(", ")}`);
  }
  const side = process === "lossless" ? 1 : 8;
  const mcusAcross = Math.ceil(width / (side * hMost));
  const mcusDown = Math.ceil(height / (side * vMost));
  const components = raw.map(({ id, h, v, quantisation }) => {
    const [own, down] = [Math.ceil((width * h) / hMost), Math.ceil((height * v) / vMost)];
    const [blocksAcross, blocksDown] = [Math.ceil(own / side), Math.ceil(down / side)];
    const [lineBlocks, blockLines] = [mcusAcross * h, mcusDown * v];
    return { id, h, v, quantisation, width: own, height: down, blocksAcross, blocksDown, lineBlocks, blockLines };
  });
  // A block has a bit for its mean at least, and unless others say so for all of them, one for its end.
  const least = components.reduce((sum, each) => sum + each.blocksAcross * each.blocksDown, 0);
  if (room * 8 < least * (process === "baseline" ? 2 : 1)) {
    throw damagedJpeg(file, `its ${room} bytes cannot hold ${width}×${height} pixels`);
  }
  return { process, precision, width, height, components, hMost, vMost, mcusAcross, mcusDown };
}

/** A JPEG of a kind that is not decoded. */
export function otherKind(file: string, kind: string): FormatError {
  return new FormatError(
    `${file} is ${/^[aeio]/.test(kind) ? "an" : "a"} ${kind}, which is not read`,
    "save it as a baseline or progressive JPEG of 8 bits, or as PNG",
  );
}
