import { FormatError } from "../../errors.js";
import type { Encoding } from "./data-set.js";

/** How pixels lie in Pixel Data. */
export type Coding = "native" | "rle" | "jpeg" | "jpeg-lossless";

export interface TransferSyntax extends Encoding {
  readonly name: string;
  readonly coding: Coding;
  readonly deflated: boolean;
}

const explicit = { implicit: false, bigEndian: false, deflated: false, coding: "native" } as const;

/** Those that are read. Source: PS3.6, annex A, and PS3.5, 10. */
const read: Readonly<Record<string, TransferSyntax>> = {
  "1.2.840.10008.1.2": { ...explicit, name: "Implicit VR Little Endian", implicit: true },
  "1.2.840.10008.1.2.1": { ...explicit, name: "Explicit VR Little Endian" },
  "1.2.840.10008.1.2.1.99": { ...explicit, name: "Deflated Explicit VR Little Endian", deflated: true },
  "1.2.840.10008.1.2.2": { ...explicit, name: "Explicit VR Big Endian", bigEndian: true },
  "1.2.840.10008.1.2.4.50": { ...explicit, name: "JPEG Baseline (Process 1)", coding: "jpeg" },
  "1.2.840.10008.1.2.4.57": {
    ...explicit,
    name: "JPEG Lossless, Non-Hierarchical (Process 14)",
    coding: "jpeg-lossless",
  },
  "1.2.840.10008.1.2.4.70": {
    ...explicit,
    name: "JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14, Selection Value 1)",
    coding: "jpeg-lossless",
  },
  "1.2.840.10008.1.2.5": { ...explicit, name: "RLE Lossless", coding: "rle" },
};

const dcmdjpeg = "unpack it first: `dcmdjpeg IN OUT` (dcmtk), or `gdcmconv --raw IN OUT`";
const dcmdjpls = "unpack it first: `dcmdjpls IN OUT` (dcmtk), or `gdcmconv --raw IN OUT`";
const gdcmconv = "unpack it first: `gdcmconv --raw IN OUT` (GDCM)";
const still = "export the picture that is meant as PNG";

/** Those that are not: the end of 1.2.840.10008.1.2, name, way out. */
const unreadSyntaxes: Readonly<Record<string, readonly [name: string, fix: string]>> = {
  ".4.51": ["JPEG Extended (Process 2 and 4)", dcmdjpeg],
  ".4.52": ["JPEG Extended (Process 3 and 5)", gdcmconv],
  ".4.53": ["JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)", dcmdjpeg],
  ".4.54": ["JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)", gdcmconv],
  ".4.55": ["JPEG Full Progression, Non-Hierarchical (Process 10 and 12)", dcmdjpeg],
  ".4.56": ["JPEG Full Progression, Non-Hierarchical (Process 11 and 13)", gdcmconv],
  ".4.58": ["JPEG Lossless, Non-Hierarchical (Process 15)", gdcmconv],
  ".4.80": ["JPEG-LS Lossless", dcmdjpls],
  ".4.81": ["JPEG-LS Lossy (Near-Lossless)", dcmdjpls],
  ".4.90": ["JPEG 2000 (Lossless Only)", gdcmconv],
  ".4.91": ["JPEG 2000", gdcmconv],
  ".4.92": ["JPEG 2000 Part 2 Multi-component (Lossless Only)", gdcmconv],
  ".4.93": ["JPEG 2000 Part 2 Multi-component", gdcmconv],
  ".4.94": ["JPIP Referenced", "fetch the pixels that it refers to"],
  ".4.95": ["JPIP Referenced Deflate", "fetch the pixels that it refers to"],
  ".4.100": ["MPEG2 Main Profile / Main Level", still],
  ".4.101": ["MPEG2 Main Profile / High Level", still],
  ".4.102": ["MPEG-4 AVC/H.264 High Profile / Level 4.1", still],
  ".4.103": ["MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", still],
  ".4.104": ["MPEG-4 AVC/H.264 High Profile / Level 4.2 for 2D Video", still],
  ".4.105": ["MPEG-4 AVC/H.264 High Profile / Level 4.2 for 3D Video", still],
  ".4.106": ["MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", still],
  ".4.107": ["HEVC/H.265 Main Profile / Level 5.1", still],
  ".4.108": ["HEVC/H.265 Main 10 Profile / Level 5.1", still],
  ".4.110": ["JPEG XL Lossless", still],
  ".4.111": ["JPEG XL JPEG Recompression", still],
  ".4.112": ["JPEG XL", still],
  ".4.201": ["High-Throughput JPEG 2000 (Lossless Only)", still],
  ".4.202": ["High-Throughput JPEG 2000 with RPCL Options (Lossless Only)", still],
  ".4.203": ["High-Throughput JPEG 2000", still],
  ".8.1": ["Deflated Image Frame Compression", gdcmconv],
};

/** @throws FormatError for a syntax that is not read, by its name and UID */
export function transferSyntax(uid: string, file: string): TransferSyntax {
  const syntax = Object.hasOwn(read, uid) ? read[uid] : undefined;
  if (syntax) return syntax;
  const stem = "1.2.840.10008.1.2";
  const known = Object.entries(unreadSyntaxes).find(([end]) => stem + end === uid)?.[1];
  const [name, fix] = known ?? ["unknown to this library", gdcmconv];
  // A UID has digits and dots; what else stands there is not repeated.
  const shown = /^[0-2](\.\d{1,30}){2,30}$/.test(uid) ? uid : "which is no UID";
  throw new FormatError(`${file} is a DICOM in the transfer syntax ${name} (${shown}), which is not read`, fix);
}
