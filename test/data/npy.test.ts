import { describe, expect, it } from "vitest";
import { parseNpy } from "../../src/data/npy.js";
import { FormatError } from "../../src/errors.js";
import { bytesOf, npy } from "./npz-bytes.js";
import { viewsOf } from "./views.js";

describe("npy", () => {
  it.each<[string, string, ArrayBufferView]>([
    ["|u1", "uint8", Uint8Array.of(0, 255)],
    ["|i1", "int8", Int8Array.of(-128, 127)],
    ["|b1", "bool", Uint8Array.of(1, 0)],
    ["<u2", "uint16", Uint16Array.of(0, 65535)],
    ["<i2", "int16", Int16Array.of(-32768, 258)],
    ["<u4", "uint32", Uint32Array.of(2 ** 32 - 1, 7)],
    ["<i4", "int32", Int32Array.of(-(2 ** 31), 7)],
    ["<f4", "float32", Float32Array.of(0.5, -3)],
    ["<f8", "float64", Float64Array.of(Math.PI, -1e300)],
  ])("reads %s as it was written, in versions 1 to 3, whatever the bytes are a view of", (descr, dtype, values) => {
    for (const version of [1, 2, 3]) {
      const bytes = npy(descr, [2], values, { version });
      for (const [where, view] of viewsOf(bytes)) {
        const before = view.slice();
        const array = parseNpy(view, "x");
        expect(array, where).toEqual({ dtype, shape: [2], data: values });
        // A copy: writing into it leaves the file's bytes alone.
        array.data.fill(0);
        expect(view, where).toEqual(before);
      }
    }
  });

  it("reads 64-bit integers as exact doubles, or not at all", () => {
    for (const [where, view] of viewsOf(npy("<i8", [2], BigInt64Array.of(-5n, 2n ** 53n - 1n)))) {
      expect(parseNpy(view, "x").data, where).toEqual(Float64Array.of(-5, 2 ** 53 - 1));
    }
    expect(parseNpy(npy("<u8", [1], BigUint64Array.of(7n)), "x").data).toEqual(Float64Array.of(7));
    for (const value of [2n ** 60n, -(2n ** 53n)]) {
      expect(() => parseNpy(npy("<i8", [1], BigInt64Array.of(value)), "x")).toThrow("exceeds 2^53");
    }
  });

  it("reads big-endian numbers, and leaves the bytes that they came from as they are", () => {
    const cases: [string, Uint8Array, number][] = [
      [">u2", Uint8Array.of(1, 2), 258],
      [">i4", Uint8Array.of(0xff, 0xff, 0xff, 0xfe), -2],
      [">i8", Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0), 65536],
      [">f4", Uint8Array.of(0x3f, 0x80, 0, 0), 1],
      [">f8", Uint8Array.of(0xbf, 0xe0, 0, 0, 0, 0, 0, 0), -0.5],
    ];
    for (const [descr, body, expected] of cases) {
      for (const [where, view] of viewsOf(npy(descr, [1], body))) {
        const before = view.slice();
        expect([...parseNpy(view, "x").data], `${descr} ${where}`).toEqual([expected]);
        expect(view).toEqual(before);
      }
    }
  });

  it("reads Fortran order as numpy means it: the first index runs fastest", () => {
    const fortran = { fortran: true };
    expect(parseNpy(npy("|u1", [2, 3], Uint8Array.of(1, 4, 2, 5, 3, 6), fortran), "x").data).toEqual(
      Uint8Array.of(1, 2, 3, 4, 5, 6),
    );
    // numpy.arange(24).reshape(2, 3, 4).flatten("F")
    const flat = [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23];
    const array = parseNpy(npy("<i2", [2, 3, 4], Int16Array.from(flat), fortran), "x");
    expect(array).toEqual({ dtype: "int16", shape: [2, 3, 4], data: Int16Array.from({ length: 24 }, (_, k) => k) });
    expect(parseNpy(npy("|u1", [3], Uint8Array.of(1, 2, 3), fortran), "x").data).toEqual(Uint8Array.of(1, 2, 3));
    expect(parseNpy(npy("|u1", [2, 0], new Uint8Array(0), fortran), "x").data).toEqual(new Uint8Array(0));
  });

  it.each([
    ["wrong magic", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), "its magic is wrong"],
    ["unknown version", npy("|u1", [1], Uint8Array.of(1), { version: 4 }), "npy version 4"],
    ["objects", npy("|O", [1], new Uint8Array(8)), 'elements of type "|O", which is none of uint8'],
    ["strings", npy("<U3", [1], new Uint8Array(12)), 'elements of type "<U3"'],
    ["half precision", npy("<f2", [1], new Uint8Array(2)), 'elements of type "<f2"'],
    ["two bytes without an order", npy("|u2", [1], new Uint8Array(2)), 'elements of type "|u2"'],
    ["a type named like a method", npy("toString", [1], new Uint8Array(2)), 'elements of type "toString"'],
    ["records", npy("", [1], new Uint8Array(4)).map((b) => (b === 39 ? 34 : b)), 'no plain "descr"'],
    ["a bool that is none", npy("|b1", [2], Uint8Array.of(1, 2)), "2 is no bool"],
    ["too little data", npy("<f8", [2, 3], new Uint8Array(40)), "shape (2, 3) of <f8 takes 48 bytes, not 40"],
    ["a huge shape", npy("<f8", "(99999999999, 9999999)", new Uint8Array(8)), "takes"],
    ["a negative shape", npy("|u1", "(-1,)", new Uint8Array(1)), "not a tuple of lengths"],
    ["65 dimensions", npy("|u1", `(${"1, ".repeat(65)})`, new Uint8Array(1)), "65 dimensions"],
    ["a header of 20 kB", npy("|u1", `(${"1, ".repeat(7000)})`, new Uint8Array(1)), "describes no plain array"],
  ])("refuses %s and names array and field", (_, bytes, message) => {
    const read = () => parseNpy(bytes, "f.npz: array a");
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^f\.npz: array a/);
  });

  it("refuses a header longer than the file before it allocates anything", () => {
    const bytes = npy("|u1", [1], bytesOf(Uint8Array.of(1)), { version: 2 });
    bytes.set([0xff, 0xff, 0xff, 0xff], 8);
    expect(() => parseNpy(bytes, "x")).toThrow("its header length 4294967295 exceeds");
  });
});
