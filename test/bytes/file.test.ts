import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FileReader, fileBytes, MOST_BLOCK_BYTES, writeFile } from "../../src/bytes/blocks.js";
import { crc32 } from "../../src/bytes/checksum.js";
import { FORMAT_VERSION, headerBytes, KINDS, MOST_FIELD_BYTES } from "../../src/bytes/header.js";
import { type ByteSource, collect, readableOf, writeTo } from "../../src/bytes/stream.js";
import { FormatError } from "../../src/errors.js";
import { viewsOf } from "../data/views.js";

const KIND = "ciphertext";
const FIELDS = Uint8Array.of(14, 0, 3);
const BLOCKS = [Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(0), new Uint8Array(17).fill(0xa5)];

const fileOf = (blocks: readonly Uint8Array[] = BLOCKS, fields = FIELDS) => collect(writeFile(KIND, fields, blocks));

/** Reads all of it, and says what it got before an error, too. */
async function read(source: ByteSource, got: Uint8Array[] = []): Promise<Uint8Array[]> {
  const reader = await FileReader.open(source, KIND);
  got.push(reader.header.fields.slice());
  for (;;) {
    const block = await reader.nextOrEnd("a limb", { most: 100_000 });
    if (!block) return got;
    got.push(block.slice());
  }
}

/** Whatever was handed out is the beginning of what was written, and then a FormatError says what is wrong. */
async function requireRefused(source: ByteSource, what: string, wanted: readonly Uint8Array[] = [FIELDS, ...BLOCKS]) {
  const got: Uint8Array[] = [];
  const error = await read(source, got).then(
    () => undefined,
    (error) => error,
  );
  expect(error, what).toBeInstanceOf(FormatError);
  expect(got, what).toEqual(wanted.slice(0, got.length));
  return error as FormatError;
}

describe("a file", () => {
  test("comes back, whatever its blocks, and is as long as it was said to be", async () => {
    const block = fc.uint8Array({ minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 50 }), fc.array(block, { maxLength: 8 }), async (fields, blocks) => {
        const bytes = await fileOf(blocks, fields);
        expect(bytes.length).toBe(
          fileBytes(
            fields.length,
            blocks.map(({ length }) => length),
          ),
        );
        expect(await read(bytes)).toEqual([fields, ...blocks]);
      }),
    );
  });

  test("comes back from chunks cut at every place, and from chunks of any lengths", async () => {
    const bytes = await fileOf();
    for (let at = 0; at <= bytes.length; at++) {
      expect(await read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual([FIELDS, ...BLOCKS]);
    }
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { minLength: 1, maxLength: 40 }), async (lengths) => {
        const pieces: Uint8Array[] = [];
        let at = 0;
        for (const length of lengths) pieces.push(bytes.subarray(at, (at += length)));
        pieces.push(bytes.subarray(at));
        expect(await read(pieces)).toEqual([FIELDS, ...BLOCKS]);
      }),
    );
  });

  test("comes back from whatever the bytes are a view of", async () => {
    for (const [where, view] of viewsOf(await fileOf())) expect(await read(view), where).toEqual([FIELDS, ...BLOCKS]);
  });

  test("goes through web streams and through Node's", async () => {
    const bytes = await fileOf();
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
    const bytes = await fileOf();
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

describe("a damaged file ends in one FormatError, and gives nothing from a damaged block", () => {
  test("every truncation", async () => {
    const bytes = await fileOf();
    for (let length = 0; length < bytes.length; length++) {
      const error = await requireRefused(bytes.slice(0, length), `${length} bytes`);
      expect(error.message).toMatch(/is cut off: \d+ of its \d+ bytes are missing$/);
    }
  });

  test("every bit that flips", async () => {
    const bytes = await fileOf();
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      await requireRefused(damaged, `bit ${bit}`);
      await requireRefused([damaged.subarray(0, bit >> 3), damaged.subarray(bit >> 3)], `bit ${bit}, in two chunks`);
    }
  });

  test("something behind its end", async () => {
    const bytes = await fileOf();
    for (const more of [Uint8Array.of(0), bytes]) {
      const error = await requireRefused([bytes, more], "longer");
      expect(error.message).toBe("something follows behind the end of the file");
    }
  });

  test("blocks that are missing, twice there, exchanged, or of another file", async () => {
    const same = [3, 1, 4].map((value) => new Uint8Array(6).fill(value));
    const [header, ...blocks] = await chunksOf(same, FIELDS);
    const [otherHeader, otherBlock] = await chunksOf(same, Uint8Array.of(9));
    const [a, b, c, end] = blocks;
    const wanted = [FIELDS, ...same];
    for (const [what, chunks] of Object.entries({
      missing: [header, a, c, end],
      twice: [header, a, a, b, c, end],
      exchanged: [header, b, a, c, end],
      "of another file": [header, otherBlock, b, c, end],
      "an end that comes early": [header, a, end],
    })) {
      const error = await requireRefused(chunks, what, wanted);
      expect(error.message, what).toMatch(/^a limb is damaged: its checksum does not fit$/);
    }
    expect(otherHeader).not.toEqual(header);
    expect(await read([header, a, b, c, end])).toEqual(wanted);
  });

  test("bytes of any kind", async () => {
    const bytes = await fileOf();
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.uint8Array({ maxLength: 60 }), async (at, tail) => {
        const damaged = Buffer.concat([bytes.subarray(0, at), tail]);
        fc.pre(Buffer.compare(damaged, bytes) !== 0);
        await requireRefused(damaged, `${at}`);
      }),
    );
  });

  test("and the error stays: nothing more is read", async () => {
    const bytes = await fileOf();
    bytes[16 + FIELDS.length + 4 + 4] ^= 1; // in the first block
    const reader = await FileReader.open(bytes, KIND);
    await expect(reader.next("a limb", { length: 5 })).rejects.toThrow("a limb is damaged");
    await expect(reader.next("a limb", { length: 1 })).rejects.toThrow(FormatError);
    await expect(reader.end()).rejects.toThrow(FormatError);
  });
});

describe("refused before anything is allocated or read:", () => {
  test("a block of another length than the reader knows", async () => {
    const bytes = await fileOf();
    const opened = () => FileReader.open(bytes, KIND);
    await expect((await opened()).next("a limb", { length: 6 })).rejects.toThrow("a limb has 5 bytes where 6 belong");
    await expect((await opened()).next("a limb", { most: 4 })).rejects.toThrow(
      "a limb has 5 bytes where at most 4 may stand",
    );
    await expect((await opened()).end()).rejects.toThrow("what follows the last block has 5 bytes where 0 belong");
    const reader = await opened();
    for (const { length } of BLOCKS) await reader.next("a limb", { length });
    await expect(reader.next("the last limb", { length: 1 })).rejects.toThrow(
      "the last limb is missing: the file ends after 3 blocks",
    );
  });

  test("a length of 4 GB, for which no memory is taken", async () => {
    const header = headerBytes(KIND, FIELDS);
    const source = [header, Uint8Array.of(0xff, 0xff, 0xff, 0xff)];
    const reader = await FileReader.open(source, KIND);
    await expect(reader.next("a limb", { most: 2 ** 40 })).rejects.toThrow(`at most ${MOST_BLOCK_BYTES} may stand`);
  });

  test("another magic, version or kind, and a header that is too long", async () => {
    const header = headerBytes(KIND, FIELDS);
    const changed = (at: number, ...bytes: number[]) => {
      const copy = header.slice(0, -4);
      copy.set(bytes, at);
      const checksum = crc32(copy);
      return Buffer.concat([copy, Uint8Array.of(checksum, checksum >>> 8, checksum >>> 16, checksum >>> 24)]);
    };
    const opened = (bytes: Uint8Array) => FileReader.open(bytes, KIND, "plaintext");
    await expect(opened(changed(0, 0x09))).rejects.toThrow("this is no ciphertext or plaintext that blindsight wrote");
    await expect(opened(changed(6, 0x0a, 0x0a))).rejects.toThrow("that blindsight wrote");
    await expect(opened(changed(8, FORMAT_VERSION + 1))).rejects.toThrow(
      "this is of format 2; formats 1 to 1 are read here",
    );
    await expect(opened(changed(8, 0))).rejects.toThrow("format 0");
    await expect(opened(changed(10, KINDS["secret key"]))).rejects.toThrow(
      "this is secret key where ciphertext or plaintext belongs",
    );
    await expect(opened(changed(10, 0xff))).rejects.toThrow("an object of kind 255");
    await expect(opened(changed(12, 0, 0, 0, 0xff))).rejects.toThrow(`${MOST_FIELD_BYTES} is the most`);
    expect((await opened(changed(10, KINDS.plaintext))).header).toEqual({
      kind: "plaintext",
      version: 1,
      fields: FIELDS,
    });
  });
});

test("a writer refuses blocks that no reader takes", async () => {
  await expect(fileOf([new Uint8Array(0)])).rejects.toThrow(RangeError);
  await expect(fileOf([new Uint8Array(MOST_BLOCK_BYTES + 1)])).rejects.toThrow(RangeError);
  await expect(fileOf([], new Uint8Array(MOST_FIELD_BYTES + 1))).rejects.toThrow(RangeError);
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

async function chunksOf(blocks: readonly Uint8Array[], fields: Uint8Array): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeFile(KIND, fields, blocks)) chunks.push(chunk);
  return chunks;
}
