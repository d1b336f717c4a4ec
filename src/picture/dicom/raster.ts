import { malformed } from "./damaged.js";
import type { ImageHeader } from "./header.js";
import { compressedFrame, nativeFrame } from "./pixel-data.js";
import type { TransferSyntax } from "./syntaxes.js";
import type { Values } from "./values.js";

/** Samples of a frame, as whole words: sample c of pixel k is `words[c * step + k * stride]`. */
export interface Raster {
  readonly words: Uint8Array | Uint16Array;
  readonly step: number;
  readonly stride: number;
  /** What the pixels themselves say of their colours: a JPEG may. */
  readonly colours?: "RGB" | "YCbCr";
}

/** Unpacks one frame, from 1. Takes the bytes of its samples, at most 256 MiB; with JPEG see `decodeJpeg`, and of colours once more. */
export async function readFrame(
  values: Values,
  header: ImageHeader,
  syntax: TransferSyntax,
  frame: number,
): Promise<Raster> {
  if (syntax.coding === "native") return fromNative(nativeFrame(values, header, frame), header, syntax.bigEndian);
  const stream = compressedFrame(values, header, frame);
  return syntax.coding === "rle" ? fromRle(stream, header, values.file) : fromJpeg(stream, header, syntax, values.file);
}

function fromNative(bytes: Uint8Array, header: ImageHeader, bigEndian: boolean): Raster {
  const { rows, columns, samples, planar, bitsAllocated, photometric } = header;
  const pixels = rows * columns;
  if (photometric === "YBR_FULL_422") {
    // Y Y Cb Cr: the chroma belongs to the first of two pixels, and the second has the same.
    const words = new Uint8Array(3 * pixels);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const pair = 4 * (pixel >> 1);
      words[3 * pixel] = bytes[pair + (pixel & 1)];
      words[3 * pixel + 1] = bytes[pair + 2];
      words[3 * pixel + 2] = bytes[pair + 3];
    }
    return { words, step: 1, stride: 3 };
  }
  const order = planar ? { step: pixels, stride: 1 } : { step: 1, stride: samples };
  if (bitsAllocated === 8) return { words: bytes, ...order };
  const words = new Uint16Array(bytes.length / 2);
  const [high, low] = bigEndian ? [0, 1] : [1, 0];
  for (let k = 0; k < words.length; k++) words[k] = (bytes[2 * k + high] << 8) | bytes[2 * k + low];
  return { words, ...order };
}

async function fromRle(stream: Uint8Array, header: ImageHeader, file: string): Promise<Raster> {
  const { unpackRle } = await import("./rle.js");
  const { rows, columns, samples, bitsAllocated } = header;
  const pixels = rows * columns;
  const words = bitsAllocated === 16 ? new Uint16Array(pixels * samples) : new Uint8Array(pixels * samples);
  unpackRle(stream, words, pixels, file);
  return { words, step: pixels, stride: 1 };
}

/** Bytes of 0 or 255 behind a frame. */
const mostPadding = 3;

async function fromJpeg(
  stream: Uint8Array,
  header: ImageHeader,
  syntax: TransferSyntax,
  file: string,
): Promise<Raster> {
  const { decodeJpeg } = await import("../jpeg/decode.js");
  const { rows, columns, samples, bitsAllocated, bitsStored, highBit } = header;
  const { width, height, process, precision, planes, colours, end } = decodeJpeg(stream, file);
  // Fragments are padded to even lengths; whatever else comes behind a picture may be another one.
  if (stream.length - end > mostPadding || stream.subarray(end).some((byte) => byte !== 0 && byte !== 0xff)) {
    throw malformed(file, "there is something behind the JPEG of a frame");
  }
  if (process !== (syntax.coding === "jpeg" ? "baseline" : "lossless")) {
    throw malformed(file, `its pixels are a ${process} JPEG, its transfer syntax is ${syntax.name}`);
  }
  if (width !== columns || height !== rows || planes.length !== samples || precision > bitsAllocated) {
    const said = `${columns}×${rows} pixels of ${samples} × ${bitsAllocated} bits`;
    throw malformed(file, `it says ${said}, its JPEG has ${width}×${height} of ${planes.length} × ${precision}`);
  }
  // All bits that the file speaks of are bits of the JPEG; those above the stored ones are overlays, which colours have none of.
  const fits = samples === 1 ? highBit < precision : precision === bitsStored && highBit === bitsStored - 1;
  if (!fits) throw malformed(file, `its JPEG has ${precision} bits, it says ${bitsStored} up to bit ${highBit}`);
  if (planes.length === 1) return { words: planes[0], step: 0, stride: 1 };
  const pixels = rows * columns;
  const words = planes[0] instanceof Uint16Array ? new Uint16Array(3 * pixels) : new Uint8Array(3 * pixels);
  for (const [channel, plane] of planes.entries()) words.set(plane, channel * pixels);
  return { words, step: pixels, stride: 1, colours };
}
