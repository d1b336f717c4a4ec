import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { blake2b } from "../../src/ckks/formats/blake2b.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("RFC 7693, appendix A: BLAKE2b-512 of abc", () => {
  expect(hex(blake2b(new TextEncoder().encode("abc"), 64))).toBe(
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1" +
      "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
  );
});

/** The bytes that appendix E hashes: a Fibonacci generator. */
function sequence(length: number, seed: number): Uint8Array {
  let [a, b] = [Math.imul(0xdead4bad, seed) >>> 0, 1];
  return Uint8Array.from({ length }, () => {
    const next = (a + b) >>> 0;
    [a, b] = [b, next];
    return next >>> 24;
  });
}

test("RFC 7693, appendix E: the self-test over digests of four lengths and messages of six, with keys and without", () => {
  const digests: Uint8Array[] = [];
  for (const length of [20, 32, 48, 64]) {
    for (const size of [0, 3, 128, 129, 255, 1024]) {
      const message = sequence(size, size);
      digests.push(blake2b(message, length), blake2b(message, length, sequence(length, length)));
    }
  }
  expect(hex(blake2b(Buffer.concat(digests), 32))).toBe(
    "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475",
  );
});

test("any message has the digest that OpenSSL gives it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (message) => {
      expect(hex(blake2b(message, 64))).toBe(createHash("blake2b512").update(message).digest("hex"));
    }),
  );
});

test("lengths that BLAKE2b does not have are a RangeError", () => {
  for (const length of [0, 65, 1.5, Number.NaN]) expect(() => blake2b(new Uint8Array(1), length)).toThrow(RangeError);
  expect(() => blake2b(new Uint8Array(1), 32, new Uint8Array(65))).toThrow(RangeError);
});
