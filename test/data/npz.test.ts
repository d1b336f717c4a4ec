import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { openNpz, parseNpy } from "../../src/data/npz.js";
import { writeNpz } from "../../src/data/npz-writer.js";
import { FormatError } from "../../src/errors.js";

const data = process.env["BLINDSIGHT_DATA"];
const breast = data ? join(data, "breastmnist.npz") : "";

function npy(descr: string, shape: string, body: Uint8Array, { version = 1, fortran = "False" } = {}): Uint8Array {
  const header = new TextEncoder().encode(`{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`);
  const length = version === 1 ? [header.length & 255, header.length >> 8] : [header.length, 0, 0, 0];
  return Uint8Array.from([0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...length, ...header, ...body]);
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

describe("npy", () => {
  it.each([
    ["|u1", Uint8Array.of(0, 255)],
    ["|i1", Int8Array.of(-128, 127)],
    ["<u2", Uint16Array.of(0, 65535)],
    ["<i4", Int32Array.of(-(2 ** 31), 7)],
    ["<f4", Float32Array.of(0.5, -3)],
    ["<f8", Float64Array.of(Math.PI, -1e300)],
  ])("reads %s as it was written, in versions 1 to 3", (descr, values) => {
    for (const version of [1, 2, 3]) {
      const array = parseNpy(npy(descr, "(2,)", bytesOf(values), { version }), "x");
      expect(array.shape).toEqual([2]);
      expect(array.data).toEqual(values);
    }
  });

  it("reads booleans as bytes and 64-bit integers as exact doubles, or not at all", () => {
    expect(parseNpy(npy("|b1", "(2, 1)", Uint8Array.of(1, 0)), "x").data).toEqual(Uint8Array.of(1, 0));
    const small = parseNpy(npy("<i8", "(2,)", bytesOf(BigInt64Array.of(-5n, 2n ** 53n - 1n))), "x");
    expect(small.data).toEqual(Float64Array.of(-5, 2 ** 53 - 1));
    expect(() => parseNpy(npy("<i8", "(1,)", bytesOf(BigInt64Array.of(2n ** 60n))), "x")).toThrow("exceeds 2^53");
  });

  it.each([
    ["wrong magic", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), "its magic is wrong"],
    ["unknown version", npy("|u1", "(1,)", Uint8Array.of(1), { version: 4 }), "npy version 4"],
    ["big endian", npy(">i4", "(1,)", new Uint8Array(4)), 'descr ">i4"'],
    ["objects", npy("|O", "(1,)", new Uint8Array(8)), 'descr "|O"'],
    ["Fortran order", npy("|u1", "(2, 2)", new Uint8Array(4), { fortran: "True" }), "fortran_order is True"],
    ["too little data", npy("<f8", "(2, 3)", new Uint8Array(40)), "shape (2, 3) of <f8 takes 48 bytes, not 40"],
    ["a huge shape", npy("<f8", "(99999999999, 9999999)", new Uint8Array(8)), "takes"],
    ["a negative shape", npy("|u1", "(-1,)", new Uint8Array(1)), "not a tuple of lengths"],
  ])("refuses %s and names array and field", (_, bytes, message) => {
    const read = () => parseNpy(bytes, "f.npz: array a");
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^f\.npz: array a/);
  });

  it("refuses a header longer than the file before it allocates anything", () => {
    const bytes = npy("|u1", "(1,)", Uint8Array.of(1), { version: 2 });
    bytes.set([0xff, 0xff, 0xff, 0xff], 8);
    expect(() => parseNpy(bytes, "x")).toThrow("its header length 4294967295 exceeds");
  });
});

describe("npz", () => {
  const written = writeNpz({ a: { shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) } });

  it("read ∘ write = identity", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), (bytes) => {
        const array = openNpz(writeNpz({ x: { shape: [bytes.length], data: bytes } }), "f").read("x");
        expect(array).toEqual({ shape: [bytes.length], data: bytes });
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

  it("reads stored entries, too, and skips what is not .npy", () => {
    const zip = zipSync(
      { "a.npy": npy("|u1", "(1,)", Uint8Array.of(9)), "readme.txt": Uint8Array.of(1) },
      { level: 0 },
    );
    const npz = openNpz(zip, "f");
    expect(npz.names).toEqual(["a"]);
    expect(npz.read("a").data).toEqual(Uint8Array.of(9));
    expect(() => npz.read("b")).toThrow("f holds no array b, only a");
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
