import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Ciphertext,
  Decryptor,
  Encryptor,
  type EvaluationKeys,
  Evaluator,
  KeyGenerator,
  Parameters,
  PublicKey,
  SecretEncryptor,
  SecretKey,
} from "../../src/ckks/index.js";
import { PRODUCT_POWER, type SwitchingKey } from "../../src/ckks/keys/switching-key.js";
import type { OwnPrimes } from "../../src/ckks/keys/uniform.js";
import type { RnsPolynomial } from "../../src/ckks/polynomial.js";
import { chunks } from "../../src/ckks/primelist.js";
import { Ring } from "../../src/ckks/ring.js";
import { type Device, openDevice } from "../../src/index.js";
import { deviceUnderTest } from "../device-under-test.js";
import { replay, residuesOf, sha256 } from "./engine.js";
import { readVectors } from "./independent-reader.js";
import { slotValues } from "./slot-values.js";

let device: Device;
beforeAll(async () => {
  device = await openDevice(deviceUnderTest());
});
afterAll(() => device.close());

interface Digit {
  readonly errorSeed: string;
  readonly a: string;
  readonly b: string;
}

/** A case of large.json. */
interface LargeCase {
  readonly what: string;
  readonly n: number;
  readonly slots: number;
  readonly levels: number[][];
  readonly special: number[];
  readonly digitPrimes: number;
  readonly scales: number[];
  readonly secret: { seed: string; residues: string };
  readonly publicKey: { seed: string; errorSeed: string; a: string; b: string };
  readonly evaluationKeys: {
    seed: string;
    relinearization: Digit[];
    galois: { steps: number | "conjugate"; element: number; digits: Digit[] }[];
  };
  readonly messages: Record<"x" | "y", { valuesSeed: string; residues: string }>;
  readonly x: { uniformSeed: string; errorSeed: string; parts: string[] };
  readonly y: { ephemeralSeed: string; errorSeeds: string[]; parts: string[] };
  readonly results: Record<string, string[]> & {
    automorphisms: { steps: number | "conjugate"; parts: string[] }[];
    lowered: { parts: string[] };
  };
  readonly decryptedProduct: { slots: { real: number[]; imaginary: number[] } };
}

/** Of the stream of the secret's own public key, which no vector is about. */
const NO_SEED = "00".repeat(32);

const { cases } = readVectors("large.json") as unknown as { cases: LargeCase[] };

describe.each(cases)("the engine agrees with large.json: $what, N = $n", (given) => {
  const { n, slots, levels, special, digitPrimes, scales, evaluationKeys } = given;
  const parameters = Parameters.of({
    logN: Math.log2(n),
    levels,
    special,
    digitPrimes,
    baseScaleBits: Math.log2(scales[0]),
    security: "none",
  });
  const all = [...levels.flat(), ...special];
  let secret: SecretKey;
  let publicKey: PublicKey;
  let keys: EvaluationKeys;
  let he: Evaluator;
  let x: Ciphertext;
  let y: Ciphertext;

  beforeAll(async () => {
    const ring = Ring.of(device, parameters);
    secret = await SecretKey.generate(ring, replay([given.secret.seed, NO_SEED]));
    const { seed, errorSeed } = given.publicKey;
    publicKey = await PublicKey.generate(secret.polynomial, replay([seed, errorSeed]));
    // A secret key has one public key of its own, from one stream; here each draw has a seed, and the key goes by that name.
    Object.defineProperty(publicKey, "fingerprint", { value: secret.fingerprint });
    const { relinearization, galois } = evaluationKeys;
    const errors = [...relinearization, ...galois.flatMap(({ digits }) => digits)].map((digit) => digit.errorSeed);
    const generator = new KeyGenerator(secret, replay([evaluationKeys.seed, ...errors]));
    const rotations = galois.flatMap(({ steps }) => (steps === "conjugate" ? [] : [steps]));
    keys = generator.evaluationKeys({ rotations, conjugate: true });
    he = new Evaluator(device, parameters, keys);
    const bySecret = new SecretEncryptor(secret, replay([given.x.errorSeed, given.x.uniformSeed]));
    x = bySecret.encrypt(slotValues(given.messages.x.valuesSeed, slots), { slots });
    const draws = replay([given.y.ephemeralSeed, ...given.y.errorSeeds]);
    const byPublic = new Encryptor(publicKey, draws);
    y = byPublic.encrypt(slotValues(given.messages.y.valuesSeed, slots), { slots });
  });
  afterAll(() => {
    for (const owner of [secret, publicKey, keys, x, y]) owner[Symbol.dispose]();
  });

  const hash = async (poly: RnsPolynomial, own?: OwnPrimes) => sha256(await residuesOf(poly, own));
  const hashes = async (ciphertext: Ciphertext) => {
    using owned = ciphertext;
    return Promise.all(owned.parts.map((part) => hash(part)));
  };
  const expectKey = async (key: SwitchingKey, expected: readonly Digit[], power: number) => {
    expect(key.digits).toHaveLength(expected.length);
    for (const [d, primes] of chunks(levels.flat(), digitPrimes).entries()) {
      const { a, b } = key.digits[d];
      expect(await hash(a, { primes, power })).toBe(expected[d].a);
      expect(await hash(b, { primes, power })).toBe(expected[d].b);
    }
  };

  test("scales", () => {
    expect(levels.map((_, level) => parameters.scaleAt(level))).toEqual(scales);
  });

  test("the secret key, the public key", async () => {
    expect(secret.polynomial.primes).toEqual(all);
    expect(await hash(secret.polynomial)).toBe(given.secret.residues);
    expect(await hash(publicKey.a)).toBe(given.publicKey.a);
    expect(await hash(publicKey.b)).toBe(given.publicKey.b);
  });

  test("every digit of every evaluation key", async () => {
    await expectKey(keys.relinearization!, evaluationKeys.relinearization, PRODUCT_POWER);
    expect([...keys.galois.keys()]).toEqual(evaluationKeys.galois.map(({ element }) => element));
    for (const { element, digits } of evaluationKeys.galois) await expectKey(keys.galois.get(element)!, digits, 0);
  });

  test("encoded messages, and both encryptions", async () => {
    for (const message of [given.messages.x, given.messages.y]) {
      using plain = he.encoder.encode(slotValues(message.valuesSeed, slots), parameters.maxLevel, slots);
      expect(await hash(plain.polynomial)).toBe(message.residues);
    }
    expect(await hashes(he.copy(x))).toEqual(given.x.parts);
    expect(await hashes(he.copy(y))).toEqual(given.y.parts);
  });

  test("sums, products, squares", async () => {
    const { results } = given;
    expect(await hashes(he.add(x, y))).toEqual(results["x + y"]);
    using tensor = he.tensor(x, y);
    expect(await hashes(he.copy(tensor))).toEqual(results.tensor);
    using relinearized = he.relinearize(tensor);
    expect(await hashes(he.copy(relinearized))).toEqual(results.relinearized);
    expect(await hashes(he.rescale(relinearized))).toEqual(results["rescaled after it"]);
    using product = he.multiply(x, y);
    expect(await hashes(he.copy(product))).toEqual(results.product);
    expect(await hashes(he.square(product))).toEqual(results["square of the product"]);
    const message = slotValues(given.messages.y.valuesSeed, slots);
    expect(await hashes(he.multiply(x, message))).toEqual(results["product by the message y"]);
    const { real, imaginary } = await new Decryptor(secret).decrypt(product);
    given.decryptedProduct.slots.real.forEach((value, j) => {
      expect(Math.abs(real[j] - value)).toBeLessThan(2 ** -40);
      expect(Math.abs(imaginary[j] - given.decryptedProduct.slots.imaginary[j])).toBeLessThan(2 ** -40);
    });
  });

  test("rotations, conjugation, a level down", async () => {
    for (const { steps, parts } of given.results.automorphisms) {
      expect(await hashes(steps === "conjugate" ? he.conjugate(x) : he.rotate(x, steps))).toEqual(parts);
    }
    expect(await hashes(he.toLevel(x, parameters.maxLevel - 1))).toEqual(given.results.lowered.parts);
  });
});
