import { zlibSync } from "fflate";
import { adler32 } from "../../bytes/checksum.js";
import { inflateAtMost, zlibParts } from "../../bytes/inflate.js";
import { ByteReader, SEND_AGAIN } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { FormatError } from "../../errors.js";

/**
 * How everything that SEAL writes begins, the parts of an object too (native/src/seal/serialization.h, `SEALHeader`):
 *
 *     2  magic 0xa15e       1  compression: 0 none, 1 zlib, 2 zstd
 *     1  16, its length     2  0
 *     1  major version      8  bytes of the object, these 16 among them
 *     1  minor version      …  content
 */
export const HEADER_BYTES = 16;
const MAGIC = 0xa15e;
/** What is written: node-seal 6.0.3 (SEAL 4.1) takes no other version, SEAL 4.4 takes all from 4.1 on. */
const MAJOR = 4;
const MINOR = 1;
const COMPRESSIONS = ["none", "zlib", "zstd"] as const;

/** How an object may be written. SEAL's third way, zstd, is not read or written here. */
export type SealCompression = "none" | "zlib";

/** The header of an object with so many bytes of content, which are not compressed. */
export function putHeader(writer: ByteWriter, contentBytes: number, compression: SealCompression = "none"): ByteWriter {
  writer.u16(MAGIC).u8(HEADER_BYTES).u8(MAJOR).u8(MINOR).u8(COMPRESSIONS.indexOf(compression)).u16(0);
  return writer.u64(HEADER_BYTES + contentBytes);
}

/** A whole file: `object` is its header and its content, not compressed. */
export function compressed(object: Uint8Array<ArrayBuffer>, compression: SealCompression): Uint8Array<ArrayBuffer> {
  if (compression === "none") return object;
  if (compression !== "zlib") throw new TypeError(`compression ${compression} is neither "none" nor "zlib"`);
  const packed = zlibSync(object.subarray(HEADER_BYTES));
  return putHeader(new ByteWriter(), packed.length, compression).run(packed).finish();
}

/** Reads the header of a part within an object. @throws FormatError unless all of its content follows, not compressed. */
export function takeHeader(reader: ByteReader, what: string): number {
  const { contentBytes, compression } = readHeader(reader, what);
  if (compression !== "none") throw reader.error(`has a part that is compressed (${compression})`);
  if (contentBytes > reader.left) throw reader.error(`ends ${contentBytes - reader.left} bytes too early`);
  return contentBytes;
}

/**
 * What `read` makes of a file's content, unpacked if need be; the copy that unpacking makes is overwritten.
 * @param most bytes that such a content may have
 * @throws FormatError where the header is none, or says more or less than there is; where something is left unread.
 */
export function readObject<T>(bytes: Uint8Array, what: string, most: number, read: (content: ByteReader) => T): T {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${what}: a Uint8Array of its bytes was expected`);
  const reader = new ByteReader(bytes, what);
  const { contentBytes, compression } = readHeader(reader, what);
  if (contentBytes !== reader.left) {
    throw reader.error(`has ${bytes.length} bytes; its header says ${HEADER_BYTES + contentBytes}`);
  }
  if (compression === "zstd") {
    const fix = "write it with zlib, or without compression: saveArray(ComprModeType.none)";
    throw new FormatError(`${what} is compressed by zstd, which is not read here`, fix);
  }
  const packed = compression === "zlib";
  const content = packed ? unpack(reader.run(contentBytes), most, what) : reader.run(contentBytes);
  try {
    if (content.length > most) throw reader.error(`has ${content.length} bytes where at most ${most} may stand`);
    const inner = new ByteReader(content, what);
    const result = read(inner);
    inner.end();
    return result;
  } finally {
    if (packed) content.fill(0);
  }
}

interface Header {
  readonly contentBytes: number;
  readonly compression: (typeof COMPRESSIONS)[number];
}

function readHeader(reader: ByteReader, what: string): Header {
  if (reader.left < HEADER_BYTES) throw reader.error("is cut off in SEAL's header");
  if (reader.u16() !== MAGIC || reader.u8() !== HEADER_BYTES) throw reader.error("is nothing that SEAL wrote");
  const [major, minor, mode, reserved, bytes] = [reader.u8(), reader.u8(), reader.u8(), reader.u16(), reader.u64()];
  if (major !== MAJOR || minor < MINOR) {
    const message = `${what} is of SEAL's format ${major}.${minor}; ${MAJOR}.${MINOR} and later are read here`;
    throw new FormatError(message, "write it with a SEAL of 4.1 or later: node-seal 6 is one");
  }
  const compression = COMPRESSIONS[mode];
  if (!compression || reserved !== 0 || bytes < HEADER_BYTES) throw reader.error("has a damaged header");
  return { contentBytes: bytes - HEADER_BYTES, compression };
}

function unpack(stream: Uint8Array, most: number, what: string): Uint8Array<ArrayBuffer> {
  const zlib = zlibParts(stream);
  if (!zlib) throw new FormatError(`${what} is no zlib stream, though its header says so`, SEND_AGAIN);
  let content: Uint8Array<ArrayBuffer>;
  try {
    content = inflateAtMost(zlib.packed, most);
  } catch (cause) {
    throw new FormatError(`${what} is damaged (${(cause as Error).message})`, SEND_AGAIN, { cause });
  }
  if (adler32(content) === zlib.checksum) return content;
  content.fill(0);
  throw new FormatError(`${what} is damaged: its checksum does not fit`, SEND_AGAIN);
}
