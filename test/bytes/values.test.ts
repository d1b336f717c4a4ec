import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader } from "../../src/bytes/reader.js";
import { ByteWriter } from "../../src/bytes/writer.js";
import { FormatError } from "../../src/errors.js";
import { viewsOf } from "../data/views.js";

type Value =
  | readonly [type: "u8" | "u16" | "u32" | "u64" | "f64", value: number]
  | readonly [type: "string", value: string]
  | readonly [type: "run", value: Uint8Array];

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.tuple(fc.constant("u8" as const), fc.nat(255)),
  fc.tuple(fc.constant("u16" as const), fc.nat(65535)),
  fc.tuple(fc.constant("u32" as const), fc.nat(2 ** 32 - 1)),
  fc.tuple(fc.constant("u64" as const), fc.maxSafeNat()),
  fc.tuple(fc.constant("f64" as const), fc.double()),
  fc.tuple(fc.constant("string" as const), fc.string({ unit: "binary", maxLength: 40 })),
  fc.tuple(fc.constant("run" as const), fc.uint8Array({ maxLength: 500 })),
);

function write(values: readonly Value[]): Uint8Array {
  const writer = new ByteWriter();
  for (const [type, value] of values) writer[type](value as never);
  return writer.finish();
}

function requireValues(bytes: Uint8Array, values: readonly Value[]): void {
  const reader = new ByteReader(bytes, "a record");
  for (const [type, value] of values) {
    const found = type === "run" ? reader.run(value.length) : reader[type]();
    expect(found instanceof Uint8Array ? [...found] : found).toEqual(value instanceof Uint8Array ? [...value] : value);
  }
  reader.end();
}

test("values come back, from whatever the bytes are a view of", () => {
  fc.assert(fc.property(fc.array(value, { maxLength: 30 }), (values) => requireValues(write(values), values)));
  const values: Value[] = [
    ["u8", 255],
    ["u64", Number.MAX_SAFE_INTEGER],
    ["string", "\ufeffQ₀ · Δ 🔒"],
    ["f64", -0],
    ["u32", 2 ** 32 - 1],
    ["run", Uint8Array.of(1, 2, 3)],
  ];
  for (const [, view] of viewsOf(write(values))) requireValues(view, values);
});

test("numbers are little-endian", () => {
  const bytes = new ByteWriter().u16(0x0102).u32(0x03040506).u64(0x0708090a0b0c0d).f64(1).string("é").finish();
  expect(Buffer.from(bytes).toString("hex")).toBe("0201060504030d0c0b0a09080700000000000000f03f0200c3a9");
});

test("every truncation is a FormatError that names what was read", () => {
  const values: Value[] = [
    ["u8", 1],
    ["u16", 2],
    ["string", "three"],
    ["u64", 4],
    ["f64", 5],
    ["run", Uint8Array.of(6, 7)],
  ];
  const bytes = write(values);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => requireValues(bytes.subarray(0, length), values)).toThrow(FormatError);
    expect(() => requireValues(bytes.subarray(0, length), values)).toThrow(/^a record ends \d+ bytes too early$/);
  }
  expect(() => requireValues(Buffer.concat([bytes, bytes]), values)).toThrow(
    `a record is ${bytes.length} bytes too long`,
  );
});

describe("a reader refuses", () => {
  const reader = (...bytes: number[]) => new ByteReader(Uint8Array.from(bytes), "a record");
  const refused = (read: () => unknown, message: string) => {
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  };

  test("integers above 2^53", () => {
    const most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0];
    expect(reader(...most).u64()).toBe(Number.MAX_SAFE_INTEGER);
    refused(() => reader(0, 0, 0, 0, 0, 0, 0x20, 0).u64(), "above 2^53");
    refused(() => reader(...most.slice(0, 7), 0x80).u64(), "above 2^53");
  });

  test("counts and texts beyond the caller's bound, and runs beyond the end, before it takes memory", () => {
    refused(() => reader(0, 0, 0, 0xff).count(1000), "says that 4278190080 follow where at most 1000 may");
    expect(reader(2, 0, 0, 0).count(2)).toBe(2);
    refused(() => reader(5, 0, 65, 65, 65, 65, 65).string(4), "a text of 5 bytes where at most 4");
    refused(() => reader(1, 2, 3).run(2 ** 40), "ends 1099511627773 bytes too early");
  });

  test.each([
    ["a byte that begins nothing", [0xff]],
    ["a character cut off", [0xe2, 0x82]],
    ["an overlong zero", [0xc0, 0x80]],
    ["half a surrogate pair", [0xed, 0xa0, 0x80]],
  ])("%s in a text", (_, bytes) => {
    refused(() => reader(bytes.length, 0, ...bytes).string(), "not UTF-8");
  });
});

test("a writer refuses what does not fit, and text that UTF-8 cannot hold", () => {
  const writer = new ByteWriter();
  for (const value of [-1, 256, 0.5, Number.NaN]) expect(() => writer.u8(value)).toThrow(RangeError);
  expect(() => writer.u16(65536)).toThrow(RangeError);
  expect(() => writer.u32(2 ** 32)).toThrow(RangeError);
  expect(() => writer.u64(2 ** 53)).toThrow(RangeError);
  expect(() => writer.string("\ud800")).toThrow(RangeError);
  expect(() => writer.string("x".repeat(65536))).toThrow(RangeError);
  expect(writer.length).toBe(0);
});

test("a writer that is wiped, or has grown, leaves no byte behind", () => {
  const writer = new ByteWriter();
  const held = () => (writer as unknown as { bytes: Uint8Array }).bytes;
  const before = held();
  writer.run(new Uint8Array(200).fill(0x5e)).run(new Uint8Array(200).fill(0x5e));
  expect(before.every((byte) => byte === 0)).toBe(true);
  const after = held();
  writer.wipe();
  expect(after.every((byte) => byte === 0)).toBe(true);
});
