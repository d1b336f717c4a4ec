import { FormatError } from "../errors.js";
import { SEND_AGAIN } from "./reader.js";

/** Bytes that come in chunks of any lengths: a web stream, a Node stream or anything else that is iterated, or all at once. */
export type ByteSource = Uint8Array | ReadableBytes | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** What is used of a web stream: whoever compiles without the library of a browser or of Node has no name for one. */
export interface ReadableBytes {
  /** The stream's one reader. It is cancelled when nothing more is wanted. */
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }>;
    cancel(): Promise<unknown>;
  };
}

/** Web streams, where types have a name for them. */
type WebReadable = typeof globalThis extends { ReadableStream: { prototype: infer Stream } } ? Stream : never;
type WebWritable = typeof globalThis extends { WritableStream: { prototype: infer Stream } } ? Stream : never;

/** Chunks without a byte, one after the other, before a source is given up: it might go on for ever. */
const MOST_EMPTY = 10_000;

/**
 * Takes runs of stated lengths from a source. It never holds more than the run that is asked for and the chunk that it ends
 * in. The source's chunks are not changed, and not kept: whoever made them overwrites those of a secret.
 */
export class ChunkReader {
  private readonly next: () => Promise<Uint8Array | undefined>;
  private readonly stop: () => Promise<unknown>;
  private chunk: Uint8Array = new Uint8Array(0);
  private at = 0;
  private cancelled = false;
  /** Bytes taken so far. */
  taken = 0;

  constructor(source: ByteSource) {
    const pull = pulling(source);
    this.next = pull.next;
    this.stop = pull.stop;
  }

  /**
   * The next bytes: a view of the chunk where one holds them all, else a copy.
   * @param length held against the caller's bound before
   * @param copy whether it is to be a copy in any case
   * @throws FormatError where the source ends before
   */
  async take(length: number, what: string, copy = false): Promise<Uint8Array> {
    await this.refill();
    if (this.chunk.length - this.at >= length) return copy ? joined([this.fromChunk(length)]) : this.fromChunk(length);
    // Grown as bytes arrive: a length that was damaged takes no more memory than there are bytes.
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (!(await this.refill())) {
        throw new FormatError(`${what} is cut off: ${missing} of its ${length} bytes are missing`, SEND_AGAIN);
      }
      const part = this.fromChunk(Math.min(missing, this.chunk.length - this.at));
      parts.push(part);
      missing -= part.length;
    }
    return joined(parts);
  }

  /** @throws FormatError where something follows */
  async end(what: string): Promise<void> {
    if (await this.refill()) throw new FormatError(`something follows behind the end of ${what}`, SEND_AGAIN);
  }

  /** Tells the source that nothing more is wanted, once. */
  async cancel(): Promise<void> {
    this.chunk = new Uint8Array(0);
    this.at = 0;
    if (this.cancelled) return;
    this.cancelled = true;
    await this.stop();
  }

  private fromChunk(length: number): Uint8Array {
    const run = this.chunk.subarray(this.at, this.at + length);
    this.at += length;
    this.taken += length;
    return run;
  }

  /** @returns whether there is another byte */
  private async refill(): Promise<boolean> {
    for (let empty = 0; this.at === this.chunk.length; empty++) {
      if (empty > MOST_EMPTY) throw new FormatError(`a source gave ${empty} chunks without a byte`, SEND_AGAIN);
      const chunk = await this.next();
      if (!chunk) return false;
      if (!(chunk instanceof Uint8Array)) throw new TypeError("a source of bytes gave something that is no Uint8Array");
      // Of a Buffer, slice() would be no copy.
      this.chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.at = 0;
    }
    return true;
  }
}

interface Pulling {
  next(): Promise<Uint8Array | undefined>;
  stop(): Promise<unknown>;
}

function pulling(source: ByteSource): Pulling {
  if (source instanceof Uint8Array) return pulling([source]);
  requireSource(source);
  // Safari's streams cannot be iterated.
  if ("getReader" in source) {
    const reader = source.getReader();
    return { next: async () => (await reader.read()).value, stop: () => reader.cancel() };
  }
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  return {
    next: async () => {
      const { value, done } = await iterator.next();
      return done ? undefined : value;
    },
    stop: async () => iterator.return?.(),
  };
}

/** @throws TypeError for what gives no chunks, a promise of bytes among others */
function requireSource(source: unknown): void {
  if (typeof source === "object" && source !== null) {
    const ways = ["getReader", Symbol.asyncIterator, Symbol.iterator].map((way) => (source as never)[way]);
    if (ways.some((way) => typeof way === "function")) return;
  }
  const kind = typeof source === "object" ? (source?.constructor?.name ?? "null") : typeof source;
  throw new TypeError(`bytes: a Uint8Array, a stream or chunks of them were expected, not ${kind}`);
}

/** Runs of bytes, one behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** All chunks in one array. Holds them twice: for what is small. */
export async function collect(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return joined(parts);
}

/** Where a chunk of so many bytes is put by who makes it. */
export type Room = (length: number) => Uint8Array<ArrayBuffer>;

/**
 * All chunks in one array, each made in its place there: for what is large, and whose length is known before.
 * @param make hands every chunk that it yields the next room
 */
export async function inPlace(
  bytes: number,
  make: (room: Room) => AsyncIterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  const room: Room = (length) => {
    at += length;
    if (at > bytes) throw new RangeError(`a file of ${bytes} bytes has more than that`);
    return whole.subarray(at - length, at);
  };
  for await (const _ of make(room));
  if (at < bytes) throw new RangeError(`a file of ${bytes} bytes has ${at} only`);
  return whole;
}

/** The chunks as a web stream, each made when it is asked for. Node's streams take the iterable itself: `pipeline(chunks, file)`. */
export function readableOf(chunks: AsyncIterable<Uint8Array>): WebReadable {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Writes the chunks into a web stream, no faster than it takes them, and closes it; an error on either side ends both. */
export function writeTo(sink: WebWritable, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  return readableOf(chunks).pipeTo(sink);
}
