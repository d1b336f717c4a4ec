import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { adler32, crc32 } from "../../src/bytes/checksum.js";
import { viewsOf } from "../data/views.js";

const ascii = (text: string) => new TextEncoder().encode(text);

describe("crc32", () => {
  test.each([
    ["nothing", ascii(""), 0],
    ["one letter", ascii("a"), 0xe8b7be43],
    ["the check value of the catalogue of CRCs", ascii("123456789"), 0xcbf43926],
    ["a sentence", ascii("The quick brown fox jumps over the lazy dog"), 0x414fa339],
    ["32 zeros", new Uint8Array(32), 0x190a55ad],
    ["32 bytes 0xff", new Uint8Array(32).fill(0xff), 0xff6cab0b],
    ["a PNG's IEND", ascii("IEND"), 0xae426082],
  ])("of %s is known", (_, bytes, wanted) => {
    expect(crc32(bytes)).toBe(wanted);
  });

  test("is zlib's, of any bytes in any views", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(crc32(bytes)).toBe(zlibCrc32(bytes));
      }),
    );
    for (const [where, view] of viewsOf(Uint8Array.from({ length: 99 }, (_, i) => i * i))) {
      expect(crc32(view), where).toBe(zlibCrc32(view));
    }
  });

  test("is zlib's, wherever words begin and end in the bytes", () => {
    const bytes = Uint8Array.from({ length: 120 }, (_, i) => 31 * i * i + 7);
    for (let first = 0; first < 8; first++) {
      for (let end = first; end <= bytes.length; end++) {
        const run = bytes.subarray(first, end);
        expect(crc32(run, 0x12345678), `${first} to ${end}`).toBe(zlibCrc32(run, 0x12345678));
      }
    }
  });

  test("of two pieces one after the other is that of the whole", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        expect(crc32(bytes.subarray(at), crc32(bytes.subarray(0, at)))).toBe(crc32(bytes));
      }),
    );
  });
});

test("adler32 is what RFC 1950 says, beyond the bytes that its sums take at once", () => {
  expect(adler32(ascii(""))).toBe(1);
  expect(adler32(ascii("Wikipedia"))).toBe(0x11e60398);
  const bytes = new Uint8Array(10_000).fill(0xff);
  let [low, high] = [1n, 0n];
  for (const byte of bytes) {
    low = (low + BigInt(byte)) % 65521n;
    high = (high + low) % 65521n;
  }
  expect(BigInt(adler32(bytes))).toBe((high << 16n) | low);
});
