import { crc32 } from "../bytes/checksum.js";
import { bestDeflateRatio, inflate } from "../bytes/inflate.js";
import { FormatError } from "../errors.js";

export interface ZipArchive {
  readonly names: readonly string[];
  /**
   * The bytes of one file, its length and CRC-32 checked: of its own, or a view of the archive where it is stored.
   * @throws FormatError when it is damaged or larger than `mostUnpacked` lets it be.
   */
  read(name: string): Uint8Array;
}

const mebibyte = 2 ** 20;

/**
 * Bytes that an entry may unpack to: 64 for each packed one and 64 MiB more, at most 1 GiB. Pictures pack to a half or
 * a tenth; so a small file can never ask for much memory. Stored entries are limited by the archive's own length.
 */
export function mostUnpacked(packedSize: number): number {
  return Math.min(64 * packedSize + 64 * mebibyte, 1024 * mebibyte);
}

/**
 * Opens a zip archive (stored or deflated entries, below 4 GiB, no encryption). The directory is read now, a file's
 * bytes when asked for. `file` names the archive in errors.
 * @throws FormatError when the directory is missing (a truncated file), damaged, or names a file twice.
 */
export function openZip(bytes: Uint8Array, file: string): ZipArchive {
  const entries = readDirectory(bytes, file);
  return {
    names: [...entries.keys()],
    read(name) {
      const entry = entries.get(name);
      if (!entry) throw damaged(`${file} holds no file ${name}`);
      return readEntry(bytes, entry, name, `${file}: ${name}`);
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

function readDirectory(bytes: Uint8Array, file: string): Map<string, Entry> {
  if (bytes.length < 4 || word(bytes, 0) !== 0x04034b50) {
    throw damaged(`${file} is not a zip archive with files in it: it does not start with "PK"`);
  }
  const end = findEndRecord(bytes);
  if (end === undefined) throw damaged(`${file} is truncated: its zip directory is missing`);
  const count = half(bytes, end + 10);
  const start = word(bytes, end + 16);
  let at = start;
  const entries = new Map<string, Entry>();
  for (let k = 0; k < count; k++) {
    if (at + directoryRecordSize > end || word(bytes, at) !== 0x02014b50) {
      throw damaged(`${file}: entry ${k} of its zip directory is damaged`);
    }
    const nameLength = half(bytes, at + 28);
    const name = nameAt(bytes, at + directoryRecordSize, nameLength);
    // Names appear in messages.
    if (!/^[^\p{Cc}\p{Cf}]{1,200}$/u.test(name)) throw damaged(`${file}: the name of entry ${k} cannot be read`);
    if (entries.has(name)) throw damaged(`${file} holds two files named ${name}`);
    entries.set(name, readRecord(bytes, at, `${file}: ${name}`));
    at += directoryRecordSize + nameLength + half(bytes, at + 30) + half(bytes, at + 32);
  }
  if (at - start !== word(bytes, end + 12)) throw damaged(`${file}: the length of its zip directory is damaged`);
  return entries;
}

function readRecord(bytes: Uint8Array, at: number, what: string): Entry {
  const entry: Entry = {
    method: half(bytes, at + 10),
    crc: word(bytes, at + 16),
    packedSize: word(bytes, at + 20),
    size: word(bytes, at + 24),
    offset: word(bytes, at + 42),
  };
  if (half(bytes, at + 8) & 1) throw new FormatError(`${what} is encrypted`, "write the archive without a password");
  if (Math.max(entry.packedSize, entry.size, entry.offset) === 0xffffffff) {
    throw new FormatError(`${what} takes zip64 for 4 GiB and more`, "write the arrays into several smaller files");
  }
  if (entry.size > entry.packedSize * bestDeflateRatio) {
    throw damaged(`${what} claims ${entry.size} bytes, more than its ${entry.packedSize} can unpack to`);
  }
  return entry;
}

/** The end record lies at the end, behind it at most a comment of 65,535 bytes. */
function findEndRecord(bytes: Uint8Array): number | undefined {
  const first = Math.max(0, bytes.length - endRecordSize - 0xffff);
  for (let at = bytes.length - endRecordSize; at >= first; at--) {
    if (word(bytes, at) === 0x06054b50) return at;
  }
  return undefined;
}

/** Sizes and CRC come from the directory: a writer that could not go back leaves them out of the header before the data. */
function readEntry(bytes: Uint8Array, entry: Entry, name: string, what: string): Uint8Array {
  const { offset, packedSize, size, method } = entry;
  if (offset + localHeaderSize > bytes.length || word(bytes, offset) !== 0x04034b50) {
    throw damaged(`${what}: its zip header is damaged`);
  }
  const nameLength = half(bytes, offset + 26);
  const start = offset + localHeaderSize + nameLength + half(bytes, offset + 28);
  if (start + packedSize > bytes.length) throw damaged(`${what} is truncated`);
  // No checksum covers names, but there are two of them: with one damaged, an array would pass for another.
  if (nameAt(bytes, offset + localHeaderSize, nameLength) !== name) {
    throw damaged(`${what} has another name in its zip header than in the zip directory`);
  }
  const data = unpack(bytes.subarray(start, start + packedSize), method, size, what);
  if (data.length !== size) throw damaged(`${what} is ${data.length} bytes, its zip directory says ${size}`);
  if (crc32(data) !== entry.crc) throw damaged(`${what} is damaged: its CRC-32 does not fit`);
  return data;
}

function unpack(packed: Uint8Array, method: number, size: number, what: string): Uint8Array {
  if (method === 0) return packed;
  if (method !== 8) throw damaged(`${what} is packed by zip method ${method}, not deflate`);
  const most = mostUnpacked(packed.length);
  if (size > most) {
    const fix = "write it with numpy.savez, unpacked, or in several smaller files";
    throw new FormatError(`${what} unpacks from ${packed.length} to ${size} bytes, at most ${most} are taken`, fix);
  }
  try {
    return inflate(packed, size);
  } catch (cause) {
    throw damaged(`${what} cannot be unpacked (${(cause as Error).message})`, cause);
  }
}

function nameAt(bytes: Uint8Array, at: number, length: number): string {
  return new TextDecoder().decode(bytes.subarray(at, at + length));
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
