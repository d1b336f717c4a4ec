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
