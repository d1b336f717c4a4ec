import { FormatError } from "../errors.js";
import { crc32 } from "./checksum.js";
import { ByteReader, SEND_AGAIN } from "./reader.js";
import { ByteWriter } from "./writer.js";

/**
 * How everything that blindsight writes begins; numbers are little-endian:
 *
 *     8  magic: 0x89 "BLIND" 0x0d 0x0a. A transfer as text changes the first byte or the last two
 *     2  format version
 *     2  kind of object, see KINDS
 *     4  bytes of the fields
 *     …  fields: what the kind needs to be judged before its body is read
 *     4  CRC-32 of all that
 *
 * The header delimits itself: a reader refuses what it does not want before it takes a byte of the body.
 */
export const MAGIC: readonly number[] = [0x89, 0x42, 0x4c, 0x49, 0x4e, 0x44, 0x0d, 0x0a];

/** The version that is written. All from 1 to this one are read. */
export const FORMAT_VERSION = 1;

/** Numbers of kinds; a number is never used again for something else. */
export const KINDS = {
  parameters: 1,
  "secret key": 2,
  "public key": 3,
  "evaluation keys": 4,
  "evaluation key": 5,
  plaintext: 6,
  ciphertext: 7,
  plan: 8,
  model: 9,
  "encrypted image": 10,
  "encrypted result": 11,
  "wrapped secret key": 12,
} as const;

export type Kind = keyof typeof KINDS;

/** Bytes before the fields, and the most that fields may have. */
export const PREFIX_BYTES = 16;
export const MOST_FIELD_BYTES = 2 ** 20;
const CHECKSUM_BYTES = 4;

export interface Header {
  readonly kind: Kind;
  readonly version: number;
  readonly fields: Uint8Array;
}

/** The bytes of a header. @throws RangeError for more than 2^20 bytes of fields */
export function headerBytes(kind: Kind, fields: Uint8Array): Uint8Array<ArrayBuffer> {
  if (fields.length > MOST_FIELD_BYTES) throw new RangeError(`a header of ${fields.length} bytes is too long`);
  const writer = new ByteWriter().run(Uint8Array.from(MAGIC));
  writer.u16(FORMAT_VERSION).u16(KINDS[kind]).u32(fields.length).run(fields);
  return writer.u32(crc32(writer.finish())).finish();
}

/** What the first 16 bytes say. */
export interface Prefix {
  readonly kind: Kind;
  readonly version: number;
  /** Of the header after those 16: fields and checksum. */
  readonly restBytes: number;
}

/**
 * Reads the first 16 bytes of a header.
 * @param wanted the kinds that the caller can use
 * @throws FormatError for another magic, a newer version, another kind, or more bytes of fields than there may be
 */
export function readPrefix(bytes: Uint8Array, wanted: readonly Kind[]): Prefix {
  const names = wanted.join(" or ");
  if (bytes.length < PREFIX_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new FormatError(`this is no ${names} that blindsight wrote`, "look whether it is the right file");
  }
  const reader = new ByteReader(bytes.subarray(MAGIC.length, PREFIX_BYTES), "the header");
  const [version, number, fieldBytes] = [reader.u16(), reader.u16(), reader.u32()];
  if (version === 0 || version > FORMAT_VERSION) {
    const fix = "update blindsight, or have it written by the version that you have";
    throw new FormatError(`this is of format ${version}; formats 1 to ${FORMAT_VERSION} are read here`, fix);
  }
  const kind = (Object.keys(KINDS) as Kind[]).find((name) => KINDS[name] === number);
  if (!kind || !wanted.includes(kind)) {
    const found = kind ?? `an object of kind ${number}`;
    throw new FormatError(`this is ${found} where ${names} belongs`, "look whether it is the right file");
  }
  if (fieldBytes > MOST_FIELD_BYTES) {
    throw new FormatError(
      `the header says that it has ${fieldBytes} bytes; ${MOST_FIELD_BYTES} is the most`,
      SEND_AGAIN,
    );
  }
  return { kind, version, restBytes: fieldBytes + CHECKSUM_BYTES };
}

/**
 * The fields of a header, and the checksum that its body's blocks go on from.
 * @throws FormatError where the checksum does not fit
 */
export function readFields(prefix: Uint8Array, rest: Uint8Array): { fields: Uint8Array; checksum: number } {
  const fields = rest.subarray(0, rest.length - CHECKSUM_BYTES);
  const checksum = crc32(fields, crc32(prefix.subarray(0, PREFIX_BYTES)));
  if (new ByteReader(rest.subarray(fields.length), "the header").u32() !== checksum) {
    throw new FormatError("the header is damaged: its checksum does not fit", SEND_AGAIN);
  }
  return { fields, checksum };
}
