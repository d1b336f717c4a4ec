import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openNpz } from "../../src/data/npz.js";
import { writeNpz } from "../../src/data/npz-writer.js";
import { FormatError } from "../../src/errors.js";
import { npy, npz, savez } from "./npz-bytes.js";
import { viewsOf } from "./views.js";

const data = process.env["BLINDSIGHT_DATA"];
const breast = data ? join(data, "breastmnist.npz") : "";

describe("npz", () => {
  const written = writeNpz({ a: { shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) } });

  it("read ∘ write = identity", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), (bytes) => {
        const array = openNpz(writeNpz({ x: { shape: [bytes.length], data: bytes } }), "f").read("x");
        expect(array).toEqual({ dtype: "uint8", shape: [bytes.length], data: bytes });
      }),
      { numRuns: 30 },
    );
  });

  it("writes equal bytes for equal arrays", () => {
    expect(writeNpz({ a: { shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) } })).toEqual(written);
  });

  it("gives one FormatError naming the file for every truncation and every flipped byte that it notices", () => {
    for (let length = 0; length < written.length; length++) {
      expect(() => openNpz(written.subarray(0, length), "cut.npz").read("a"), `${length}`).toThrow(FormatError);
      expect(() => openNpz(written.subarray(0, length), "cut.npz").read("a"), `${length}`).toThrow(/cut\.npz/);
    }
    const original = openNpz(written, "f").read("a");
    for (let at = 0; at < written.length; at++) {
      const bytes = written.slice();
      bytes[at] ^= 0x20;
      let array: unknown = original;
      try {
        array = openNpz(bytes, "flip.npz").read("a");
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(FormatError);
      }
      // Dates and version fields may change unnoticed; values may not.
      expect(array, `byte ${at}`).toEqual(original);
    }
  });

  it("reads what numpy.savez stores, packed in part or not at all, whatever the bytes are a view of", () => {
    const pixels = Uint8Array.from({ length: 30 }, (_, k) => 8 * k);
    const labels = BigInt64Array.of(0n, 1n, 2n);
    const arrays = { images: npy("|u1", [3, 2, 5], pixels), labels: npy("<i8", [3], labels) };
    for (const deflated of [[], ["images"], ["labels"], ["images", "labels"]]) {
      for (const [where, view] of viewsOf(npz(arrays, deflated))) {
        const archive = openNpz(view, "f");
        const text = `${deflated} packed, ${where}`;
        expect(archive.read("images"), text).toEqual({ dtype: "uint8", shape: [3, 2, 5], data: pixels });
        expect(archive.read("labels"), text).toEqual({ dtype: "int64", shape: [3], data: Float64Array.of(0, 1, 2) });
      }
    }
  });

  it("skips what is not .npy, and names the arrays that there are", () => {
    const archive = openNpz(
      savez([
        { name: "a.npy", data: npy("|u1", [1], Uint8Array.of(9)) },
        { name: "readme.txt", data: Uint8Array.of(1) },
      ]),
      "f",
    );
    expect(archive.names).toEqual(["a"]);
    expect(archive.read("a").data).toEqual(Uint8Array.of(9));
    expect(() => archive.read("b")).toThrow("f holds no array b, only a");
  });

  it.each([
    ["a stored file with a wrong CRC-32", { crc: 1 }, "its CRC-32 does not fit"],
    ["a packed file with a wrong CRC-32", { crc: 1, deflate: true }, "its CRC-32 does not fit"],
    ["a stored file shorter than it says", { size: 99 }, "is 85 bytes, its zip directory says 99"],
    ["a packed file shorter than it says", { size: 99, deflate: true }, "it unpacks to 85 bytes, not 99"],
    ["a packed file longer than it says", { size: 84, deflate: true }, "it unpacks to more than 84 bytes"],
    ["an encrypted file", { flags: 1 }, "is encrypted"],
    ["two names for one file", { localName: "b.npy" }, "another name in its zip header"],
    ["a file of 4 GiB", { size: 2 ** 32 - 1 }, "zip64"],
  ])("refuses %s", (_, change, message) => {
    const data = npy("|u1", [5, 3], new Uint8Array(15));
    const read = () => openNpz(savez([{ name: "a.npy", data, ...change }]), "f.npz").read("a");
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^f\.npz/);
  });

  it("reads an archive with a data descriptor behind each file, and with a comment", () => {
    const data = npy("|u1", [1], Uint8Array.of(9));
    const archive = savez([{ name: "a.npy", data, flags: 8 }], { comment: 300 });
    // A writer that cannot go back leaves CRC and sizes out of the header before the data.
    archive.fill(0, 14, 26);
    expect(openNpz(archive, "f").read("a").data).toEqual(Uint8Array.of(9));
  });

  it("refuses a name that stands for two files", () => {
    const file = (value: number) => ({ name: "a.npy", data: npy("|u1", [1], Uint8Array.of(value)) });
    expect(() => openNpz(savez([file(1), file(2)]), "f")).toThrow("f holds two files named a.npy");
  });

  it("refuses a claimed size that its bytes cannot unpack to", () => {
    const bytes = written.slice();
    const at = findWord(bytes, 0x02014b50);
    bytes.set([0, 0, 0, 0x70], at + 24);
    expect(() => openNpz(bytes, "bomb.npz")).toThrow(/claims 1879048192 bytes/);
  });

  it.skipIf(!existsSync(breast))("reads MedMNIST's own file as README.md of the data describes it", () => {
    const npz = openNpz(readFileSync(breast), breast);
    expect(npz.read("train_images").shape).toEqual([546, 28, 28]);
    expect(npz.read("test_labels").shape).toEqual([156, 1]);
    const test = npz.read("test_images").data.subarray(76 * 784, 77 * 784);
    expect(npz.read("train_images").data.subarray(115 * 784, 116 * 784)).toEqual(test);
  });
});

function findWord(bytes: Uint8Array, word: number): number {
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 4 <= bytes.length; at++) if (view.getUint32(at, true) === word) return at;
  return -1;
}
