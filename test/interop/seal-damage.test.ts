import fc from "fast-check";
import { zlibSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import * as seal from "../../src/ckks/formats/seal.js";
import { Encoder, Evaluator, KeyHolder, Parameters, Randomness, Ring, SecretKey } from "../../src/ckks/index.js";
import { BlindsightError, FormatError } from "../../src/errors.js";
import { openDevice } from "../../src/index.js";
import { choosePrimes } from "../../src/ntt/primes.js";
import { viewsOf } from "../data/views.js";
import { Stranger, save } from "./node-seal.js";

/** N = 2^10 and two levels: small, and without any security. */
const [special, ...primes] = choosePrimes(3, 30);
const parameters = Parameters.of({
  logN: 10,
  levels: primes.map((prime) => [prime]),
  special: [special],
  digitPrimes: 1,
  baseScaleBits: 24,
  security: "none",
});
const other = seal.chooseParameters({ depth: 0 });
const device = await openDevice("cpu");
const ring = Ring.of(device, parameters);
afterAll(() => device.close());

const key = await SecretKey.generate(ring, Randomness.seededUnsafe(1));
const holder = KeyHolder.from(key);
const keys = holder.evaluationKeys();
const he = new Evaluator(device, parameters, keys);
const x = holder.encrypt([1, 2, 3]);
const stranger = new Stranger(parameters, { secret: await seal.writeUnprotectedSecretKey(key) });

type Read = (bytes: Uint8Array) => Disposable | Promise<Disposable> | undefined;
const readers = {
  parameters: (bytes) => void seal.readParameters(bytes, { basePrimes: 1, security: "none" }),
  "secret key": (bytes) => seal.readSecretKey(bytes, ring),
  "public key": (bytes) => seal.readPublicKey(bytes, ring, holder.fingerprint),
  ciphertext: (bytes) => seal.readCiphertext(bytes, ring, holder.fingerprint),
  plaintext: (bytes) => seal.readPlaintext(bytes, ring),
} satisfies Record<string, Read>;

const plain = new Encoder(ring).encode([1, 2]);
const low = holder.encrypt([1], { level: 0 });
const three = he.tensor(x, x);
/** Referred to until the end: what the garbage collector gives back in between would be missing in the sums below. */
afterAll(() => {
  for (const object of [x, plain, low, three, keys, holder]) object[Symbol.dispose]();
});
const seeded = stranger.encryptSeeded(new Float64Array(512), parameters.scaleAt(1));
const files: [name: string, read: Read, bytes: Uint8Array][] = [
  ["parameters", readers.parameters, seal.writeParameters(parameters)],
  ["parameters, zlib", readers.parameters, seal.writeParameters(parameters, "zlib")],
  ["secret key", readers["secret key"], await seal.writeUnprotectedSecretKey(key)],
  ["secret key, zlib", readers["secret key"], save(stranger.secretKey, "zlib")],
  ["public key", readers["public key"], await seal.writePublicKey(holder.publicKey)],
  ["public key, seeded", readers["public key"], save(stranger.seededPublicKey())],
  ["ciphertext", readers.ciphertext, await seal.writeCiphertext(x)],
  ["ciphertext of level 0, zlib", readers.ciphertext, await seal.writeCiphertext(low, "zlib")],
  ["ciphertext of three parts", readers.ciphertext, await seal.writeCiphertext(three)],
  ["ciphertext, seeded", readers.ciphertext, save(seeded)],
  ["ciphertext, seeded, zlib", readers.ciphertext, save(seeded, "zlib")],
  ["plaintext", readers.plaintext, await seal.writePlaintext(plain)],
  ["plaintext, zlib", readers.plaintext, await seal.writePlaintext(plain, "zlib")],
];

/** What comes of reading: nothing, or an error. What was read is given back. */
async function outcome(read: Read, bytes: Uint8Array): Promise<Error | undefined> {
  try {
    const found = await read(bytes);
    found?.[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** With the length in the header that the bytes have. */
function withLength(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  if (copy.length >= 16) new DataView(copy.buffer).setBigUint64(8, BigInt(copy.length), true);
  return copy;
}

/** Bytes that may say something else and stay possible: minor versions, in a part's header, too; scales; residues. */
function isFree(name: string, at: number): boolean {
  const [kind] = name.split(/,| of /);
  if (at === 4 || kind === "parameters") return true;
  // Deflate has bits that mean nothing; a checksum guards what it unpacks to.
  if (name.endsWith("zlib")) return at >= 18;
  const fields = kind === "plaintext" || kind === "secret key" ? 16 + 32 + 8 : 16 + 32 + 1 + 24;
  const part = fields + (kind === "plaintext" || kind === "secret key" ? 8 : 16);
  const hasScale = kind === "plaintext" || kind === "ciphertext";
  return at >= part + 24 || at === part + 4 || (hasScale && at >= fields && at < fields + 8);
}

describe.each(files)("%s", (name, read, bytes) => {
  const zlib = name.endsWith("zlib");

  test("is read, whatever the bytes are a view of, and leaves no limb behind", async () => {
    const before = device.statistics().bytesInUse;
    for (const [, view] of viewsOf(bytes)) expect(await outcome(read, view)).toBeUndefined();
    expect(device.statistics().bytesInUse).toBe(before);
  });

  test("cut off anywhere it is a FormatError, its header's length mended or not", async () => {
    const before = device.statistics().bytesInUse;
    const every = zlib ? 97 : 1; // each one is unpacked first
    for (let length = 0; length < bytes.length; length += length < 300 ? 1 : every) {
      const cut = bytes.subarray(0, length);
      for (const part of [cut, withLength(cut)]) {
        const error = await outcome(read, part);
        if (!(error instanceof FormatError))
          expect(error, `${length} of ${bytes.length} bytes`).toBeInstanceOf(FormatError);
      }
    }
    expect(device.statistics().bytesInUse).toBe(before);
  });

  test("with something behind its end it is a FormatError", async () => {
    const longer = new Uint8Array(bytes.length + 8);
    longer.set(bytes);
    for (const view of [longer, withLength(longer), withLength(longer.subarray(0, bytes.length + 1))]) {
      expect(await outcome(read, view)).toBeInstanceOf(FormatError);
    }
  });

  test("with any bit of its head flipped it is a FormatError, but for those that say something else that is possible", async () => {
    const before = device.statistics().bytesInUse;
    for (let bit = 0; bit < 8 * Math.min(bytes.length, 140); bit++) {
      const flipped = new Uint8Array(bytes);
      const at = bit >> 3;
      flipped[at] ^= 1 << (bit & 7);
      const error = await outcome(read, flipped);
      const free = isFree(name, at);
      if (error === undefined) expect(free, `bit ${bit}`).toBe(true);
      else expect(error, `bit ${bit}`).toBeInstanceOf(free ? BlindsightError : FormatError);
    }
    expect(device.statistics().bytesInUse).toBe(before);
  });

  test("damaged at random it is read, or one named error", async () => {
    const before = device.statistics().bytesInUse;
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, fc.boolean(), async (places, early) => {
        const damaged = new Uint8Array(bytes);
        for (const [at, value] of places) damaged[early ? (at % 160) % bytes.length : at] = value;
        const error = await outcome(read, damaged);
        if (error) expect(error).toBeInstanceOf(BlindsightError);
      }),
      { numRuns: 200 },
    );
    expect(device.statistics().bytesInUse).toBe(before);
  });

  test("none of the other readers takes it", async () => {
    for (const [other, reader] of Object.entries(readers)) {
      if (name.startsWith(other)) continue;
      expect(await outcome(reader, bytes), other).toBeInstanceOf(FormatError);
    }
  });
});

describe("a FormatError that says what is wrong", () => {
  const [, , ciphertext] = files.find(([name]) => name === "ciphertext")!;
  const refused = async (read: Read, bytes: Uint8Array, what: string) => {
    const error = await outcome(read, bytes);
    expect(error).toBeInstanceOf(FormatError);
    expect(error?.message).toContain(what);
  };

  test("zstd", async () => {
    const object = stranger.encrypt(new Float64Array(512), parameters.scaleAt(1));
    await refused(readers.ciphertext, save(object, "zstd"), "zstd");
  });

  test("a word that is no residue, in either half", async () => {
    for (const [at, value] of [
      [ciphertext.length - 8, primes[1]],
      [ciphertext.length - 4, 1],
    ]) {
      const damaged = new Uint8Array(ciphertext);
      new DataView(damaged.buffer).setUint32(at, value, true);
      await refused(readers.ciphertext, damaged, `no residue modulo ${primes[1]}`);
    }
  });

  test("parameters of another ring: they are named", async () => {
    const away = Ring.of(device, other);
    for (const [name, , bytes] of files) {
      if (name.startsWith("ciphertext")) {
        await refused((b) => seal.readCiphertext(b, away, "a"), bytes, `other parameters`);
        await refused((b) => seal.readCiphertext(b, away, "a"), bytes, "N = 2^12");
      }
      if (name.startsWith("secret")) await refused((b) => seal.readSecretKey(b, away), bytes, "other parameters");
      if (name.startsWith("public")) await refused((b) => seal.readPublicKey(b, away, "a"), bytes, "other parameters");
      if (name.startsWith("plaintext")) await refused((b) => seal.readPlaintext(b, away), bytes, "other parameters");
    }
  });

  test("a version of SEAL that is older than the format", async () => {
    const older = new Uint8Array(ciphertext);
    older[3] = 3;
    await refused(readers.ciphertext, older, "format 3.1");
  });

  test("a stream that unpacks to gigabytes is given up at the size of a ciphertext", async () => {
    const bomb = withLength(new Uint8Array([...ciphertext.subarray(0, 16), ...zlibSync(new Uint8Array(2 ** 26))]));
    bomb[5] = 1;
    await refused(readers.ciphertext, bomb, "unpacks to more than");
  });

  test("a secret key with any other coefficient: seven of them flipped residues", async () => {
    const [, , bytes] = files.find(([name]) => name === "secret key")!;
    for (let k = 0; k < 7; k++) {
      const damaged = new Uint8Array(bytes);
      damaged[88 + 8 * (k * 439)] ^= 1;
      await refused(readers["secret key"], damaged, "no ternary polynomial");
    }
  });
});

test("what is no bytes is a TypeError, and so is a ring that is none", () => {
  for (const nothing of [undefined, "text", [1, 2, 3], new ArrayBuffer(8)] as never[]) {
    expect(() => seal.readCiphertext(nothing, ring, "a")).toThrow(TypeError);
    expect(() => seal.readParameters(nothing)).toThrow(TypeError);
  }
  expect(() => seal.readCiphertext(files[6][2], undefined as never, "a")).toThrow(TypeError);
  expect(() => seal.readPlaintext(files[11][2], {} as never)).toThrow(TypeError);
  expect(() => seal.readCiphertext(files[6][2], ring, undefined as never)).toThrow("holder.fingerprint");
  expect(() => seal.readPublicKey(files[4][2], ring, "")).toThrow(TypeError);
  expect(() => seal.readEvaluationKeys({}, ring, 1 as never)).toThrow(TypeError);
});
