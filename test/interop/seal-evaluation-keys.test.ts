import { afterAll, describe, expect, test } from "vitest";
import * as seal from "../../src/ckks/formats/seal.js";
import { Evaluator, KeyHolder, Randomness, Ring, SecretKey } from "../../src/ckks/index.js";
import { Residency } from "../../src/ckks/paging/residency.js";
import { FormatError, MissingKeyError, ParameterError } from "../../src/errors.js";
import { openDevice } from "../../src/index.js";
import { wordStream } from "../seed.js";
import { library, Stranger, save, worst } from "./node-seal.js";

/** N = 2^13, three levels, four primes in Q and as many digits. */
const parameters = seal.chooseParameters({ depth: 2, logN: 13 });
const { slots, maxLevel } = parameters;
const scale = parameters.scaleAt(maxLevel);
const device = await openDevice("cpu");
const ring = Ring.of(device, parameters);
afterAll(() => device.close());
const [x, y] = [1, 2].map((stream) => {
  const next = wordStream(stream);
  return Float64Array.from({ length: slots }, () => next() / 2 ** 31 - 1);
});
const turned = (values: Float64Array, steps: number) => values.map((_, i) => values[(i + steps + slots) % slots]);
const product = x.map((z, i) => z * y[i]);

const stranger = new Stranger(parameters);
const generator = library.KeyGenerator(stranger.context, stranger.secretKey);
const STEPS = [1, 2, -3];
const relin = generator.createRelinKeys();
const galois = generator.createGaloisKeys(Int32Array.from(STEPS));
const full = { relinKeys: save(relin), galoisKeys: save(galois) };

/** SEAL's keys: their owner alone has a secret key. */
async function serve(files: seal.SealEvaluationFiles, page: boolean): Promise<void> {
  const read = seal.readEvaluationKeys(files, ring, "the client's");
  const residency = new Residency(2 ** 22);
  using keys = page ? await read.page(residency) : read;
  const he = new Evaluator(device, parameters, keys);
  using a = seal.readCiphertext(save(stranger.encrypt(x, scale)), ring, "the client's");
  using b = seal.readCiphertext(save(stranger.encrypt(y, scale)), ring, "the client's");
  using ab = he.multiply(a, b);
  expect(worst(stranger.decrypt(await seal.writeCiphertext(ab)), product)).toBeLessThan(2 ** -11);
  for (const steps of STEPS) {
    using rotated = seal.rotateInSealOrder(he, ab, steps);
    expect(worst(stranger.decrypt(await seal.writeCiphertext(rotated)), turned(product, steps))).toBeLessThan(2 ** -10);
  }
  expect(() => seal.rotateInSealOrder(he, ab, 5)).toThrow(MissingKeyError);
  expect(() => seal.rotateInSealOrder(he, ab, 5)).toThrow("with conjugation");
}

test("blindsight multiplies and rotates with SEAL's evaluation keys, and has no secret key", async () => {
  await serve(full, false);
});

test("the same with seeds, packed by zlib, and paged", async () => {
  const zlib = { relinKeys: save(relin, "zlib"), galoisKeys: save(galois, "zlib") };
  const seeded = {
    relinKeys: save(generator.createRelinKeysSerializable()),
    galoisKeys: save(generator.createGaloisKeysSerializable(Int32Array.from(STEPS)), "zlib"),
  };
  expect(seeded.relinKeys.length).toBeLessThan(0.51 * full.relinKeys.length);
  for (const files of [zlib, seeded]) await serve(files, false);
  await serve(full, true);
});

test("they are written as they were read", async () => {
  using keys = seal.readEvaluationKeys(full, ring, "a");
  expect(Buffer.compare(await seal.writeRelinKeys(keys), full.relinKeys)).toBe(0);
  expect(Buffer.compare(await seal.writeGaloisKeys(keys), full.galoisKeys)).toBe(0);
  const halves = keys.all.flatMap(({ digits }) => digits.flatMap(({ a, b }) => [a, b]));
  const residues = halves.reduce((sum, half) => sum + half.packedBytes, 0);
  expect(keys.packedBytes / residues).toBeCloseTo(1, 2);
});

describe("keys that blindsight made", async () => {
  const secret = await SecretKey.generate(ring, Randomness.seededUnsafe(1));
  const holder = KeyHolder.from(secret);
  const odd = seal.rotationOf(3, slots);
  const even = seal.rotationOf(-2, slots);
  const keys = holder.evaluationKeys({ rotations: [even.steps], elements: [odd.galois], conjugate: true });
  const client = new Stranger(parameters, { secret: await seal.writeUnprotectedSecretKey(secret) });
  const evaluator = library.Evaluator(client.context);
  afterAll(() => {
    for (const object of [keys, holder]) object[Symbol.dispose]();
  });

  test.each(["none", "zlib"] as const)("SEAL multiplies, rotates and conjugates with them: %s", async (compression) => {
    const theirRelin = library.RelinKeys();
    theirRelin.loadArray(client.context, await seal.writeRelinKeys(keys, compression));
    const theirGalois = library.GaloisKeys();
    theirGalois.loadArray(client.context, await seal.writeGaloisKeys(keys, compression));
    const load = async (values: Float64Array) =>
      client.load("CipherText", await seal.writeCiphertext(holder.encrypt(seal.fromSealOrder(values))));
    const tensor = evaluator.multiply(await load(x), await load(y));
    const ab = evaluator.rescaleToNext(evaluator.relinearize(tensor, theirRelin));
    const valuesOf = async (object: unknown) => {
      using ciphertext = seal.readCiphertext(save(object), ring, holder.fingerprint);
      return seal.toSealOrder(await holder.decryptComplex(ciphertext)).real;
    };
    expect(worst(await valuesOf(ab), product)).toBeLessThan(2 ** -11);
    // SEAL's digits are not centred: see seal.test.ts.
    for (const [rotated, expected] of [
      [evaluator.rotateVector(ab, 3, theirGalois), turned(product, 3)],
      [evaluator.rotateVector(ab, -2, theirGalois), turned(product, -2)],
      [evaluator.complexConjugate(ab, theirGalois), product],
    ]) {
      expect(worst(await valuesOf(rotated), expected)).toBeLessThan(2 ** -7);
    }
  });

  test("an element is a rotation with conjugation here, too", async () => {
    const he = new Evaluator(device, parameters, keys);
    using a = holder.encrypt(seal.fromSealOrder({ real: x, imaginary: y }));
    using rotated = seal.rotateInSealOrder(he, a, 3);
    const { real, imaginary } = seal.toSealOrder(await holder.decryptComplex(rotated));
    expect(worst(real, turned(x, 3))).toBeLessThan(2 ** -10);
    expect(worst(imaginary, turned(y, 3))).toBeLessThan(2 ** -10);
    using few = holder.encrypt([1, 2], { slots: 2 });
    expect(() => seal.rotateInSealOrder(he, few, 3)).toThrow(ParameterError);
  });

  test("what is no element, is not there, or is for some levels only, is an error that says so", async () => {
    for (const element of [2, -1, 2 ** 14 + 1, 1.5]) {
      expect(() => holder.evaluationKeys({ elements: [element] })).toThrow(RangeError);
    }
    using none = holder.evaluationKeys({ relinearize: false });
    await expect(seal.writeRelinKeys(none)).rejects.toThrow(MissingKeyError);
    await expect(seal.writeGaloisKeys(none)).rejects.toThrow(MissingKeyError);
    using low = holder.evaluationKeys({ relinearize: 1 });
    await expect(seal.writeRelinKeys(low)).rejects.toThrow(ParameterError);
  });
});

describe("damaged, they are a FormatError, and leave no limb", () => {
  const refused = (files: seal.SealEvaluationFiles) => {
    const before = device.statistics().bytesInUse;
    expect(() => seal.readEvaluationKeys(files, ring, "a")).toThrow(FormatError);
    expect(device.statistics().bytesInUse).toBe(before);
  };
  /** With the length in the header that the bytes have. */
  const cut = (bytes: Uint8Array, length: number) => {
    const copy = bytes.slice(0, length);
    if (length >= 16) new DataView(copy.buffer).setBigUint64(8, BigInt(length), true);
    return copy;
  };

  test("cut off", () => {
    const digit = 16 + 97 + 2 * 8 * 8192 * 5;
    const lengths = [
      0,
      15,
      16,
      48,
      56,
      63,
      64,
      80,
      200,
      64 + digit - 1,
      64 + digit,
      64 + digit + 20,
      full.relinKeys.length - 1,
    ];
    for (const length of lengths) {
      refused({ relinKeys: full.relinKeys.slice(0, length) });
      refused({ relinKeys: cut(full.relinKeys, length) });
      refused({ relinKeys: full.relinKeys, galoisKeys: cut(full.galoisKeys, length) });
    }
  });

  test("with a bit flipped in a head", () => {
    const head = 16 + 32 + 16;
    for (let bit = 0; bit < 8 * head; bit++) {
      if (bit >> 3 === 4) continue; // the minor version
      const flipped = full.relinKeys.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      refused({ relinKeys: flipped });
    }
  });

  test("with a residue that is none, in the last digit", () => {
    const damaged = full.galoisKeys.slice();
    const last = 8 * (2 ** 13 - Math.max(...STEPS.map((k) => (seal.rotationOf(k, slots).galois - 1) / 2)) - 1);
    damaged.fill(0xff, damaged.length - last - 8, damaged.length - last);
    refused({ ...full, galoisKeys: damaged });
  });

  test("exchanged, or of other parameters", () => {
    refused({ relinKeys: full.galoisKeys });
    refused({ relinKeys: save(stranger.publicKey) });
    const other = Ring.of(device, seal.chooseParameters({ depth: 3, logN: 13 }));
    expect(() => seal.readEvaluationKeys(full, other, "a")).toThrow("other parameters");
  });
});
