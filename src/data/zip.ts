import { inflateSync } from "fflate";
import { FormatError } from "../errors.js";

export interface ZipArchive {
  readonly names: readonly string[];
  /** The bytes of one file, its length and CRC-32 checked. @throws FormatError */
  read(name: string): Uint8Array;
}

/**
 * Opens a zip archive (stored or deflated entries, below 4 GiB, no encryption). The directory is read now, a file's
 * bytes when asked for. `file` names the archive in errors.
 * @throws FormatError when the directory is missing (a truncated file) or points outside the archive.
 */
export function openZip(bytes: Uint8Array, file: string): ZipArchive {
  const entries = readDirectory(bytes, file);
  return {
    names: [...entries.keys()],
    read(name) {
      const entry = entries.get(name);
      if (!entry) throw damaged(`${file} holds no file ${name}`);
      return readEntry(bytes, entry, `${file}: ${name}`);
    },
  };
}

interface Entry {
  method: number;
  crc: number;
  packedSize: number;
  size: number;
  offset: number;
}

const endRecordSize = 22;
const directoryRecordSize = 46;
const localHeaderSize = 30;
/** Deflate cannot do better than 1032:1, so a larger claim is a lie about the memory to take. */
const bestRatio = 1032;

function readDirectory(bytes: Uint8Array, file: string): Map<string, Entry> {
  if (bytes.length < 4 || word(bytes, 0) !== 0x04034b50) {
    throw damaged(`${file} is not a zip archive: it does not start with "PK"`);
  }
  const end = findEndRecord(bytes);
  if (end === undefined) throw damaged(`${file} is truncated: its zip directory is missing`);
  const count = half(bytes, end + 10);
  let at = word(bytes, end + 16);
  const entries = new Map<string, Entry>();
  for (let k = 0; k < count; k++) {
    if (at + directoryRecordSize > end || word(bytes, at) !== 0x02014b50) {
      throw damaged(`${file}: entry ${k} of its zip directory is damaged`);
    }
    const nameLength = half(bytes, at + 28);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const entry: Entry = {
      method: half(bytes, at + 10),
      crc: word(bytes, at + 16),
      packedSize: word(bytes, at + 20),
      size: word(bytes, at + 24),
      offset: word(bytes, at + 42),
    };
    if (half(bytes, at + 8) & 1) throw damaged(`${file}: ${name} is encrypted`);
    if (entry.packedSize === 0xffffffff || entry.size === 0xffffffff) throw damaged(`${file}: ${name} needs zip64`);
    if (entry.size > entry.packedSize * bestRatio + 64) {
      throw damaged(`${file}: ${name} claims ${entry.size} bytes, more than its ${entry.packedSize} can unpack to`);
    }
    entries.set(name, entry);
    at += directoryRecordSize + nameLength + half(bytes, at + 30) + half(bytes, at + 32);
  }
  return entries;
}

/** The end record lies at the end, behind it at most a comment of 65,535 bytes. */
function findEndRecord(bytes: Uint8Array): number | undefined {
  const first = Math.max(0, bytes.length - endRecordSize - 0xffff);
  for (let at = bytes.length - endRecordSize; at >= first; at--) {
    if (word(bytes, at) === 0x06054b50) return at;
  }
  return undefined;
}

function readEntry(bytes: Uint8Array, entry: Entry, what: string): Uint8Array {
  const { offset, packedSize, size, method } = entry;
  if (offset + localHeaderSize > bytes.length || word(bytes, offset) !== 0x04034b50) {
    throw damaged(`${what}: its zip header is damaged`);
  }
  const start = offset + localHeaderSize + half(bytes, offset + 26) + half(bytes, offset + 28);
  if (start + packedSize > bytes.length) throw damaged(`${what} is truncated`);
  const packed = bytes.subarray(start, start + packedSize);
  const data = unpack(packed, method, size, what);
  if (data.length !== size) throw damaged(`${what} unpacks to ${data.length} bytes, its zip directory says ${size}`);
  if (crc32(data) !== entry.crc) throw damaged(`${what} is damaged: its CRC-32 does not fit`);
  return data;
}

function unpack(packed: Uint8Array, method: number, size: number, what: string): Uint8Array {
  if (method === 0) return packed;
  if (method !== 8) throw damaged(`${what} is packed by zip method ${method}, not deflate`);
  try {
    return inflateSync(packed, { out: new Uint8Array(size) });
  } catch (cause) {
    throw damaged(`${what} cannot be unpacked (${(cause as Error).message})`, cause);
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (let k = 0; k < data.length; k++) crc = crcTable[(crc ^ data[k]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function half(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

function word(bytes: Uint8Array, at: number): number {
  return (half(bytes, at) | (half(bytes, at + 2) << 16)) >>> 0;
}

function damaged(message: string, cause?: unknown): FormatError {
  return new FormatError(message, "get the file again, or write it anew with numpy.savez_compressed", { cause });
}
