import { FormatError } from "../errors.js";
import { crc32 } from "./checksum.js";
import { type Header, headerBytes, type Kind, PREFIX_BYTES, readFields, readPrefix } from "./header.js";
import { ByteReader, SEND_AGAIN } from "./reader.js";
import { type ByteSource, ChunkReader, type Room } from "./stream.js";
import { ByteWriter } from "./writer.js";

/**
 * The body behind a header: blocks, each
 *
 *     4  bytes of the content, 1 to 2^22
 *     …  content
 *     4  CRC-32 of the header, and of all lengths and contents up to here
 *
 * and at the end one of length 0. A checksum for each block, not one at the end: a value can be used, and a file larger than
 * memory read, as soon as its own block is known to be whole. Each goes on from the one before, so that blocks that are
 * missing, exchanged or taken from another file do not fit, either. Checksums are not among what they cover: a CRC over
 * something and its own CRC is the same whatever it was, and nothing would be chained.
 */
export const MOST_BLOCK_BYTES = 2 ** 22;
const LENGTH_BYTES = 4;
const CHECKSUM_BYTES = 4;

/** What a block's length is, by the header or by earlier blocks; or how long it may be. */
export type BlockLength = { readonly length: number } | { readonly most: number };

/** Bytes of a whole file whose header has so many bytes of fields, and whose blocks have these lengths. */
export function fileBytes(fieldBytes: number, blockLengths: Iterable<number>): number {
  let sum = PREFIX_BYTES + fieldBytes + CHECKSUM_BYTES + LENGTH_BYTES + CHECKSUM_BYTES;
  for (const length of blockLengths) sum += LENGTH_BYTES + length + CHECKSUM_BYTES;
  return sum;
}

/**
 * A whole file in chunks, one block at a time; a content may be overwritten when the next one is asked for, and chunks are
 * not views of it.
 * @param room where each chunk is put: `inPlace` has them one behind the other
 * @throws RangeError for a block that is empty, or longer than 2^22 bytes
 */
export async function* writeFile(
  kind: Kind,
  fields: Uint8Array,
  contents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  room: Room = (length) => new Uint8Array(length),
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const header = headerBytes(kind, fields);
  let checksum = crc32(header.subarray(0, -CHECKSUM_BYTES));
  yield put(header, room);
  for await (const content of contents) {
    if (content.length === 0 || content.length > MOST_BLOCK_BYTES) {
      throw new RangeError(`a block of ${content.length} bytes: 1 to ${MOST_BLOCK_BYTES} were expected`);
    }
    const block = room(LENGTH_BYTES + content.length + CHECKSUM_BYTES);
    const view = new DataView(block.buffer, block.byteOffset);
    view.setUint32(0, content.length, true);
    block.set(content, LENGTH_BYTES);
    checksum = crc32(block.subarray(0, -CHECKSUM_BYTES), checksum);
    view.setUint32(block.length - CHECKSUM_BYTES, checksum, true);
    yield block;
  }
  const end = new ByteWriter().u32(0).u32(crc32(new Uint8Array(LENGTH_BYTES), checksum));
  yield put(end.finish(), room);
}

function put(chunk: Uint8Array, room: Room): Uint8Array<ArrayBuffer> {
  const place = room(chunk.length);
  place.set(chunk);
  return place;
}

/**
 * Reads a file: the header when it is opened, then block after block, each only when its checksum has been found right.
 * Whatever is wrong with the bytes is a FormatError; no value comes out of a damaged block, and none after one. `dispose`
 * tells a source that was not read to its end that nothing more is wanted, whyever its reader gave up.
 */
export class FileReader implements Disposable {
  private blocks = 0;
  private state: "open" | "ended" | "refused" = "open";

  private constructor(
    readonly header: Header,
    private readonly chunks: ChunkReader,
    private checksum: number,
  ) {}

  /**
   * Reads the header, and nothing behind it.
   * @param wanted kinds that the caller can use
   */
  static async open(source: ByteSource, ...wanted: readonly Kind[]): Promise<FileReader> {
    const chunks = new ChunkReader(source);
    try {
      const prefix = await chunks.take(PREFIX_BYTES, "the header");
      const { kind, version, restBytes } = readPrefix(prefix, wanted);
      const { fields, checksum } = readFields(prefix, await chunks.take(restBytes, "the header"));
      return new FileReader({ kind, version, fields }, chunks, checksum);
    } catch (error) {
      await chunks.cancel().catch(() => {}); // the first error is the one that says something
      throw error;
    }
  }

  /** Bytes read so far, the header's among them. */
  get bytesRead(): number {
    return this.chunks.taken;
  }

  /**
   * The next block's content, a view of the source's chunk where that holds all of it.
   * @throws FormatError for a block of another length, before it is read; for one that is damaged; where none is left
   */
  async next(what: string, bound: BlockLength): Promise<Uint8Array> {
    return (await this.nextOrEnd(what, bound)) ?? this.missing(what);
  }

  /** The same as a copy, for a secret: the caller overwrites it, and a damaged one is overwritten here. */
  async nextCopy(what: string, bound: BlockLength): Promise<Uint8Array> {
    return (await this.step(what, bound, true)) ?? this.missing(what);
  }

  /** The same, or undefined where the file ends: for files that do not say before how many blocks they have. */
  nextOrEnd(what: string, bound: BlockLength): Promise<Uint8Array | undefined> {
    return this.step(what, bound, false);
  }

  private missing(what: string): never {
    throw new FormatError(`${what} is missing: the file ends after ${this.blocks} blocks`, SEND_AGAIN);
  }

  private async step(what: string, bound: BlockLength, copy: boolean): Promise<Uint8Array | undefined> {
    if (this.state === "ended") return undefined;
    if (this.state === "refused") throw new FormatError("the file was damaged before, or given up", SEND_AGAIN);
    this.state = "refused"; // until this block is known to be whole
    try {
      const content = await this.read(what, bound, copy);
      if (!content) await this.chunks.end("the file");
      this.state = content ? "open" : "ended";
      return content;
    } catch (error) {
      await this.chunks.cancel().catch(() => {}); // the first error is the one that says something
      throw error;
    }
  }

  /** @throws FormatError where another block, or anything else, follows */
  async end(): Promise<void> {
    await this.nextOrEnd("what follows the last block", { length: 0 });
  }

  /** Tells the source that nothing more is wanted. */
  async cancel(): Promise<void> {
    this.state = "refused";
    await this.chunks.cancel();
  }

  [Symbol.dispose](): void {
    if (this.state !== "ended") void this.cancel().catch(() => {}); // what was thrown before is what says something
  }

  private async read(what: string, bound: BlockLength, copy: boolean): Promise<Uint8Array | undefined> {
    const prefix = await this.chunks.take(LENGTH_BYTES, `the file before ${what}`);
    const length = new ByteReader(prefix, what).u32();
    requireLength(what, length, bound);
    const content = await this.chunks.take(length, what, copy);
    const checksum = crc32(content, crc32(prefix, this.checksum));
    try {
      if (new ByteReader(await this.chunks.take(CHECKSUM_BYTES, what), what).u32() !== checksum) {
        throw new FormatError(`${what} is damaged: its checksum does not fit`, SEND_AGAIN);
      }
    } catch (error) {
      if (copy) content.fill(0);
      throw error;
    }
    if (length === 0) return undefined;
    this.checksum = checksum;
    this.blocks++;
    return content;
  }
}

/** A block of no bytes is the end, wherever it comes. */
function requireLength(what: string, length: number, bound: BlockLength): void {
  if (length === 0) return;
  const most = "length" in bound ? bound.length : Math.min(bound.most, MOST_BLOCK_BYTES);
  const fits = "length" in bound ? length === most : length <= most;
  if (fits) return;
  const wanted = "length" in bound ? `${most} belong` : `at most ${most} may stand`;
  throw new FormatError(`${what} has ${length} bytes where ${wanted}`, SEND_AGAIN);
}
