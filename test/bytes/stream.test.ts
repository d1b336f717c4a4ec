import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { FileReader, writeFile } from "../../src/bytes/blocks.js";
import { headerBytes } from "../../src/bytes/header.js";
import { type ByteSource, collect, inPlace, readableOf, writeTo } from "../../src/bytes/stream.js";
import { FormatError } from "../../src/errors.js";

const KIND = "ciphertext";
const FIELDS = Uint8Array.of(14, 0, 3);
const BLOCKS = [Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(0), new Uint8Array(17).fill(0xa5)];

async function read(source: ByteSource): Promise<Uint8Array[]> {
  const reader = await FileReader.open(source, KIND);
  const got = [reader.header.fields];
  for (const { length } of BLOCKS) got.push(await reader.next("a limb", { length }));
  await reader.end();
  return got;
}

describe("a file", () => {
  test("is the same when it is made in its place, and a length that is not its own is an error", async () => {
    const bytes = await collect(writeFile(KIND, FIELDS, BLOCKS));
    const made = (length: number) => inPlace(length, (room) => writeFile(KIND, FIELDS, BLOCKS, room));
    expect(await made(bytes.length)).toEqual(bytes);
    await expect(made(bytes.length - 1)).rejects.toThrow(RangeError);
    await expect(made(bytes.length + 1)).rejects.toThrow(RangeError);
  });

  test("goes through web streams and through Node's", async () => {
    const bytes = await collect(writeFile(KIND, FIELDS, BLOCKS));
    expect(await read(readableOf(writeFile(KIND, FIELDS, BLOCKS)))).toEqual([FIELDS, ...BLOCKS]);
    const chunks: Uint8Array[] = [];
    let closed = false;
    const sink = new WritableStream<Uint8Array>({
      write: (chunk) => void chunks.push(chunk),
      close: () => void (closed = true),
    });
    await writeTo(sink, writeFile(KIND, FIELDS, BLOCKS));
    expect(closed).toBe(true);
    expect(await collect(chunks)).toEqual(bytes);
    const folder = mkdtempSync(join(tmpdir(), "blindsight-bytes-"));
    try {
      const file = join(folder, "file");
      await pipeline(writeFile(KIND, FIELDS, BLOCKS), createWriteStream(file));
      expect(new Uint8Array(readFileSync(file))).toEqual(bytes);
      expect(await read(createReadStream(file, { highWaterMark: 7 }))).toEqual([FIELDS, ...BLOCKS]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("is made block by block, as its chunks are asked for, and its contents may be overwritten then", async () => {
    let made = 0;
    const content = new Uint8Array(4);
    const contents = function* () {
      for (; made < 5; ) yield content.fill(++made);
    };
    const chunks = writeFile(KIND, FIELDS, contents());
    await chunks.next();
    expect(made).toBe(0);
    const first = (await chunks.next()).value as Uint8Array;
    expect(made).toBe(1);
    await chunks.next();
    expect(first[4]).toBe(1);
    await chunks.return();
  });

  test("is read no further than was asked for", async () => {
    const bytes = await collect(writeFile(KIND, FIELDS, BLOCKS));
    let given = 0;
    let returned = false;
    const source = (function* () {
      try {
        for (; given < bytes.length; given++) yield bytes.subarray(given, given + 1);
      } finally {
        returned = true;
      }
    })();
    const reader = await FileReader.open(source, KIND);
    expect(given).toBe(16 + FIELDS.length + 4 - 1);
    expect(await reader.next("a limb", { length: 5 })).toEqual(BLOCKS[0]);
    expect(given).toBe(reader.bytesRead - 1);
    await reader.cancel();
    expect(returned).toBe(true);
    await expect(reader.next("a limb", { length: 1 })).rejects.toThrow(FormatError);
  });
});

test("a sink that fails, or is closed, ends what was to be written", async () => {
  let ended = 0;
  const contents = function* () {
    try {
      for (;;) yield Uint8Array.of(1);
    } finally {
      ended++;
    }
  };
  const full = new WritableStream<Uint8Array>({
    write(chunk) {
      if (chunk[4] === 1) throw new Error("the disk is full");
    },
  });
  await expect(writeTo(full, writeFile(KIND, FIELDS, contents()))).rejects.toThrow("the disk is full");
  expect(ended).toBe(1);
  const reader = readableOf(writeFile(KIND, FIELDS, contents())).getReader();
  await reader.read();
  await reader.read();
  await reader.cancel();
  expect(ended).toBe(2);
});

test("a source is told where its file is refused, and is not read on", async () => {
  let cancelled = false;
  const chunk = new Uint8Array(64).fill(7);
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(chunk),
    cancel: () => {
      cancelled = true;
    },
  });
  await expect(FileReader.open(source, KIND)).rejects.toThrow(FormatError);
  expect(cancelled).toBe(true);
});

test("what a source throws, and what is no bytes, reaches the caller as it is", async () => {
  const header = headerBytes(KIND, FIELDS);
  const broken = async function* () {
    yield header;
    throw new Error("the connection was lost");
  };
  const reader = await FileReader.open(broken(), KIND);
  await expect(reader.next("a limb", { length: 5 })).rejects.toThrow("the connection was lost");
  await expect(FileReader.open(["text"] as never, KIND)).rejects.toThrow(TypeError);
});

test("what gives no bytes is a TypeError that says what was given", async () => {
  for (const [nothing, kind] of [
    [undefined, "undefined"],
    [null, "null"],
    ["text", "string"],
    [7, "number"],
    [new ArrayBuffer(64), "ArrayBuffer"],
    [new DataView(new ArrayBuffer(64)), "DataView"],
    [Promise.resolve(new Uint8Array(64)), "Promise"],
    [{ length: 3 }, "Object"],
    [Object.create(null), "null"],
  ] as const) {
    const open = FileReader.open(nothing as never, KIND);
    await expect(open, kind).rejects.toThrow(
      new TypeError(`bytes: a Uint8Array, a stream or chunks of them were expected, not ${kind}`),
    );
  }
  for (const wrong of [1, new ArrayBuffer(16), new Uint16Array(8), "text", {}]) {
    const chunks = [headerBytes(KIND, FIELDS).subarray(0, 9), wrong];
    await expect(FileReader.open(chunks as never, KIND)).rejects.toThrow("something that is no Uint8Array");
  }
});

test("a source of empty chunks is given up, and a few of them are nothing", async () => {
  const bytes = await collect(writeFile(KIND, FIELDS, BLOCKS));
  const some = Array.from(bytes, (_, at) => [new Uint8Array(0), bytes.subarray(at, at + 1), new Uint8Array(0)]).flat();
  expect(await read(some)).toEqual([FIELDS, ...BLOCKS]);
  let ended = false;
  const empty = (async function* () {
    try {
      for (;;) yield new Uint8Array(0);
    } finally {
      ended = true;
    }
  })();
  await expect(FileReader.open(empty, KIND)).rejects.toThrow("without a byte");
  expect(ended).toBe(true);
});

test("a reader that gives up tells its source, wherever it is; one that came to the end does not", async () => {
  const bytes = await collect(writeFile(KIND, FIELDS, BLOCKS));
  const source = () => {
    const state = { cancelled: 0 };
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    const reader = stream.getReader();
    const getReader = () => ({ read: () => reader.read(), cancel: async () => void state.cancelled++ });
    return { state, getReader };
  };
  const early = source();
  const giveUp = async () => {
    using _ = await FileReader.open(early, KIND);
    throw new FormatError("the fields are wrong", "none");
  };
  await expect(giveUp()).rejects.toThrow("the fields are wrong");
  expect(early.state.cancelled).toBe(1);
  const whole = source();
  await read(whole);
  expect(whole.state.cancelled).toBe(0);
});

test("a copy of a block is the caller's to overwrite, whatever the chunks", async () => {
  const bytes = await collect(writeFile(KIND, FIELDS, BLOCKS));
  const kept = new Uint8Array(bytes);
  for (const source of [bytes, [bytes], Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))]) {
    using reader = await FileReader.open(source, KIND);
    const copy = await reader.nextCopy("a limb", { length: 5 });
    expect(copy).toEqual(BLOCKS[0]);
    copy.fill(0);
    expect(bytes).toEqual(kept);
    expect(await reader.next("a limb", { length: 1 })).toEqual(BLOCKS[1]);
  }
});
